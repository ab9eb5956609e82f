//! What a part found: tables for people, the rounds behind them for machines.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::machine::Machine;
use crate::measure::Spread;
use crate::plot::Plot;

/// What one part of the bench found.
pub struct Part {
    /// As on the command line.
    pub name: &'static str,
    pub tables: Vec<Table>,
    pub plots: Vec<Plot>,
    /// Everything the tables are made of.
    pub rounds: Vec<Value>,
    /// From setting the stage to clearing it.
    pub took: Duration,
}

/// Figures in rows.
pub struct Table {
    title: &'static str,
    columns: &'static [&'static str],
    pub rows: Vec<Vec<Cell>>,
    /// A sentence below it.
    pub note: String,
}

/// A figure, or what it is of.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Cell {
    Text(String),
    Number(f64),
    Rounds(Spread),
    /// Shown as a percentage.
    Ratio(Spread),
}

impl Part {
    /// A part that has found nothing yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            tables: Vec::new(),
            plots: Vec::new(),
            rounds: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// Writes the plots and the JSON into `dir`.
    pub fn save(&self, dir: &Path, machine: &Machine) {
        std::fs::create_dir_all(dir).unwrap();
        for plot in &self.plots {
            plot.draw(&dir.join(&plot.file));
        }
        let tables: Vec<Value> = self.tables.iter().map(Table::to_json).collect();
        let json = json!({ "machine": machine, "seconds": self.took.as_secs(), "tables": tables, "rounds": self.rounds });
        let text = serde_json::to_string_pretty(&json).unwrap() + "\n";
        std::fs::write(dir.join(format!("{}.json", self.name)), text).unwrap();
    }

    /// As Markdown, with the plots in the directory `plots`.
    pub fn markdown(&self, machine: &Machine, plots: &str) -> String {
        let mut text = format!("{machine} It took {}.\n", minutes(self.took));
        for table in &self.tables {
            let _ = write!(text, "\n**{}**\n\n{}", table.title, table.markdown());
        }
        for Plot { title, file, .. } in &self.plots {
            let _ = write!(text, "\n![{title}]({plots}/{file})\n");
        }
        text
    }
}

impl Table {
    /// An empty table.
    pub fn new(title: &'static str, columns: &'static [&'static str]) -> Self {
        Self {
            title,
            columns,
            rows: Vec::new(),
            note: String::new(),
        }
    }

    fn to_json(&self) -> Value {
        let row = |cells: &Vec<Cell>| -> Map<String, Value> {
            let named = self.columns.iter().zip(cells);
            named
                .map(|(name, cell)| ((*name).to_owned(), json!(cell)))
                .collect()
        };
        let rows: Vec<_> = self.rows.iter().map(row).collect();
        json!({ "title": self.title, "rows": rows, "note": self.note })
    }

    /// Aligned, so that it can be read in a terminal as well.
    pub fn markdown(&self) -> String {
        let header: Vec<String> = self.columns.iter().map(|&name| name.to_owned()).collect();
        let rows = self.rows.iter().map(|row| row.iter().map(Cell::text).collect());
        let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut text = String::new();
        for (number, row) in rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(text, "| {cell:<width$} ");
            }
            text.push_str("|\n");
            if number == 0 {
                for width in &widths {
                    let _ = write!(text, "| {:-<width$} ", "");
                }
                text.push_str("|\n");
            }
        }
        if !self.note.is_empty() {
            let _ = write!(text, "\n{}\n", self.note);
        }
        text
    }
}

impl Cell {
    fn text(&self) -> String {
        let spread = |Spread { median, min, max }: &Spread, text: fn(f64) -> String| {
            format!("{} ({}–{})", text(*median), text(*min), text(*max))
        };
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => digits(*number),
            Self::Rounds(rounds) => spread(rounds, digits),
            Self::Ratio(rounds) => spread(rounds, |ratio| format!("{:.1} %", ratio * 100.0)),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<Spread> for Cell {
    fn from(rounds: Spread) -> Self {
        Self::Rounds(rounds)
    }
}

/// To the second.
pub fn minutes(time: Duration) -> String {
    format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
}

/// About three digits of a number, or all before the point.
pub fn digits(number: f64) -> String {
    match number.abs() {
        whole if (whole - whole.round()).abs() < 1e-9 || whole >= 100.0 => thousands(&format!("{number:.0}")),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

fn thousands(number: &str) -> String {
    let places = number.len();
    let with_commas = number.chars().enumerate().flat_map(|(place, digit)| {
        let comma = place > 0 && (places - place).is_multiple_of(3);
        comma.then_some(',').into_iter().chain([digit])
    });
    with_commas.collect()
}

/// `document` with `text` in the place of what is between the markers of this name.
pub fn replace_between_markers(document: &str, name: &str, text: &str) -> String {
    let (start, end) = (
        format!("<!-- bench:{name} -->\n"),
        format!("<!-- /bench:{name} -->"),
    );
    let found = document
        .split_once(&start)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) =
        found.unwrap_or_else(|| panic!("docs/benchmarks.md has to have the lines {start}{end}"));
    format!("{before}{start}{text}{end}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        assert_eq!(digits(61_234.56), "61,235");
        assert_eq!(digits(1_234_567.0), "1,234,567");
        assert_eq!(digits(64.0), "64");
        assert_eq!(digits(12.345), "12.3");
        assert_eq!(digits(0.046), "0.05");
    }

    #[test]
    fn a_table_is_aligned_and_keeps_its_figures_in_json() {
        let mut table = Table::new("T", &["server", "requests/s", "ratio"]);
        let spread = Spread {
            median: 2000.0,
            min: 1.5,
            max: 3000.0,
        };
        table
            .rows
            .push(vec!["a".into(), spread.into(), Cell::Ratio(Spread::of([0.9]))]);
        assert_eq!(
            table.markdown(),
            "| server | requests/s         | ratio                  |\n\
             | ------ | ------------------ | ---------------------- |\n\
             | a      | 2,000 (1.50–3,000) | 90.0 % (90.0 %–90.0 %) |\n"
        );
        assert_eq!(table.to_json()["rows"][0]["requests/s"]["median"], 2000.0);
    }

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let document = "a\n<!-- bench:read -->\nold\n<!-- /bench:read -->\nb\n<!-- bench:stream -->\nc\n";
        assert_eq!(
            replace_between_markers(document, "read", "new\n"),
            "a\n<!-- bench:read -->\nnew\n<!-- /bench:read -->\nb\n<!-- bench:stream -->\nc\n"
        );
    }
}

//! What is promised, beside what the recorded runs came to.
//!
//! The figures are looked up in the JSON files of the parts by the names that their tables have, so the verdict is on
//! what is published and on nothing else.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::measure::Spread;
use crate::promises::{Bound, PERCENT, TARGETS, Target};
use crate::report::{Cell, Table, digits};

const COLUMNS: &[&str] = &["promised", "bound", "measured", "holds", "hoped for"];

/// The table of all of them, from the parts recorded in `dir`.
pub fn table(dir: &Path) -> Table {
    let mut table = Table::new("What is promised, and whether it holds", COLUMNS);
    let rows = TARGETS.iter().map(|target| {
        let text = fs::read_to_string(dir.join(format!("{}.json", target.part)));
        let part: Option<Value> = text.ok().map(|text| serde_json::from_str(&text).unwrap());
        target.row(part.as_ref())
    });
    table.rows = rows.collect();
    table.note = String::from(
        "It holds if the median does; the least and the greatest round are beside it. The peak of the memory is the \
         greatest of all rounds. What is hoped for is promised to nobody.",
    );
    table
}

impl Target {
    fn row(&self, part: Option<&Value>) -> Vec<Cell> {
        let (word, bound) = match self.bound {
            Bound::AtLeast(bound) => ("at least", bound),
            Bound::AtMost(bound) | Bound::Never(bound) => ("at most", bound),
        };
        let figure = part.and_then(|part| self.worst(part));
        let (measured, verdict) = match figure {
            None if part.is_some() => (
                format!("not found in {}.json", self.part).as_str().into(),
                "unknown",
            ),
            None => ("not measured yet".into(), "unknown"),
            Some(figure) => (self.cell(figure), self.verdict(figure)),
        };
        let hoped = self.hoped.map(|hoped| {
            let reached = figure.map_or("", |figure| match self.margin(figure.median, hoped) {
                ..0.0 => ": no",
                _ => ": reached",
            });
            self.text(hoped) + reached
        });
        vec![
            self.what.into(),
            format!("{word} {}", self.text(bound)).as_str().into(),
            measured,
            verdict.into(),
            hoped.unwrap_or_default().as_str().into(),
        ]
    }

    fn text(&self, figure: f64) -> String {
        let factor = if self.unit == PERCENT { 100.0 } else { 1.0 };
        format!("{} {}", digits(figure * factor), self.unit)
    }

    fn cell(&self, figure: Spread) -> Cell {
        match self.bound {
            Bound::Never(_) => Cell::Number(figure.median),
            _ if self.unit == PERCENT => Cell::Ratio(figure),
            _ => figure.into(),
        }
    }

    /// The recorded figure; of several rows the one that keeps the promise least, and of what is never to happen the
    /// greatest round of all.
    fn worst(&self, part: &Value) -> Option<Spread> {
        let tables = part["tables"].as_array().into_iter().flatten();
        let rows = tables.flat_map(|table| table["rows"].as_array().into_iter().flatten());
        let ours = rows.filter(|row| self.rows.iter().all(|(column, text)| says(&row[*column], text)));
        let figures = ours.filter_map(|row| serde_json::from_value::<Spread>(row[self.column].clone()).ok());
        let figures = figures.map(|figure| match self.bound {
            Bound::Never(_) => Spread::of([figure.max]),
            Bound::AtLeast(_) | Bound::AtMost(_) => figure,
        });
        figures.min_by(|one, other| {
            self.margin(one.median, 0.0)
                .total_cmp(&self.margin(other.median, 0.0))
        })
    }

    /// How far within a bound of its kind; negative beyond it.
    fn margin(&self, figure: f64, bound: f64) -> f64 {
        match self.bound {
            Bound::AtLeast(_) => figure - bound,
            Bound::AtMost(_) | Bound::Never(_) => bound - figure,
        }
    }

    fn verdict(&self, figure: Spread) -> &'static str {
        let (Bound::AtLeast(bound) | Bound::AtMost(bound) | Bound::Never(bound)) = self.bound;
        let margin = |figure| self.margin(figure, bound);
        let in_each = margin(figure.min).min(margin(figure.max)) >= 0.0;
        match margin(figure.median) {
            ..0.0 => "no",
            _ if in_each => "yes",
            _ => "yes, but not in each round",
        }
    }
}

fn says(cell: &Value, text: &str) -> bool {
    match cell {
        Value::String(cell) => cell == text,
        Value::Number(number) => number.as_f64().is_some_and(|number| number.to_string() == text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(what: &str, part: &Value) -> String {
        let target = TARGETS.iter().find(|target| target.what == what).unwrap();
        match &target.row(Some(part))[3] {
            Cell::Text(verdict) => verdict.clone(),
            other => panic!("a verdict is a text: {other:?}"),
        }
    }

    fn rebuilt(median: u32, min: u32) -> Value {
        let other = json!({ "what": "verify", "rows/s": { "median": 1, "min": 1, "max": 1 } });
        let row = json!({ "what": "backfill", "rows/s": { "median": median, "min": min, "max": 90_000 } });
        json!({ "tables": [{ "rows": [other, row] }] })
    }

    #[test]
    fn a_target_is_held_by_the_median() {
        assert_eq!(verdict("backfill", &rebuilt(12_000, 10_000)), "yes");
        assert_eq!(
            verdict("backfill", &rebuilt(12_000, 9_000)),
            "yes, but not in each round"
        );
        assert_eq!(verdict("backfill", &rebuilt(9_999, 9_000)), "no");
        assert_eq!(verdict("backfill", &json!({ "tables": [] })), "unknown");
    }

    #[test]
    fn a_row_is_found_by_numbers_as_well() {
        let row = |connections, share: f64| {
            json!({
                "read": "one campaign", "connections": connections, "server": "totals-api",
                "of the constant handler": { "median": share, "min": share, "max": share },
            })
        };
        let part = json!({ "tables": [{ "rows": [row(512.0, 0.1), row(64.0, 0.9)] }] });
        assert_eq!(
            verdict("GET of one campaign, share of the constant handler", &part),
            "yes"
        );
    }

    #[test]
    fn of_several_rows_the_worst_counts_and_of_a_peak_each_round() {
        let row = |mib: u32| {
            json!({
                "design": "totals-worker", "peak MiB: itself": { "median": 40, "min": 40, "max": mib },
            })
        };
        let holds = |peaks: [u32; 3]| {
            let part = json!({ "tables": [{ "rows": peaks.map(row) }] });
            verdict("memory of the worker under full load, peak", &part)
        };
        assert_eq!(holds([40, 65, 50]), "no");
        assert_eq!(holds([40, 64, 50]), "yes");
    }
}

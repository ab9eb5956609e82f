//! What is promised, beside what the recorded runs came to.
//!
//! The figures are looked up in the JSON files of the parts by the names that their tables have, so the verdict is on
//! what is published and on nothing else.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::measure::Spread;
use crate::report::{Cell, Table, digits};

const COLUMNS: &[&str] = &["promised", "bound", "measured", "holds"];

/// The side of it that is kept.
#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// One promise.
struct Target {
    what: &'static str,
    bound: Bound,
    unit: &'static str,
    /// The part that measures it.
    part: &'static str,
    /// The rows of its tables that have to keep it: all that have these cells.
    rows: &'static [(&'static str, &'static str)],
    column: &'static str,
}

const PERCENT: &str = "%";

const TARGETS: &[Target] = &[
    Target {
        what: "drain one hot campaign",
        bound: Bound::AtLeast(15_000.0),
        unit: "events/s",
        part: "write",
        rows: &[("messages", "one hot campaign"), ("design", "totals-worker")],
        column: "messages/s",
    },
    Target {
        what: "the same, beside the earlier design at ten at a time",
        bound: Bound::AtLeast(25.0),
        unit: "times",
        part: "write",
        rows: &[
            ("messages", "one hot campaign"),
            ("design", "earlier design, 10 at a time"),
        ],
        column: "totals-worker is times as fast",
    },
    Target {
        what: "drain 1,000 campaigns",
        bound: Bound::AtLeast(18_000.0),
        unit: "events/s",
        part: "write",
        rows: &[("messages", "1,000 campaigns"), ("design", "totals-worker")],
        column: "messages/s",
    },
    Target {
        what: "confirm to visible by GET at 1,000 events/s, p99",
        bound: Bound::AtMost(50.0),
        unit: "ms",
        part: "freshness",
        rows: &[("events/s", "1000"), ("from", "confirm"), ("seen by", "GET")],
        column: "p99 ms",
    },
    Target {
        what: "GET of one campaign, share of the constant handler",
        bound: Bound::AtLeast(0.85),
        unit: PERCENT,
        part: "read",
        rows: &[
            ("read", "one campaign"),
            ("connections", "64"),
            ("server", "totals-api"),
        ],
        column: "of the constant handler",
    },
    Target {
        what: "verify",
        bound: Bound::AtLeast(50_000.0),
        unit: "events/s",
        part: "rebuild",
        rows: &[("what", "verify")],
        column: "rows/s",
    },
    Target {
        what: "rebuild of everything",
        bound: Bound::AtLeast(50_000.0),
        unit: "events/s",
        part: "rebuild",
        rows: &[("what", "rebuild of everything")],
        column: "rows/s",
    },
    Target {
        what: "backfill",
        bound: Bound::AtLeast(10_000.0),
        unit: "rows/s",
        part: "rebuild",
        rows: &[("what", "backfill")],
        column: "rows/s",
    },
    Target {
        what: "memory of the worker under full load, peak",
        bound: Bound::AtMost(64.0),
        unit: "MiB",
        part: "write",
        rows: &[],
        column: "peak MiB: worker",
    },
];

/// The table of all of them, from the parts recorded in `dir`.
pub fn table(dir: &Path) -> Table {
    let mut table = Table::new("What is promised, and whether it holds", COLUMNS);
    let rows = TARGETS.iter().map(|target| {
        let text = fs::read_to_string(dir.join(format!("{}.json", target.part)));
        let part: Option<Value> = text.ok().map(|text| serde_json::from_str(&text).unwrap());
        target.row(part.as_ref())
    });
    table.rows = rows.collect();
    table.note = String::from("It holds if the median does; the least and the greatest round are beside it.");
    table
}

impl Target {
    fn row(&self, part: Option<&Value>) -> Vec<Cell> {
        let (word, bound) = match self.bound {
            Bound::AtLeast(bound) => ("at least", bound),
            Bound::AtMost(bound) => ("at most", bound),
        };
        let bound = match self.unit {
            PERCENT => digits(bound * 100.0),
            _ => digits(bound),
        };
        let (measured, verdict) = match part.and_then(|part| self.worst(part)) {
            None if part.is_some() => (
                format!("not found in {}.json", self.part).as_str().into(),
                "unknown",
            ),
            None => ("not measured yet".into(), "unknown"),
            Some(figure) if self.unit == PERCENT => (Cell::Ratio(figure), self.verdict(figure)),
            Some(figure) => (figure.into(), self.verdict(figure)),
        };
        let bound = format!("{word} {bound} {}", self.unit);
        vec![self.what.into(), bound.as_str().into(), measured, verdict.into()]
    }

    /// The recorded figure; of several rows the one that keeps the promise least.
    fn worst(&self, part: &Value) -> Option<Spread> {
        let tables = part["tables"].as_array().into_iter().flatten();
        let rows = tables.flat_map(|table| table["rows"].as_array().into_iter().flatten());
        let ours = rows.filter(|row| self.rows.iter().all(|(column, text)| says(&row[*column], text)));
        let figures = ours.filter_map(|row| serde_json::from_value::<Spread>(row[self.column].clone()).ok());
        figures.min_by(|one, other| self.margin(one.median).total_cmp(&self.margin(other.median)))
    }

    /// How far within the bound; negative beyond it.
    fn margin(&self, figure: f64) -> f64 {
        match self.bound {
            Bound::AtLeast(bound) => figure - bound,
            Bound::AtMost(bound) => bound - figure,
        }
    }

    fn verdict(&self, figure: Spread) -> &'static str {
        let in_each = self.margin(figure.min).min(self.margin(figure.max)) >= 0.0;
        match self.margin(figure.median) {
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
    fn of_several_rows_the_worst_counts() {
        let row = |mib: u32| json!({ "peak MiB: worker": { "median": mib, "min": mib, "max": mib } });
        let part = json!({ "tables": [{ "rows": [row(40), row(65), row(50)] }] });
        assert_eq!(verdict("memory of the worker under full load, peak", &part), "no");
    }
}

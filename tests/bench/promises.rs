//! What is promised of the service's speed, and where it is measured.

/// The side of it that is kept.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
    /// At most, in each round.
    Never(f64),
}

/// One promise.
pub struct Target {
    pub what: &'static str,
    pub bound: Bound,
    /// What was to be reached for beyond the promise.
    pub hoped: Option<f64>,
    pub unit: &'static str,
    /// The part that measures it.
    pub part: &'static str,
    /// The rows of its tables that have to keep it: all that have these cells.
    pub rows: &'static [(&'static str, &'static str)],
    pub column: &'static str,
}

pub const PERCENT: &str = "%";

/// All promises.
pub const TARGETS: &[Target] = &[
    Target {
        what: "drain one hot campaign",
        bound: Bound::AtLeast(15_000.0),
        hoped: Some(25_000.0),
        unit: "events/s",
        part: "write",
        rows: &[("messages", "one hot campaign"), ("design", "totals-worker")],
        column: "messages/s",
    },
    Target {
        what: "drain one hot campaign, compared with the earlier design handling ten events at once",
        bound: Bound::AtLeast(25.0),
        hoped: None,
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
        hoped: Some(30_000.0),
        unit: "events/s",
        part: "write",
        rows: &[("messages", "1,000 campaigns"), ("design", "totals-worker")],
        column: "messages/s",
    },
    Target {
        what: "confirm to visible by GET at 1,000 events/s, p99",
        bound: Bound::AtMost(50.0),
        hoped: Some(20.0),
        unit: "ms",
        part: "freshness",
        rows: &[("events/s", "1000"), ("from", "confirm"), ("seen by", "GET")],
        column: "p99 ms",
    },
    Target {
        what: "GET of one campaign, share of the constant handler",
        bound: Bound::AtLeast(0.85),
        hoped: Some(0.95),
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
        hoped: Some(150_000.0),
        unit: "events/s",
        part: "rebuild",
        rows: &[("what", "verify")],
        column: "rows/s",
    },
    Target {
        what: "rebuild of everything",
        bound: Bound::AtLeast(50_000.0),
        hoped: Some(150_000.0),
        unit: "events/s",
        part: "rebuild",
        rows: &[("what", "rebuild of everything")],
        column: "rows/s",
    },
    Target {
        what: "backfill",
        bound: Bound::AtLeast(10_000.0),
        hoped: Some(20_000.0),
        unit: "rows/s",
        part: "rebuild",
        rows: &[("what", "backfill")],
        column: "rows/s",
    },
    Target {
        what: "a year by day of a campaign of a million donations, from the database, p99",
        bound: Bound::AtMost(20.0),
        hoped: None,
        unit: "ms",
        part: "history",
        rows: &[("read", "one campaign"), ("from", "the database")],
        column: "p99 ms",
    },
    Target {
        what: "two and four workers on one queue, compared with one",
        bound: Bound::AtLeast(0.95),
        hoped: None,
        unit: PERCENT,
        part: "scale",
        rows: &[("on", crate::scale::STANDING_BY)],
        column: "of one worker",
    },
    Target {
        what: "memory of the worker under full load, peak",
        bound: Bound::Never(64.0),
        hoped: Some(40.0),
        unit: "MiB",
        part: "write",
        rows: &[("design", "totals-worker")],
        column: "peak MiB: itself",
    },
];

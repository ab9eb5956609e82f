//! What the API counts while it works: requests, reads of the database, and how soon a commit is shown.
//!
//! The hot read is counted too, and costs what a few additions cost: every counter is there from the start and is found without
//! a look-up, and no lock is taken ([`requests`]). No label is a text that a caller can choose, because each is a time series
//! for ever: what is not known is counted as `other`.

mod requests;

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use prometheus_client::metrics::histogram::Histogram;

pub use self::requests::RouteMetrics;
use crate::error::ApiError;

/// Upper bounds of the time from a commit to its being shown, in seconds.
const SHOWN: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// What the API has counted.
#[derive(Debug)]
pub struct Metrics {
    /// In the order of the routes; the last one is of requests that no route takes.
    routes: Box<[RouteMetrics]>,
    /// For each of [`ReadOutcome::ALL`].
    reads: [AtomicU64; ReadOutcome::ALL.len()],
    /// The time from a change's `lastUpdated` until it is in memory, in seconds.
    pub commit_to_shown: Histogram,
}

/// What became of a read of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOutcome {
    /// It found what was asked for.
    Found,
    /// The campaign has no totals.
    Absent,
    /// The database did not answer well, or not in time.
    Failed,
    /// The database was not asked: it is not open, or too many reads were under way.
    Refused,
}

impl ReadOutcome {
    /// Each, with its label.
    pub const ALL: [(Self, &str); 4] = [
        (Self::Found, "found"),
        (Self::Absent, "absent"),
        (Self::Failed, "failed"),
        (Self::Refused, "refused"),
    ];
}

impl From<&ApiError> for ReadOutcome {
    fn from(error: &ApiError) -> Self {
        match error {
            ApiError::Overloaded | ApiError::NotOpen => Self::Refused,
            _ => Self::Failed,
        }
    }
}

impl Metrics {
    /// Nothing counted yet, of these routes.
    pub fn new<'a>(routes: impl IntoIterator<Item = &'a str>) -> Self {
        let routes = routes.into_iter().chain([requests::OTHER]);
        Self {
            routes: routes.map(RouteMetrics::new).collect(),
            reads: Default::default(),
            commit_to_shown: Histogram::new(SHOWN),
        }
    }

    /// All routes; the last one is of requests that no route takes.
    pub fn routes(&self) -> &[RouteMetrics] {
        &self.routes
    }

    /// The place of a route among [`Metrics::routes`].
    pub fn place_of(&self, route: &str) -> usize {
        let place = self.routes.iter().position(|known| known.route() == route);
        place.unwrap_or(self.routes.len() - 1)
    }

    /// The connection has answered something that is no request with this bare status.
    pub fn refused(&self, status: StatusCode) {
        if let Some(other) = self.routes.last() {
            other.refused(status);
        }
    }

    /// A read of the database has ended.
    pub fn read(&self, outcome: ReadOutcome) {
        self.reads[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many reads of the database have ended like this.
    pub fn reads(&self, outcome: ReadOutcome) -> u64 {
        self.reads[outcome as usize].load(Ordering::Relaxed)
    }
}

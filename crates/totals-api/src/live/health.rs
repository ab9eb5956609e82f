//! What the totals in memory say of themselves: to people, to load balancers and to a scrape.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::Live;

/// The state of the totals in memory.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveHealth {
    /// Whether reads are answered from memory; else they go to the database, which is slower and as right.
    pub current: bool,
    /// Whether pages of the list are answered from memory; else MongoDB sorts all campaigns for each.
    listed: bool,
    /// Campaigns in memory.
    #[schema(minimum = 0, example = 240)]
    pub campaigns: usize,
    /// Event streams open; one of several campaigns counts for each.
    #[schema(minimum = 0, example = 5000)]
    pub streams: usize,
}

impl Live {
    /// For operators.
    pub fn health(&self) -> LiveHealth {
        let (memory, streams) = (&self.0.memory, &self.0.streams);
        LiveHealth {
            current: self.answers(),
            listed: self.is_current() && memory.is_complete(),
            campaigns: memory.len(),
            streams: self.0.max_streams - streams.available_permits(),
        }
    }

    /// How many event streams may be open.
    pub fn max_streams(&self) -> usize {
        self.0.max_streams
    }

    /// Returns true if reads of campaigns are answered from memory.
    pub fn answers(&self) -> bool {
        self.is_current() && self.0.memory.is_loaded()
    }

    /// Returns true while all campaigns are being loaded for the first time. A process that cannot follow the changes does
    /// not wait for that.
    pub fn is_starting(&self) -> bool {
        !self.0.was_loaded.load(Ordering::Relaxed) && !self.0.freshness.is_lost()
    }

    /// The time since the database last proved that nothing is missing from memory.
    pub fn heard(&self) -> Duration {
        self.0.freshness.unproven(Instant::now())
    }
}

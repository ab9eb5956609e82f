//! The sum of all campaigns: from memory, which keeps it by differences, or from the database while memory cannot tell.
//!
//! Memory shows a sum only if it has every campaign. While campaigns are being loaded, or while one of them cannot be read, the
//! database adds them up under one snapshot, once for all who ask meanwhile; or there is no answer. So there is never a part of a
//! sum.
//!
//! The sum is of one moment: memory takes all changes of a commit at once. A read of one campaign may have put that campaign into
//! memory as of a later moment than the stream has brought the others to: then the sum waits for the stream.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use totals_core::store::{At, Store, Sum};

use super::Live;
use super::freshness::LEASE;
use super::watch::{PACE, next_state};
use crate::error::ApiError;

/// How long a watcher of the sum waits between two states at least. Every donation anywhere changes the sum, and nobody reads
/// more than some sums a second.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// How long a watcher of the sum waits at most, however many there are.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Live {
    /// The sum of all campaigns: from memory, or from the database if memory cannot tell.
    ///
    /// # Errors
    /// [`ApiError`] if the database cannot answer in time, or if a campaign cannot be read.
    pub async fn sum(&self) -> Result<Sum, ApiError> {
        loop {
            if let Some(sum) = self.sum_in_memory().await {
                return Ok(sum);
            }
            let read = || self.clone().sum_through();
            if let Some(sum) = self.shared(&self.0.sum_reads, &(), read).await? {
                return Ok(sum);
            }
        }
    }

    pub(super) async fn sum_in_memory(&self) -> Option<Sum> {
        let changed = &self.0.freshness.changed;
        let covered = || self.0.freshness.covers_all();
        loop {
            let mut proven = pin!(changed.notified());
            proven.as_mut().enable();
            let of_one_moment = || self.0.freshness.of_one_moment(|| self.0.memory.sum());
            let look = || match of_one_moment() {
                Some(sum) => sum.map(Some),
                None => Some(None),
            };
            if let Some(sum) = self.wait_until_covered(look, covered).await? {
                return Some(sum);
            }
            // An error here is the end of the lease.
            let _ = timeout(LEASE, proven).await;
        }
    }

    /// Lets the database add up; finds `None` if memory can tell when the turn has come. See `page_through`.
    async fn sum_through(self) -> Result<At<Option<Sum>>, ApiError> {
        let Some(turn) = self.turn(self.sum_in_memory()).await? else {
            return Ok(At {
                found: None,
                moment: self.0.freshness.seen(),
            });
        };
        let earliest = self.0.freshness.seen();
        let read = async move |store: Store| store.holding(turn).sum(earliest).await;
        let At { found, moment } = self.0.database.read(read).await?;
        self.0.freshness.note_seen(moment);
        // Memory may have none of what the sum has shown.
        self.0.freshness.note_page(Instant::now());
        Ok(At {
            found: Some(found),
            moment,
        })
    }

    /// The newest sum that memory has, even while the stream is silent: a watcher keeps what it was shown.
    pub(super) fn newest_sum(&self) -> Option<Sum> {
        let shown = self.0.database.currency.is_confirmed() && self.0.freshness.covers_all();
        let look = || self.0.freshness.of_one_moment(|| self.0.memory.sum());
        shown.then(look).flatten().flatten()
    }

    /// Watches the sum of all campaigns.
    pub fn watch_sum(&self) -> SumWatch {
        SumWatch {
            live: self.clone(),
            changed: self.0.sum_changed.clone(),
            last: None,
        }
    }
}

/// One watcher of the sum.
pub struct SumWatch {
    live: Live,
    /// Shared by all watchers of the sum.
    changed: Arc<Notify>,
    last: Option<Sum>,
}

impl SumWatch {
    /// What the sum is now. To be called once, before [`SumWatch::next`].
    ///
    /// # Errors
    /// As [`Live::sum`].
    pub async fn first(&mut self) -> Result<Sum, ApiError> {
        let sum = self.live.sum().await?;
        self.last = Some(sum);
        Ok(sum)
    }

    /// Waits for another sum than the last one, and returns the newest there is.
    pub async fn next(&mut self) -> Sum {
        let watchers = u32::try_from(Arc::strong_count(&self.changed)).unwrap_or(u32::MAX);
        sleep(PACE.saturating_mul(watchers).clamp(LEAST_PAUSE, LONGEST_PAUSE)).await;
        let live = &self.live;
        next_state(&self.changed, &mut self.last, || live.newest_sum(), || live.sum()).await
    }
}

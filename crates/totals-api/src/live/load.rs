//! Loading all campaigns into memory: their totals by one read, sorted here.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use totals_core::domain::CampaignId;
use totals_core::runtime::backoff::Backoff;
use totals_core::store::{ClusterTime, Scanned, Store, StoreError};

use super::Live;
use super::campaigns::{Campaigns, Known, Numbers};
use super::order::Id;
use crate::error::{ApiError, chain};

/// How long a load may take: a dozen times what one of a million campaigns does. A connection that died without a word
/// would be waited for much longer.
const LONGEST_LOAD: Duration = Duration::from_mins(1);

impl Live {
    /// Loads all campaigns whenever that is wanted, for ever.
    pub(super) async fn keep_loaded(self, store: Store) {
        let mut pauses = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        let mut rested = Instant::now();
        loop {
            self.0.memory.wanted().await;
            sleep_until(rested).await;
            let begun = Instant::now();
            match self.load(&store).await {
                Ok(()) => {
                    pauses.reset();
                    // Whoever changes totals past this service may have it load again and again: half of the time at most.
                    rested = Instant::now() + begun.elapsed();
                }
                Err(error) => {
                    let pause = pauses.next_delay();
                    if pauses.is_worth_a_line() {
                        let error = chain(&error);
                        tracing::warn!(
                            error,
                            "the campaigns cannot be loaded into memory: reads go to the database"
                        );
                    }
                    rested = Instant::now() + pause;
                    self.0.memory.load_failed();
                }
            }
        }
    }

    async fn load(&self, store: &Store) -> Result<(), ApiError> {
        let begun = Instant::now();
        let live = self.clone();
        if !blocking(move || live.0.memory.expect()).await? {
            return Ok(());
        }
        // After memory has begun to keep changes: see its module.
        let scanned = timeout(LONGEST_LOAD, scan(store, self.0.freshness.seen())).await;
        let (at, numbers, unreadable) = scanned.map_err(|_| ApiError::Silent(LONGEST_LOAD))??;
        let (live, count) = (self.clone(), numbers.len());
        let fill = move || live.0.memory.fill(Campaigns::new(at, numbers, unreadable));
        if blocking(fill).await? {
            self.0.watchers.wake_all();
            tracing::info!(
                campaigns = count,
                duration_s = begun.elapsed().as_secs_f64(),
                "all campaigns are in memory"
            );
        }
        Ok(())
    }
}

/// What is stored of all campaigns: as of when, their totals, and those whose totals cannot be read.
type All = (ClusterTime, Numbers, HashSet<CampaignId>);

/// All campaigns as of `earliest` or later.
async fn scan(store: &Store, earliest: ClusterTime) -> Result<All, StoreError> {
    let mut scan = store.scan(earliest).await?;
    let (at, mut numbers) = (scan.moment(), Numbers::new());
    let mut unreadable = HashSet::new();
    while let Some(scanned) = scan.next().await? {
        match scanned {
            Scanned::Totals(totals) => {
                let known = Known::new(at, &totals);
                numbers.insert(Id::from(totals.campaign), known);
            }
            Scanned::Unreadable(campaign) => {
                unreadable.insert(campaign);
            }
        }
        tokio::task::consume_budget().await;
    }
    Ok((at, numbers, unreadable))
}

/// Work that would keep a thread of the runtime from everything else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    Ok(tokio::task::spawn_blocking(work).await?)
}

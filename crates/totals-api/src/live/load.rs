//! Loads all campaigns into memory: one read brings their totals, which are sorted here.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use totals_core::domain::CampaignId;
use totals_core::runtime::backoff::Backoff;
use totals_core::store::{ClusterTime, Scanned, Store, StoreError};

use super::Live;
use super::campaigns::{CampaignEntry, CampaignMap, Campaigns};
use super::order::SharedId;
use crate::error::{ApiError, chain};

/// How long a load may take: a dozen times as long as a million campaigns need. The driver would wait much longer for a
/// connection that died silently.
const LOAD_TIMEOUT: Duration = Duration::from_mins(1);

impl Live {
    /// Loads all campaigns whenever memory wants it, for ever.
    pub(super) async fn keep_loaded(self, store: Store) {
        let mut pauses = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        let mut rested = Instant::now();
        loop {
            self.0.memory.load_wanted().await;
            sleep_until(rested).await;
            let begun = Instant::now();
            let loaded = self.load(&store).await;
            self.0.was_loaded.store(true, Ordering::Relaxed);
            match loaded {
                Ok(()) => {
                    pauses.reset();
                    // A program that changes totals past this service can make it load again and again: at most half of
                    // the time.
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
                    self.0.memory.fail_load();
                }
            }
        }
    }

    async fn load(&self, store: &Store) -> Result<(), ApiError> {
        let begun = Instant::now();
        let live = self.clone();
        if !blocking(move || live.0.memory.begin_load()).await? {
            return Ok(());
        }
        // Only now that memory keeps the changes; see its module.
        let scanned = timeout(LOAD_TIMEOUT, scan(store, self.0.freshness.seen())).await;
        let (at, entries, unreadable) = scanned.map_err(|_| ApiError::ReadTimedOut(LOAD_TIMEOUT))??;
        // Memory shows this moment from here on, and so must every read of the database.
        self.0.freshness.note_seen(at);
        let (live, count) = (self.clone(), entries.len());
        let fill = move || live.0.memory.finish_load(Campaigns::new(at, entries, unreadable));
        if blocking(fill).await? {
            self.wake_all_watchers();
            tracing::info!(
                campaigns = count,
                duration_s = begun.elapsed().as_secs_f64(),
                "all campaigns are in memory"
            );
        }
        Ok(())
    }
}

/// Reads all campaigns as of `earliest` or later: the moment that the read shows, the totals, and the campaigns whose totals
/// cannot be read.
async fn scan(
    store: &Store,
    earliest: ClusterTime,
) -> Result<(ClusterTime, CampaignMap, HashSet<CampaignId>), StoreError> {
    let mut scan = store.scan(earliest).await?;
    let (at, mut entries) = (scan.moment(), CampaignMap::new());
    let mut unreadable = HashSet::new();
    while let Some(scanned) = scan.next().await? {
        match scanned {
            Scanned::Totals(totals) => {
                let entry = CampaignEntry::new(at, &totals);
                entries.insert(SharedId::from(totals.campaign), entry);
            }
            Scanned::Unreadable(campaign) => {
                unreadable.insert(campaign);
            }
        }
        tokio::task::consume_budget().await;
    }
    Ok((at, entries, unreadable))
}

/// Runs work that would keep a thread of the runtime from everything else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    Ok(tokio::task::spawn_blocking(work).await?)
}

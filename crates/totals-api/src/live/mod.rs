//! Totals in memory: what the API answers from, as long as it can prove that nothing is missing.
//!
//! One map holds all campaigns that have totals ([`campaigns`]), and the four orders of the list are its indexes
//! ([`order`]). It is loaded by one read of all campaigns ([`load`]) when a change stream begins, and kept by that stream
//! ([`Store::follow`](totals_core::store::Store::follow)). A campaign that is not in the map has no totals: 404 from
//! memory, until its first donation comes along the stream. So unknown ids cost nothing, however many are asked for.
//!
//! **Why memory is never behind.** Every change after the moment of the read comes, in order. A change carries only the
//! fields it moved; the revision proves that they continue what is known, and a campaign of which they do not is unknown
//! until it is read again ([`memory`]).
//!
//! **Why a silent stream is noticed.** An answer of the stream proves that all commits from before the question have come;
//! memory is shown for a second after the question and no longer ([`freshness`]). Then reads go to the database: one at
//! a time for a campaign, however many ask, and a bounded number in all. A stream that is resumed has missed nothing; one
//! that has to begin again has all campaigns read again.
//!
//! **Why no answer goes back.** A read of the database shows the latest moment that any answer has shown, or a later one. What
//! it finds is put into memory. What it does not find, memory shows only after a proof from after the read.
//!
//! Rejected: a time to live (stale for that long, and a herd at its end); a rendered answer for each campaign (most of the
//! memory, for what nobody reads; rendering takes less than a microsecond); an index of the database for each order
//! (three times the work of a commit, whether or not anyone lists campaigns); asking MongoDB for the whole document with
//! each change (one more read per commit).

mod campaigns;
mod freshness;
mod load;
mod memory;
mod order;
mod pages;
mod watch;

use std::pin::pin;
use std::sync::Arc;

use crate::config::Bounds;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use totals_core::domain::CampaignId;
use totals_core::store::{At, CampaignTotals, Change, ChangeKind, ClusterTime, Follower, Store, StoreError};

pub use self::campaigns::View;
use self::freshness::{Freshness, LEASE};
use self::memory::Memory;
use self::pages::Pages;
pub use self::watch::Watch;
use self::watch::Watchers;
use crate::database::Database;
use crate::error::ApiError;
use crate::single_flight::SingleFlight;

/// The totals in memory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    database: Database,
    memory: Memory,
    freshness: Freshness,
    reads: SingleFlight<CampaignId, Result<At<View>, ApiError>>,
    pages: Pages,
    watchers: Watchers,
    streams: Arc<Semaphore>,
    max_streams: usize,
}

/// What the live totals are doing, for whoever operates them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveStatus {
    /// Reads are answered from memory.
    pub current: bool,
    /// Pages of the list are.
    pub listed: bool,
    /// Campaigns in memory.
    pub campaigns: usize,
    /// Event streams open; one of several campaigns counts for each.
    pub streams: usize,
}

/// Some of the streams that may be open at once, until it is dropped. One of several campaigns takes a place for each.
#[derive(Debug)]
pub struct StreamPlaces(#[expect(dead_code, reason = "only to be dropped")] OwnedSemaphorePermit);

impl Live {
    /// Starts following the changes, in the background and for ever.
    pub fn start(database: Database, bounds: Bounds) -> Self {
        let live = Self(Arc::new(Inner {
            database,
            memory: Memory::default(),
            freshness: Freshness::default(),
            reads: SingleFlight::default(),
            pages: Pages::default(),
            watchers: Watchers::default(),
            streams: Arc::new(Semaphore::new(bounds.streams)),
            max_streams: bounds.streams,
        }));
        let follower = Arc::new(live.clone());
        tokio::spawn(async move {
            let store = follower.0.database.opened().await;
            tokio::spawn(Live::clone(&follower).keep_loaded(store.clone()));
            store.follow(follower.clone()).await;
        });
        live
    }

    /// What a campaign shows now.
    ///
    /// # Errors
    /// [`ApiError`] if memory cannot tell and the database cannot answer in time.
    pub async fn read(&self, campaign: &CampaignId) -> Result<View, ApiError> {
        let id = campaign.as_str();
        if let Some(view) = self.in_memory(id) {
            return Ok(view);
        }
        let in_memory = self.once_covered(|| self.0.memory.totals(id), || self.0.freshness.covers(id));
        match in_memory.await {
            Some(view) => Ok(view),
            None => self.read_through(campaign).await,
        }
    }

    /// What a campaign shows now, if memory can tell at once.
    pub fn in_memory(&self, campaign: &str) -> Option<View> {
        let shown = self.is_current() && self.0.freshness.covers(campaign);
        shown.then(|| self.0.memory.totals(campaign)).flatten()
    }

    /// The newest that memory has of a campaign that is watched, be the stream heard of or not.
    fn watched(&self, campaign: &CampaignId) -> Option<View> {
        let Inner {
            database, freshness, ..
        } = &*self.0;
        let shown = database.currency.is_fine() && freshness.covers(campaign.as_str());
        shown.then(|| self.0.memory.totals(campaign.as_str())).flatten()
    }

    /// Returns true if what is in memory may be shown.
    fn is_current(&self) -> bool {
        self.0.freshness.is_current(Instant::now()) && self.0.database.currency.is_fine()
    }

    /// What memory can tell, as soon as it has all that reads of the database have shown; none if it cannot tell.
    async fn once_covered<T>(&self, look: impl Fn() -> Option<T>, covered: impl Fn() -> bool) -> Option<T> {
        loop {
            let mut moved = pin!(self.0.freshness.moved.notified());
            moved.as_mut().enable();
            if !self.is_current() {
                return None;
            }
            let found = look()?;
            if covered() {
                return Some(found);
            }
            // An error here is the end of the lease.
            let _ = timeout(LEASE, moved).await;
        }
    }

    /// Watches a campaign.
    pub fn watch(&self, campaign: CampaignId) -> Watch {
        Watch::new(self.clone(), campaign)
    }

    /// What it is doing.
    pub fn status(&self) -> LiveStatus {
        let Inner {
            memory,
            streams,
            max_streams,
            ..
        } = &*self.0;
        let current = self.is_current();
        LiveStatus {
            current: current && memory.is_loaded(),
            listed: current && memory.is_complete(),
            campaigns: memory.len(),
            streams: max_streams - streams.available_permits(),
        }
    }

    /// Places among the streams for so many campaigns.
    ///
    /// # Errors
    /// [`ApiError::TooManyStreams`] if there are not as many.
    pub fn stream_places(&self, campaigns: usize) -> Result<StreamPlaces, ApiError> {
        let wanted = u32::try_from(campaigns).unwrap_or(u32::MAX);
        let places = self.0.streams.clone().try_acquire_many_owned(wanted);
        places.map(StreamPlaces).map_err(|_| ApiError::TooManyStreams)
    }

    /// Reads a campaign from the database, together with all who ask for it meanwhile.
    async fn read_through(&self, campaign: &CampaignId) -> Result<View, ApiError> {
        let earliest = self.0.freshness.seen();
        loop {
            let read = || self.clone().read_now(campaign.clone());
            let At { found, moment } = self.0.reads.join(campaign.clone(), read).await?;
            // A read that was under way already may show less than another answer has since.
            if moment.is_none_or(|at| at >= earliest) {
                return Ok(found);
            }
        }
    }

    async fn read_now(self, campaign: CampaignId) -> Result<At<View>, ApiError> {
        let (id, earliest) = (campaign.clone(), self.0.freshness.seen());
        let read = async move |store: Store| store.totals(&id, earliest).await;
        let read = self.0.database.read(read).await?;
        self.remember(&campaign, &read, Instant::now());
        Ok(read)
    }

    /// Memory shows no less of a campaign from here on than a read has that ended at `ended`.
    fn remember(&self, campaign: &CampaignId, read: &At<View>, ended: Instant) {
        let at = read.moment.unwrap_or_default();
        if let Some(totals) = &read.found {
            self.tell(at, totals);
        } else {
            self.0.freshness.saw(at);
            self.0.freshness.saw_absent(campaign, ended);
        }
    }

    /// Memory shows these totals or newer ones from here on.
    fn tell(&self, at: ClusterTime, totals: &CampaignTotals) {
        self.take(&Change {
            campaign: totals.campaign.clone(),
            at,
            kind: ChangeKind::Replaced(totals.clone()),
        });
    }

    fn take(&self, change: &Change) {
        // First: a load that begins just now must show this moment, or be told the change.
        self.0.freshness.saw(change.at);
        self.0.memory.change(change);
        self.0.watchers.wake(&change.campaign);
    }
}

impl Follower for Live {
    fn begin(&self, at: ClusterTime) {
        tracing::info!("following the totals' changes; all campaigns are read again");
        self.0.database.currency.doubt();
        self.0.freshness.saw(at);
        self.0.memory.forget();
        self.0.watchers.wake_all();
    }

    fn change(&self, change: Change) {
        if matches!(change.kind, ChangeKind::Created(_)) {
            self.0.database.currency.doubt_unwritten();
        }
        self.take(&change);
    }

    fn current(&self, moment: Instant) {
        if self.0.freshness.prove(moment) {
            tracing::info!("the totals' changes are followed");
        }
    }

    fn lost(&self, error: &StoreError) {
        if self.0.freshness.lose() {
            tracing::warn!(%error, "the totals' changes are lost: reads go to the database until they are back");
        } else {
            tracing::debug!(%error, "the totals' changes are still lost");
        }
    }
}

#[cfg(test)]
mod tests;

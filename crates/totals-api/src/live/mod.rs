//! Totals in memory: what the API answers from, as long as it can prove that nothing is missing.
//!
//! One map holds all campaigns that have totals ([`campaigns`]), and the four orders of the list are its indexes
//! ([`order`]). One read of all campaigns fills it ([`load`]) when a change stream begins, and that stream keeps it up to date
//! ([`Store::follow`](totals_core::store::Store::follow)). A campaign that is not in the map has no totals: it is 404 from
//! memory, until its first donation comes along the stream. So a flood of unknown ids costs the database nothing.
//!
//! **Why memory is never behind.** The stream brings every change after the moment of the read, in order. A change carries
//! only the fields that it moved; its revision proves that it continues what is known. A campaign whose change does not
//! continue what is known is unknown until it is read again ([`memory`]).
//!
//! **Why a silent stream is noticed.** An answer of the stream proves that all commits from before the question have come.
//! Memory is shown for a second after the question and no longer ([`freshness`]); then reads go to the database. One read at
//! a time answers all who ask for a campaign, and the number of reads in all is bounded. A stream that is resumed has missed
//! nothing; when a stream has to begin anew, all campaigns are read again.
//!
//! **Why no answer goes back**, within one process. A read of the database shows the latest moment that any answer had shown
//! before it began, or a later one. A read that others have begun is done again if it shows an earlier one. Totals that a
//! read finds are put into memory. If it finds none, memory shows the campaign only after the stream has proven a moment
//! after the read; and after a page of the database, pages wait for such a proof.
//!
//! Rejected: a time to live (stale for that long, and a herd on the database at its end); a rendered answer for each campaign
//! (most of the memory, for answers that nobody reads; rendering takes less than a microsecond); an index of the database
//! for each order (three times the work of a commit, whether or not anyone lists campaigns); asking MongoDB for the whole
//! document with each change (one more read for each commit).

mod by_campaign;
mod campaigns;
mod feed;
mod freshness;
mod health;
mod history;
mod load;
mod memory;
mod order;
mod pages;
mod several;
mod sum;
mod vouching;
mod watch;

use std::hash::Hash;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch as state};
use tokio::time::{Instant, timeout};
use totals_core::domain::{CampaignId, Timestamp};
use totals_core::store::{
    At, CampaignTotals, Change, ChangeKind, ClusterTime, Follower, LatestPage, Listing, Page, Store,
    StoreError, Sum,
};

pub use self::campaigns::View;
use self::feed::{Feeds, Latest};
use self::freshness::{Freshness, LEASE};
pub use self::health::LiveHealth;
use self::history::Histories;
use self::memory::Memory;
pub use self::vouching::StaleSince;
pub use self::watch::Watch;
use self::watch::Watchers;
use crate::config::Bounds;
use crate::database::Database;
use crate::error::ApiError;
use crate::single_flight::SingleFlight;

/// Reads of the database, each shared by all who ask for the same meanwhile.
type SharedReads<K, T> = SingleFlight<K, Result<At<T>, ApiError>>;

/// The totals in memory. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<LiveState>);

struct LiveState {
    database: Database,
    memory: Memory,
    freshness: Freshness,
    /// Reads of one campaign from the database.
    reads: SharedReads<CampaignId, View>,
    /// Reads of a page from the database.
    page_reads: SharedReads<Page, Option<Arc<Listing>>>,
    /// Sums of all campaigns from the database.
    sum_reads: SharedReads<(), Option<Sum>>,
    /// Lets one page, or one sum, at a time be read from the database.
    page_turn: Arc<Semaphore>,
    watchers: Watchers,
    /// Wakes the watchers of the sum.
    sum_changed: Arc<Notify>,
    /// Places of streams that are free.
    streams: Arc<Semaphore>,
    max_streams: usize,
    /// True once the first load of all campaigns is over, whatever its end.
    was_loaded: AtomicBool,
    /// Reads of the latest donations from the database.
    feed_reads: SharedReads<(CampaignId, LatestPage), Latest>,
    /// The latest donations that watchers are shown.
    feeds: Feeds,
    histories: Histories,
    /// Tells streams when nobody can vouch for what they have sent.
    stale_since: state::Sender<StaleSince>,
}

impl Live {
    /// Starts following the changes, in the background and for ever.
    pub fn start(database: Database, bounds: Bounds) -> Self {
        let live = Self(Arc::new(LiveState {
            database,
            memory: Memory::default(),
            freshness: Freshness::default(),
            reads: SingleFlight::default(),
            page_reads: SingleFlight::default(),
            sum_reads: SingleFlight::default(),
            page_turn: Arc::new(Semaphore::new(1)),
            watchers: Watchers::default(),
            sum_changed: Arc::default(),
            streams: Arc::new(Semaphore::new(bounds.streams)),
            max_streams: bounds.streams,
            was_loaded: AtomicBool::new(false),
            feed_reads: SingleFlight::default(),
            feeds: Feeds::default(),
            histories: Histories::default(),
            stale_since: state::Sender::default(),
        }));
        tokio::spawn(live.clone().keep_telling());
        let follower = Arc::new(live.clone());
        tokio::spawn(async move {
            let store = follower.0.database.wait_until_open().await;
            tokio::spawn(Live::clone(&follower).keep_loaded(store.clone()));
            store.follow(follower.clone()).await;
        });
        live
    }

    /// What a campaign shows now: from memory, or from the database if memory cannot tell.
    ///
    /// # Errors
    /// [`ApiError`] if the database cannot answer in time.
    pub async fn read(&self, campaign: &CampaignId) -> Result<View, ApiError> {
        match self.covered_in_memory(campaign).await {
            Some(view) => Ok(view),
            None => self.read_through(campaign).await,
        }
    }

    /// What a campaign shows now, if memory can tell at once.
    pub fn in_memory(&self, campaign: &str) -> Option<View> {
        self.in_memory_at(campaign, Instant::now())
    }

    /// The same for a caller that has looked at the clock already.
    pub fn in_memory_at(&self, campaign: &str, now: Instant) -> Option<View> {
        let shown = self.is_current_at(now) && self.0.freshness.covers(campaign);
        shown.then(|| self.0.memory.totals(campaign)).flatten()
    }

    /// The newest state that memory has of a campaign, even while the stream is silent: a watcher keeps what it was shown.
    fn newest_in_memory(&self, campaign: &CampaignId) -> Option<View> {
        let (live, id) = (&self.0, campaign.as_str());
        let shown = live.database.currency.is_confirmed() && live.freshness.covers(id);
        shown.then(|| live.memory.totals(id)).flatten()
    }

    /// Returns true if memory may be shown: the stream is followed, and the amounts are in the right currency.
    fn is_current(&self) -> bool {
        self.is_current_at(Instant::now())
    }

    fn is_current_at(&self, now: Instant) -> bool {
        self.0.freshness.is_current(now) && self.0.database.currency.is_confirmed()
    }

    /// What `look` finds in memory, as soon as memory has `covered` all that reads of the database have shown; `None` if
    /// memory cannot tell.
    async fn wait_until_covered<T>(
        &self,
        look: impl Fn() -> Option<T>,
        covered: impl Fn() -> bool,
    ) -> Option<T> {
        loop {
            let mut changed = pin!(self.0.freshness.changed.notified());
            changed.as_mut().enable();
            if !self.is_current() {
                return None;
            }
            // Before the look: what covers memory later may have come after it.
            let was_covered = covered();
            let found = look()?;
            if was_covered {
                return Some(found);
            }
            // An error here is the end of the lease.
            let _ = timeout(LEASE, changed).await;
        }
    }

    /// Watches a campaign.
    pub fn watch(&self, campaign: CampaignId) -> Watch {
        Watch::new(self.clone(), campaign)
    }

    /// Places among the streams that may be open, one for each campaign of a stream, until they are dropped.
    ///
    /// # Errors
    /// [`ApiError::TooManyStreams`] if fewer places are free.
    pub fn stream_places(&self, campaigns: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let wanted = u32::try_from(campaigns).unwrap_or(u32::MAX);
        let places = self.0.streams.clone().try_acquire_many_owned(wanted);
        places.map_err(|_| ApiError::TooManyStreams)
    }

    /// Reads a campaign from the database. All who ask for it meanwhile share the read.
    async fn read_through(&self, campaign: &CampaignId) -> Result<View, ApiError> {
        let read = || self.clone().read_now(campaign.clone());
        self.shared(&self.0.reads, campaign, read).await
    }

    /// What a read shows that is shared with all who ask for the same meanwhile.
    async fn shared<K, T, F>(
        &self,
        reads: &SharedReads<K, T>,
        key: &K,
        read: impl Fn() -> F,
    ) -> Result<T, ApiError>
    where
        K: Clone + Eq + Hash + Send + 'static,
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<At<T>, ApiError>> + Send + 'static,
    {
        let earliest = self.0.freshness.seen();
        loop {
            let At { found, moment } = reads.join(key.clone(), &read).await?;
            // A read that was under way already may show an earlier moment than another answer has shown since.
            if moment >= earliest {
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

    /// From here on memory shows of a campaign what a read that ended at `ended` has shown, or something newer.
    fn remember(&self, campaign: &CampaignId, read: &At<View>, ended: Instant) {
        let at = read.moment;
        if let Some(totals) = &read.found {
            self.0.freshness.note_read(ended);
            self.remember_totals(at, totals);
        } else {
            self.0.freshness.note_seen(at);
            self.0.freshness.note_absent(campaign, ended);
        }
    }

    /// From here on memory shows these totals, or newer ones.
    fn remember_totals(&self, at: ClusterTime, totals: &CampaignTotals) {
        self.apply(&[Change {
            campaign: totals.campaign.clone(),
            at,
            kind: ChangeKind::Replaced(totals.clone()),
        }]);
    }

    fn wake_all_watchers(&self) {
        self.0.watchers.wake_all();
        self.0.sum_changed.notify_waiters();
    }

    fn apply(&self, changes: &[Change]) {
        // Before memory takes the changes: a load that begins just now either shows this moment or is told the changes.
        for change in changes {
            self.0.freshness.note_seen(change.at);
        }
        self.0.memory.apply(changes);
        for change in changes {
            self.0.watchers.wake(&change.campaign);
        }
        self.0.sum_changed.notify_waiters();
    }
}

impl Follower for Live {
    fn begin(&self, at: ClusterTime) {
        tracing::info!("following the totals' changes; all campaigns are read again");
        self.0.database.currency.doubt();
        self.0.freshness.note_seen(at);
        self.0.memory.invalidate();
        self.wake_all_watchers();
    }

    fn commit(&self, changes: Vec<Change>) {
        let creates = |change: &Change| matches!(change.kind, ChangeKind::Created(_));
        if changes.iter().any(creates) {
            self.0.database.currency.doubt_unwritten();
        }
        self.apply(&changes);
        let shown = Timestamp::now();
        for changed in changes.iter().filter_map(|change| change.kind.last_updated()) {
            let took = shown.since(changed).as_secs_f64();
            self.0.database.metrics.commit_to_shown.observe(took);
        }
    }

    fn current(&self, moment: Instant) {
        if self.0.freshness.prove(moment) {
            tracing::info!("the totals' changes are followed");
        }
    }

    fn lost(&self, error: &StoreError) {
        if self.0.freshness.revoke() {
            tracing::warn!(%error, "the totals' changes are lost: reads go to the database until they are back");
        } else {
            tracing::debug!(%error, "the totals' changes are still lost");
        }
    }
}

#[cfg(test)]
mod tests;

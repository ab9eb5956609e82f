//! Totals in memory: what the API answers from, as long as it can prove that nothing is missing.
//!
//! Each campaign that someone reads or watches has a slot with its newest totals and their answer, ready to send. A
//! slot is filled by one read of the database, which concurrent first readers share, and kept by ONE change stream
//! ([`Store::follow`](totals_core::store::Store::follow)). A campaign without totals is a slot like any other: 404
//! from memory, until its first donation comes along the stream.
//!
//! **Why a slot is never stale.** Every change after the moment `begin` comes, in order. A slot that rests on a moment
//! from `begin` on and was there when the later changes came has them all. Three races could break that, and the
//! cluster's clock closes each, with no time limits to tune:
//!
//! - *A change passes while the slot's read is under way.* It waits in the slot and continues the read if it is later
//!   than the moment that the read shows; if it is not, it is in there.
//! - *A change passed before the slot was there.* Whoever starts a read first puts the slot into the map and then looks
//!   how far the changes have come; the read must show that moment or a later one, and the database sees to it.
//! - *A slot was evicted and made anew.* The same, and reads count as well: a new one cannot show less than any before.
//!
//! A change carries only the fields it moved. The revision proves that they continue what the slot has; if it does
//! not grow by exactly one, the slot is unknown until it is read again.
//!
//! **Why a silent stream is noticed.** The stream's questions are answered even when there is nothing to tell. An answer
//! proves that all from before the question has come; slots are shown for [`LEASE`] after it and no longer. Without a
//! lease, reads go to the database, one at a time for a campaign and a bounded number in all, and a slot shows nothing.
//! A stream that is resumed has missed nothing; one that has to begin again moves `begin`, and every slot from before
//! is read again when someone asks, or at once if someone watches.
//!
//! **Why a flood cannot push out what is in use.** The map keeps what was read again and lets go of what was asked for
//! once (S3-FIFO, from `quick_cache`); what is watched it keeps in any case.
//!
//! **Why the list is here as well.** A page of it needs all campaigns in one of four orders. An index for each would cost
//! MongoDB three times what a campaign's totals themselves do, with every commit, whether or not anyone lists them. So
//! the few numbers of each campaign are kept here, in order ([`ranking`], [`order`]), by the same stream and the same
//! reasoning ([`list`]): loaded by one read of all campaigns when a stream begins ([`load`]), and shown under the same lease.
//! Until they are there, the database sorts ([`pages`]). What a campaign's slot and the list's pages read from the database
//! they tell each other, so that neither falls behind what the other has shown.
//!
//! Rejected: a time to live (stale for that long, and a herd at its end); a slot for every campaign, so that the list
//! is made of slots (their answers, ready to send, take most of the memory, and nobody reads most campaigns; an entry
//! of the list takes a third); asking MongoDB for the whole document with each change (one more read per commit).

mod feed;
mod list;
mod load;
mod order;
mod pages;
mod ranking;
mod rendered;
mod slot;
mod slots;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use tokio::time::Instant;
use totals_core::domain::{CampaignId, Currency};
use totals_core::runtime::config::Bounds;
use totals_core::store::{CampaignTotals, Change, ChangeKind, ClusterTime, Follower, StoreError};

use self::feed::Feed;
use self::list::List;
use self::pages::Pages;
pub use self::rendered::Rendered;
pub use self::slot::Shown;
use self::slot::Slot;
use self::slots::Slots;
pub use self::watch::Watch;
use crate::database::Database;
use crate::error::ApiError;

/// The totals in memory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    database: Database,
    currency: Currency,
    slots: Slots,
    feed: Feed,
    list: List,
    pages: Pages,
    streams: AtomicUsize,
    max_streams: usize,
}

/// What the live totals are doing, for whoever operates them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doing {
    /// Whether reads are answered from memory.
    pub current: bool,
    /// Whether pages of the list are.
    pub listed: bool,
    /// Campaigns in memory.
    pub campaigns: usize,
    /// Event streams open; one of several campaigns counts for each.
    pub streams: usize,
}

impl Live {
    /// Starts following the changes, in the background and for ever.
    pub fn start(database: Database, currency: Currency, bounds: Bounds) -> Self {
        let live = Self(Arc::new(Inner {
            database,
            currency,
            slots: Slots::new(bounds.live_campaigns),
            feed: Feed::default(),
            list: List::default(),
            pages: Pages::default(),
            streams: AtomicUsize::new(0),
            max_streams: bounds.streams,
        }));
        let follower = Arc::new(live.clone());
        tokio::spawn(async move {
            let store = follower.0.database.opened().await;
            tokio::spawn(Live::clone(&follower).keep_list(store.clone()));
            store.follow(follower.clone()).await;
        });
        live
    }

    /// What a campaign shows now.
    ///
    /// # Errors
    /// [`ApiError`] if it is not in memory and the database cannot answer in time.
    pub async fn read(&self, campaign: &CampaignId) -> Result<Shown, ApiError> {
        if let Some(shown) = self.in_memory(campaign.as_str()) {
            return Ok(shown);
        }
        let Inner { slots, feed, .. } = &*self.0;
        self.read_through(campaign, &slots.slot(campaign, feed.seen()))
            .await
    }

    /// What a campaign shows now, if that takes no read of the database.
    pub fn in_memory(&self, campaign: &str) -> Option<Shown> {
        let Inner { slots, feed, .. } = &*self.0;
        if !self.is_current() {
            return None;
        }
        slots.get(campaign)?.shown(feed.begin())
    }

    /// Returns true if what is in memory may be shown.
    fn is_current(&self) -> bool {
        self.0.feed.is_current() && self.0.database.currency.is_fine()
    }

    /// Watches a campaign.
    pub fn watch(&self, campaign: CampaignId) -> Watch {
        Watch::new(self.clone(), campaign)
    }

    /// What it is doing.
    pub fn doing(&self) -> Doing {
        let current = self.is_current();
        Doing {
            current,
            listed: current && self.0.list.is_known(),
            campaigns: self.0.slots.len(),
            streams: self.0.streams.load(Ordering::Relaxed),
        }
    }

    /// Places among the streams for so many campaigns, until they are dropped.
    ///
    /// # Errors
    /// [`ApiError::TooManyStreams`] if there are not as many.
    pub fn stream_places(&self, campaigns: usize) -> Result<StreamPlaces, ApiError> {
        let taken = self.0.streams.fetch_add(campaigns, Ordering::Relaxed);
        let places = StreamPlaces(self.clone(), campaigns);
        if taken + campaigns <= self.0.max_streams {
            Ok(places)
        } else {
            Err(ApiError::TooManyStreams)
        }
    }

    /// Reads a campaign from the database, together with all who ask for it meanwhile.
    async fn read_through(&self, campaign: &CampaignId, slot: &Arc<Slot>) -> Result<Shown, ApiError> {
        let fill = slot.join_fill(self.0.feed.seen(), |earliest| {
            let (live, campaign, slot) = (self.clone(), campaign.clone(), slot.clone());
            let fill = tokio::spawn(async move {
                let _over = Finally(|| slot.end_fill());
                live.fill(&campaign, &slot, earliest).await
            });
            fill.map(|joined| joined.unwrap_or_else(|died| Err(died.into())))
                .boxed()
        });
        fill.await
    }

    async fn fill(
        &self,
        campaign: &CampaignId,
        slot: &Slot,
        mut earliest: ClusterTime,
    ) -> Result<Shown, ApiError> {
        let Inner {
            database,
            currency,
            feed,
            ..
        } = &*self.0;
        loop {
            let id = campaign.clone();
            let read = database
                .read(async move |store| store.totals(&id, earliest).await)
                .await?;
            if let (Some(at), Some(totals)) = (read.moment, &read.found) {
                self.tell_list(at, totals);
            }
            let totals = read
                .found
                .map(|totals| Arc::new(Rendered::new(totals, *currency)));
            let Some(at) = read.moment else {
                let at = ClusterTime::default();
                return Ok(Shown { at, totals });
            };
            feed.saw(at);
            if let Some(shown) = slot.fill(at, totals, *currency) {
                return Ok(shown);
            }
            earliest = slot.earliest();
        }
    }

    /// What a read has shown of a campaign, the list shows from here on. That it is gone, only the changes tell.
    fn tell_list(&self, at: ClusterTime, totals: &CampaignTotals) {
        self.0.feed.saw(at);
        self.0.list.change(&Change {
            campaign: totals.campaign.clone(),
            at,
            kind: ChangeKind::Replaced(totals.clone()),
        });
    }
}

impl Follower for Live {
    fn begin(&self, at: ClusterTime) {
        tracing::info!("following the totals' changes; what is in memory from before is read again");
        self.0.database.currency.doubt();
        self.0.feed.begin_at(at);
        self.0.list.forget();
        self.0.slots.wake_watchers();
    }

    fn change(&self, change: Change) {
        let Inner {
            currency,
            slots,
            feed,
            list,
            ..
        } = &*self.0;
        if matches!(change.kind, ChangeKind::Created(_)) {
            self.0.database.currency.doubt_unwritten();
        }
        // Before the slot is looked up: see the module, "a change passed before the slot was there".
        feed.saw(change.at);
        // Before the slot shows it: who has seen a campaign's newest totals finds them in the list.
        list.change(&change);
        if let Some(slot) = slots.peek(&change.campaign) {
            slot.change(change.at, change.kind, feed.begin(), *currency);
        }
    }

    fn current(&self, moment: Instant) {
        if self.0.feed.extend(moment) {
            tracing::info!("reads are answered from memory");
        }
    }

    fn lost(&self, error: &StoreError) {
        if self.0.feed.end() {
            tracing::warn!(%error, "the totals' changes are lost: reads go to the database until they are back");
        } else {
            tracing::debug!(%error, "the totals' changes are still lost");
        }
    }
}

/// Some of the streams that may be open at once. One of several campaigns takes a place for each, because what is
/// watched cannot be evicted: the places bound the memory.
#[derive(Debug)]
pub struct StreamPlaces(Live, usize);

impl Drop for StreamPlaces {
    fn drop(&mut self) {
        self.0.0.streams.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// Does something at the end of its scope, also in a panic.
struct Finally<F: FnMut()>(F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

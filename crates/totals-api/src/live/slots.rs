//! The slots by campaign: a bounded number of them, those in use.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, UnitWeighter};
use totals_core::domain::CampaignId;
use totals_core::store::ClusterTime;

use super::slot::Slot;

/// The slots by campaign.
pub struct Slots(Cache<CampaignId, Arc<Slot>, UnitWeighter, DefaultHashBuilder, KeepWatched>);

impl Slots {
    /// None yet, and at most so many.
    pub fn new(most: usize) -> Self {
        Self(Cache::with(
            most,
            most as u64,
            UnitWeighter,
            DefaultHashBuilder::default(),
            KeepWatched,
        ))
    }

    /// A campaign's slot, made if there is none; `seen` is the latest moment that anything has shown.
    pub fn slot(&self, campaign: &CampaignId, seen: ClusterTime) -> Arc<Slot> {
        self.held_or(campaign, || Arc::new(Slot::new(seen)))
    }

    /// A campaign's slot, if it has one, which counts as a use of it.
    pub fn get(&self, campaign: &str) -> Option<Arc<Slot>> {
        self.0.get(campaign)
    }

    /// The same, without a use.
    pub fn peek(&self, campaign: &CampaignId) -> Option<Arc<Slot>> {
        self.0.peek(campaign)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The slot in the map, or the one that is made and put there.
    fn held_or(&self, campaign: &CampaignId, make: impl FnOnce() -> Arc<Slot>) -> Arc<Slot> {
        let Ok(slot) = self
            .0
            .get_or_insert_with(campaign, || Ok::<_, std::convert::Infallible>(make()));
        slot
    }

    /// The slot, with one more who watches it. It is in the map when it is handed out, and stays there.
    pub fn watched(&self, campaign: &CampaignId, seen: ClusterTime) -> Arc<Slot> {
        let fresh = Arc::new(Slot::new(seen));
        // Counted before it is in the map: where all others are watched it would be evicted at once.
        fresh.watched();
        loop {
            let slot = self.held_or(campaign, || fresh.clone());
            if Arc::ptr_eq(&slot, &fresh) {
                return fresh;
            }
            slot.watched();
            // Once it counts its watcher it cannot be evicted; it may have been just before.
            let held = self.0.peek(campaign);
            if held.is_some_and(|held| Arc::ptr_eq(&held, &slot)) {
                return slot;
            }
            slot.unwatched();
        }
    }

    /// Has all who watch look again.
    pub fn wake_watchers(&self) {
        for (_, slot) in self.0.iter() {
            slot.changed.notify_waiters();
        }
    }
}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slots").field(&self.0.len()).finish()
    }
}

#[derive(Debug, Clone)]
struct KeepWatched;

impl Lifecycle<CampaignId, Arc<Slot>> for KeepWatched {
    type RequestState = ();

    fn is_pinned(&self, _campaign: &CampaignId, slot: &Arc<Slot>) -> bool {
        slot.watchers() > 0
    }
}

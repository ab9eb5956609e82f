//! Whether all campaigns are in memory, and how they come to be there.
//!
//! Memory rests on one read of all campaigns and is kept by the change stream. Changes that come while the read is under
//! way wait for its end; those that the read shows already are passed over by their moments. Changes from before anyone
//! waited are in the read as well, because it must show the latest moment that was seen after the waiting had begun.
//!
//! When a stream begins anew, nothing in memory can be relied on and all campaigns are read again. When a change does not
//! continue what is known of its campaign, that one cannot be relied on: its reads go to the database, and so do pages of
//! the list until all campaigns are read again.

use parking_lot::RwLock;
use tokio::sync::Notify;
use totals_core::store::{Change, Listing, Page};

use super::campaigns::{Campaigns, View};

/// All campaigns, as far as they are known.
#[derive(Debug, Default)]
pub struct Memory {
    state: RwLock<State>,
    /// Asks for a load.
    wanted: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// What is known, if anything can be relied on.
    campaigns: Option<Campaigns>,
    /// The changes since a load has begun, if one is under way.
    loading: Option<Vec<Change>>,
    /// What was known before, left to the next load: taking a million campaigns apart takes a while, and the changes must
    /// not wait for it.
    discarded: Option<Campaigns>,
}

impl Memory {
    /// What a campaign shows, if memory can tell.
    pub fn totals(&self, campaign: &str) -> Option<View> {
        self.state.read().campaigns.as_ref()?.totals(campaign)
    }

    /// A page, if memory can tell.
    pub fn page(&self, page: &Page) -> Option<Listing> {
        self.state.read().campaigns.as_ref()?.page(page)
    }

    /// Returns true if campaigns can be answered from memory.
    pub fn is_loaded(&self) -> bool {
        self.state.read().campaigns.is_some()
    }

    /// Returns true if pages can be answered from memory.
    pub fn is_complete(&self) -> bool {
        let state = self.state.read();
        state.campaigns.as_ref().is_some_and(Campaigns::is_complete)
    }

    /// How many campaigns there are.
    pub fn len(&self) -> usize {
        self.state.read().campaigns.as_ref().map_or(0, Campaigns::len)
    }

    /// Takes in a change, or what a campaign has become as a read shows it.
    pub fn change(&self, change: &Change) {
        let mut state = self.state.write();
        if let Some(later) = &mut state.loading {
            later.push(change.clone());
        }
        let Some(campaigns) = &mut state.campaigns else {
            return;
        };
        let was_complete = campaigns.is_complete();
        campaigns.take(change);
        let is_complete = campaigns.is_complete();
        drop(state);
        if was_complete && !is_complete {
            tracing::warn!(
                campaign.id = change.campaign.as_str(),
                "a change of a campaign does not continue what is known of it, as if something else than this service had \
                 written: all campaigns are read again"
            );
            self.wanted.notify_one();
        }
    }

    /// Gives up what is known or being loaded, and asks for a load.
    pub fn forget(&self) {
        let mut state = self.state.write();
        state.loading = None;
        if let Some(known) = state.campaigns.take() {
            state.discarded = Some(known);
        }
        drop(state);
        self.wanted.notify_one();
    }

    /// Waits until a load may be needed.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Keeps changes from here on, for a load; false if none is needed. It may take a while.
    pub fn expect(&self) -> bool {
        let mut state = self.state.write();
        if state.campaigns.as_ref().is_some_and(Campaigns::is_complete) {
            return false;
        }
        state.loading = Some(Vec::new());
        let discarded = state.discarded.take();
        drop(state);
        drop(discarded);
        true
    }

    /// Takes in what was loaded since [`Memory::expect`]; false if it was forgotten meanwhile. It may take a while.
    pub fn fill(&self, mut loaded: Campaigns) -> bool {
        loop {
            let mut state = self.state.write();
            let Some(later) = &mut state.loading else {
                return false;
            };
            if later.is_empty() {
                let complete = loaded.is_complete();
                state.loading = None;
                let before = state.campaigns.replace(loaded);
                drop(state);
                drop(before);
                if !complete {
                    self.wanted.notify_one();
                }
                return true;
            }
            // Without the lock: there may be many, and the next ones must not wait.
            let later = std::mem::take(later);
            drop(state);
            for change in &later {
                loaded.take(change);
            }
        }
    }

    /// Gives up a load, and asks for another one.
    pub fn load_failed(&self) {
        self.state.write().loading = None;
        self.wanted.notify_one();
    }
}

#[cfg(test)]
mod tests;

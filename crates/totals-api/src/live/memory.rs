//! All campaigns, as one read of them and the change stream have brought them to memory.
//!
//! Changes that come while the read is under way are kept until its end and applied then; those that the read shows already
//! are recognised by their moments and skipped. No earlier change can be missing: the read is asked for the latest moment
//! that any answer had shown once changes were being kept, or a later one.
//!
//! When a stream begins anew, nothing in memory can be relied on, and all campaigns are read again. When a change does not
//! continue what is known of its campaign, that campaign cannot be relied on: its reads go to the database, and so do pages
//! of the list until all campaigns are read again.

use parking_lot::RwLock;
use tokio::sync::Notify;
use totals_core::domain::CampaignId;
use totals_core::store::{Change, Listing, Page, Sum};

use super::campaigns::{Campaigns, View};

/// All campaigns, as far as they are known.
#[derive(Debug, Default)]
pub struct Memory {
    state: RwLock<MemoryState>,
    /// Asks for a load.
    wanted: Notify,
}

#[derive(Debug, Default)]
struct MemoryState {
    /// What is known; `None` if nothing can be relied on.
    campaigns: Option<Campaigns>,
    /// The changes since a load has begun, if one is under way.
    loading: Option<Vec<Change>>,
    /// What was known before. The next load drops it: that takes a while with a million campaigns, and the changes must not
    /// wait for it.
    discarded: Option<Campaigns>,
}

impl Memory {
    /// What a campaign shows; `None` if memory cannot tell.
    pub fn totals(&self, campaign: &str) -> Option<View> {
        self.state.read().campaigns.as_ref()?.totals(campaign)
    }

    /// What each of these campaigns shows at one moment; `None` if memory cannot tell of one of them.
    pub fn totals_of(&self, campaigns: &[CampaignId]) -> Option<Vec<View>> {
        let state = self.state.read();
        let known = state.campaigns.as_ref()?;
        campaigns
            .iter()
            .map(|campaign| known.totals(campaign.as_str()))
            .collect()
    }

    /// A page; `None` if memory cannot tell.
    pub fn page(&self, page: &Page) -> Option<Listing> {
        self.state.read().campaigns.as_ref()?.page(page)
    }

    /// The sum of all campaigns; `None` if memory cannot tell.
    pub fn sum(&self) -> Option<Sum> {
        self.state.read().campaigns.as_ref()?.sum()
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

    /// Applies the changes of one commit, or what a read shows as the new states of campaigns. A reader sees all of them or
    /// none.
    pub fn apply(&self, changes: &[Change]) {
        let mut state = self.state.write();
        if let Some(later) = &mut state.loading {
            later.extend_from_slice(changes);
        }
        let Some(campaigns) = &mut state.campaigns else {
            return;
        };
        let mut broken = None;
        for change in changes {
            let was_complete = campaigns.is_complete();
            campaigns.apply(change);
            if was_complete && !campaigns.is_complete() {
                broken = Some(&change.campaign);
            }
        }
        drop(state);
        if let Some(campaign) = broken {
            tracing::warn!(
                campaign.id = campaign.as_str(),
                "a change of a campaign does not continue what is known of it, as if something else than this service had \
                 written: all campaigns are read again"
            );
            self.wanted.notify_one();
        }
    }

    /// Drops what is known or being loaded, and asks for a load.
    pub fn invalidate(&self) {
        let mut state = self.state.write();
        state.loading = None;
        if let Some(known) = state.campaigns.take() {
            state.discarded = Some(known);
        }
        drop(state);
        self.wanted.notify_one();
    }

    /// Waits until a load may be needed.
    pub async fn load_wanted(&self) {
        self.wanted.notified().await;
    }

    /// Keeps the changes from here on, for a load. Returns false if no load is needed. It may block for a while.
    pub fn begin_load(&self) -> bool {
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

    /// Takes what was loaded since [`Memory::begin_load`]. Returns false if the load was invalidated meanwhile. It may block
    /// for a while.
    pub fn finish_load(&self, mut loaded: Campaigns) -> bool {
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
            // Without the lock: there may be many changes, and the next ones must not wait.
            let later = std::mem::take(later);
            drop(state);
            for change in &later {
                loaded.apply(change);
            }
        }
    }

    /// Drops the load that has failed, and asks for another one.
    pub fn fail_load(&self) {
        self.state.write().loading = None;
        self.wanted.notify_one();
    }
}

#[cfg(test)]
mod tests;

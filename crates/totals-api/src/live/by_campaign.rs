//! Something of each campaign that somebody needs at the moment, and that all who need it share.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use totals_core::domain::CampaignId;

/// One `T` for each campaign, as long as anybody has a share of it.
#[derive(Debug)]
pub struct ByCampaign<T>(Mutex<HashMap<CampaignId, Weak<T>>>);

impl<T> Default for ByCampaign<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Default> ByCampaign<T> {
    /// What is shared of this campaign, if anybody has a share.
    pub fn get(&self, campaign: &CampaignId) -> Option<Arc<T>> {
        self.0.lock().get(campaign).and_then(Weak::upgrade)
    }

    /// What is shared of every campaign.
    pub fn all(&self) -> Vec<Arc<T>> {
        self.0.lock().values().filter_map(Weak::upgrade).collect()
    }

    /// A share, to be given back by [`ByCampaign::leave`].
    pub fn join(&self, campaign: &CampaignId) -> Arc<T> {
        let mut all = self.0.lock();
        all.get(campaign).and_then(Weak::upgrade).unwrap_or_else(|| {
            let shared = Arc::new(T::default());
            all.insert(campaign.clone(), Arc::downgrade(&shared));
            shared
        })
    }

    /// Gives back one share. The last one removes the entry.
    pub fn leave(&self, campaign: &CampaignId, share: &mut Arc<T>) {
        let mut all = self.0.lock();
        // Under the lock, so that one of several that leave at once is the last.
        *share = Arc::default();
        if all.get(campaign).is_some_and(|others| others.strong_count() == 0) {
            all.remove(campaign);
        }
    }
}

//! Pages of the list: from memory, or from the database while the list is not there.
//!
//! The list is loaded when a stream of changes begins, not when someone asks, so that a page is hardly ever waited for.
//! Until it is there, MongoDB sorts all campaigns for each page, which is as right and costs it up to seconds: so there is one
//! such read at a time, for all who want the same page, and whoever does not get a turn soon is refused.
//!
//! What such a page shows is told to everything in memory, as what a slot reads is told to the list. So no answer falls
//! behind what another one has shown, wherever either came from.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use totals_core::store::{At, CampaignTotals, ClusterTime, Listing, Page, Store};

use super::rendered::Rendered;
use super::{Inner, Live};
use crate::database::LONGEST_WAIT;
use crate::error::ApiError;
use crate::joint::Joint;

/// The pages that are being read from the database.
#[derive(Debug)]
pub struct Pages {
    under_way: Joint<Page, Result<Arc<Listing>, ApiError>>,
    turn: Arc<Semaphore>,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            under_way: Joint::default(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Live {
    /// A page of the list.
    ///
    /// # Errors
    /// [`ApiError`] if the list is not in memory and the database cannot answer in time.
    pub async fn page(&self, page: &Page) -> Result<Arc<Listing>, ApiError> {
        if let Some(listing) = self.page_in_memory(page) {
            return Ok(Arc::new(listing));
        }
        let read = || self.clone().page_through(page.clone());
        self.0.pages.under_way.join(page.clone(), read).await
    }

    fn page_in_memory(&self, page: &Page) -> Option<Listing> {
        let current = self.0.feed.is_current();
        current.then(|| self.0.list.page(page)).flatten()
    }

    /// Reads a page from the database, unless the list is there when its turn has come.
    async fn page_through(self, page: Page) -> Result<Arc<Listing>, ApiError> {
        let turn = timeout(LONGEST_WAIT, self.0.pages.turn.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(ApiError::Overloaded);
        };
        if let Some(listing) = self.page_in_memory(&page) {
            return Ok(Arc::new(listing));
        }
        let earliest = self.0.feed.seen();
        let read = async move |store: Store| {
            let _until_it_ends = turn;
            store.list(page, earliest).await
        };
        let At { found, moment } = self.0.database.read(read).await?;
        if let Some(at) = moment {
            for totals in &found.totals {
                self.tell(at, totals);
            }
        }
        Ok(Arc::new(found))
    }

    /// Nothing in memory shows less from here on than this read has.
    fn tell(&self, at: ClusterTime, totals: &CampaignTotals) {
        self.tell_list(at, totals);
        let Inner { slots, currency, .. } = &*self.0;
        if let Some(slot) = slots.peek(&totals.campaign) {
            let rendered = Arc::new(Rendered::new(totals.clone(), *currency));
            slot.fill(at, Some(rendered), *currency);
        }
    }
}

//! Pages of the list: from memory, or from the database while memory cannot tell.
//!
//! All campaigns are loaded when a change stream begins, not when someone asks, so that a page is hardly ever waited for.
//! Until they are there, MongoDB sorts all campaigns for each page, which is as right and costs it up to seconds: so there
//! is one such read at a time, for all who want the same page, and a caller that does not get a turn soon is refused.
//!
//! What such a page shows is put into memory, as what any read finds is.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use totals_core::store::{At, Listing, Page, Store};

use super::Live;
use crate::database::LONGEST_WAIT;
use crate::error::ApiError;
use crate::single_flight::SingleFlight;

/// The pages that are being read from the database.
#[derive(Debug)]
pub struct Pages {
    under_way: SingleFlight<Page, Result<Arc<Listing>, ApiError>>,
    turn: Arc<Semaphore>,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            under_way: SingleFlight::default(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Live {
    /// A page of the list.
    ///
    /// # Errors
    /// [`ApiError`] if memory cannot tell and the database cannot answer in time.
    pub async fn page(&self, page: &Page) -> Result<Arc<Listing>, ApiError> {
        if let Some(listing) = self.page_in_memory(page).await {
            return Ok(Arc::new(listing));
        }
        let read = || self.clone().page_through(page.clone());
        self.0.pages.under_way.join(page.clone(), read).await
    }

    pub(super) async fn page_in_memory(&self, page: &Page) -> Option<Listing> {
        let covered = || self.0.freshness.covers_all();
        self.once_covered(|| self.0.memory.page(page), covered).await
    }

    /// Reads a page from the database, unless memory can tell when its turn has come.
    async fn page_through(self, page: Page) -> Result<Arc<Listing>, ApiError> {
        let turn = timeout(LONGEST_WAIT, self.0.pages.turn.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(ApiError::Overloaded);
        };
        if let Some(listing) = self.page_in_memory(&page).await {
            return Ok(Arc::new(listing));
        }
        let earliest = self.0.freshness.seen();
        let read = async move |store: Store| store.holding(turn).list(page, earliest).await;
        let At { found, moment } = self.0.database.read(read).await?;
        if let Some(at) = moment {
            for totals in &found.totals {
                self.tell(at, totals);
            }
        }
        Ok(Arc::new(found))
    }
}

//! Pages of the list: from memory, or from the database while memory cannot tell.
//!
//! All campaigns are loaded when a change stream begins, not when someone asks, so hardly any page waits for the load. Until
//! it ends, MongoDB sorts all campaigns for each page, which takes up to seconds. So one page at a time is read from the
//! database, all who want the same page share that read, and a caller that does not get a turn soon is refused.
//!
//! The totals on such a page are put into memory, like those that any other read finds.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};
use totals_core::store::{At, ClusterTime, Listing, Page, Store};

use super::Live;
use crate::database::READ_QUEUE_TIMEOUT;
use crate::error::ApiError;

impl Live {
    /// A page of the list: from memory, or from the database if memory cannot tell.
    ///
    /// # Errors
    /// [`ApiError`] if the database cannot answer in time.
    pub async fn page(&self, page: &Page) -> Result<Arc<Listing>, ApiError> {
        loop {
            if let Some(listing) = self.page_in_memory(page).await {
                return Ok(Arc::new(listing));
            }
            let read = || self.clone().page_through(page.clone());
            if let Some(listing) = self.shared(&self.0.page_reads, page, read).await? {
                return Ok(listing);
            }
        }
    }

    pub(super) async fn page_in_memory(&self, page: &Page) -> Option<Listing> {
        let covered = || self.0.freshness.covers_all();
        self.wait_until_covered(|| self.0.memory.page(page), covered)
            .await
    }

    /// Waits for the turn of a read of many campaigns, which go one at a time; `None` if what memory is asked for is there when
    /// the turn has come.
    pub(super) async fn turn<T>(
        &self,
        in_memory: impl Future<Output = Option<T>>,
    ) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
        let turn = timeout(READ_QUEUE_TIMEOUT, self.0.page_turn.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(ApiError::Overloaded);
        };
        Ok(in_memory.await.is_none().then_some(turn))
    }

    /// Reads a page from the database; finds `None` if memory can tell when its turn has come. Then all who have waited look
    /// there themselves: one of them may have to show a later moment than another.
    async fn page_through(self, page: Page) -> Result<At<Option<Arc<Listing>>>, ApiError> {
        let Some(turn) = self.turn(self.page_in_memory(&page)).await? else {
            return Ok(At {
                found: None,
                moment: self.0.freshness.seen(),
            });
        };
        let earliest = self.0.freshness.seen();
        let read = async move |store: Store| store.holding(turn).list(page, earliest).await;
        let At { found, moment } = self.0.database.read(read).await?;
        self.remember_page(&found, moment, Instant::now());
        Ok(At {
            found: Some(Arc::new(found)),
            moment,
        })
    }

    /// From here on memory shows of the list what a read that ended at `ended` has shown, or something newer.
    pub(super) fn remember_page(&self, found: &Listing, at: ClusterTime, ended: Instant) {
        self.0.freshness.note_seen(at);
        self.0.freshness.note_read(ended);
        for totals in &found.totals {
            self.remember_totals(at, totals);
        }
        // What the page did not show has no place in memory.
        self.0.freshness.note_page(ended);
    }
}

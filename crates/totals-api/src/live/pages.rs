//! Pages of the list: from memory, or from the database while the list is not there.
//!
//! The list is loaded when a stream of changes begins, not when someone asks, so that a page is hardly ever waited for.
//! Until it is there, MongoDB sorts all campaigns for each page, which is as right and costs it up to seconds: so there
//! is one such read at a time, for all who want the same page, and whoever does not get a turn soon is refused.
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
        let current = self.is_current();
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tokio::time::Instant;
    use totals_core::domain::{Money, Timestamp, Totals};
    use totals_core::runtime::config::{self, Source};
    use totals_core::store::{Follower, SortBy, SortOrder, Start};

    use super::super::ranking::{Campaigns, Ranking};
    use super::*;
    use crate::database::Database;

    #[tokio::test]
    async fn what_a_page_from_the_database_has_shown_is_shown_from_memory_as_well() {
        let config = Source::from_layers(HashMap::new(), HashMap::new()).unwrap();
        let config = config.api().unwrap();
        let url = "mongodb://127.0.0.1:9/totals".into();
        let database = Database::open(config::Database { url }, config.currency, 1)
            .await
            .unwrap();
        let live = Live::start(database, config.currency, config.bounds);
        let shown = CampaignTotals {
            campaign: "c".try_into().unwrap(),
            totals: Totals {
                amount: Money::from_minor(100),
                pledges: 1,
                donors: 1,
            },
            revision: 1,
            last_updated: Timestamp::from_unix_millis(0),
        };
        let page = Page {
            limit: 1,
            start: Start::Offset(0),
            sort_by: SortBy::TotalAmount,
            order: SortOrder::Descending,
        };

        // From here on nothing is awaited, and so nothing happens in between.
        let [before, then] = [1, 2].map(ClusterTime::from_bits);
        live.begin(before);
        live.0.database.currency.agree();
        assert!(live.0.list.expect());
        assert!(live.0.list.fill(Ranking::new(before, Campaigns::new())));
        let slot = live.0.slots.slot(&shown.campaign, before);
        live.current(Instant::now());
        assert_eq!(live.page_in_memory(&page), Some(Listing::default()));

        live.tell(then, &shown);
        let listed = live.page_in_memory(&page).unwrap().totals;
        assert_eq!(listed, std::slice::from_ref(&shown));
        let in_slot = slot.shown(before).unwrap();
        assert_eq!((in_slot.at, &in_slot.totals.unwrap().totals), (then, &shown));
    }
}

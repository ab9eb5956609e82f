//! Several campaigns at once: from memory, or from the database in one read for all that memory cannot tell of.
//!
//! A read for each of them would need as many permits as there are campaigns. Where MongoDB takes its time, a request for a
//! hundred campaigns would then be refused because of its own reads.

use futures::future::join_all;
use tokio::time::Instant;
use totals_core::domain::CampaignId;
use totals_core::store::{At, Store};

use super::{Live, View};
use crate::error::ApiError;

impl Live {
    /// What each of these campaigns shows now, as [`Live::read`] tells of one; `None` for a campaign whose document this service
    /// has not written.
    ///
    /// # Errors
    /// [`ApiError`] if the database cannot answer in time.
    pub async fn read_all(&self, campaigns: &[CampaignId]) -> Result<Vec<Option<View>>, ApiError> {
        let in_memory = campaigns.iter().map(|campaign| self.covered_in_memory(campaign));
        let in_memory = join_all(in_memory).await;
        let rest = campaigns.iter().zip(&in_memory);
        let rest = rest
            .filter(|(_, view)| view.is_none())
            .map(|(campaign, _)| campaign.clone());
        let mut rest = self.read_all_through(rest.collect()).await?.into_iter();
        let views = in_memory.into_iter();
        Ok(views
            .map(|view| view.map_or_else(|| rest.next().flatten(), Some))
            .collect())
    }

    /// What each of these campaigns shows now, if memory can tell at once of all of them.
    pub fn all_in_memory(&self, campaigns: &[CampaignId]) -> Option<Vec<View>> {
        let covers = |campaign: &CampaignId| self.0.freshness.covers(campaign.as_str());
        let shown = self.is_current() && campaigns.iter().all(covers);
        shown.then(|| self.0.memory.totals_of(campaigns)).flatten()
    }

    /// What a campaign shows now, as soon as memory has all that reads have shown of it; `None` if memory cannot tell.
    pub(super) async fn covered_in_memory(&self, campaign: &CampaignId) -> Option<View> {
        let (live, id) = (&self.0, campaign.as_str());
        if let Some(view) = self.in_memory(id) {
            return Some(view);
        }
        self.wait_until_covered(|| live.memory.totals(id), || live.freshness.covers(id))
            .await
    }

    /// Reads campaigns from the database, all as of one moment.
    async fn read_all_through(&self, campaigns: Vec<CampaignId>) -> Result<Vec<Option<View>>, ApiError> {
        if campaigns.is_empty() {
            return Ok(Vec::new());
        }
        let (ids, earliest) = (campaigns.clone(), self.0.freshness.seen());
        let read = async move |store: Store| store.totals_of(&ids, earliest).await;
        let At { found, moment } = self.0.database.read(read).await?;
        let ended = Instant::now();
        let views = campaigns.iter().zip(found).map(|(campaign, found)| {
            let found = ApiError::unless_foreign(found.map_err(ApiError::from))?;
            Ok(found.map(|found| {
                let read = At { found, moment };
                self.remember(campaign, &read, ended);
                read.found
            }))
        });
        views.collect()
    }
}

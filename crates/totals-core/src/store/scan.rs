//! All campaigns' totals as of one moment, for whoever keeps them and follows the changes after it.

use mongodb::bson::doc;

use super::cluster_time::ClusterTime;
use super::document::CAMPAIGN_TOTALS;
use super::read::CampaignTotals;
use super::snapshot::{Snapshot, Stream};
use super::{Store, StoreError, detached};

/// The totals of all campaigns, in no order.
pub struct Scan {
    moment: ClusterTime,
    stream: Option<Stream<CampaignTotals>>,
}

impl Store {
    /// All campaigns, as of `earliest` or later.
    ///
    /// # Errors
    /// As [`Store::totals`].
    pub async fn scan(&self, earliest: ClusterTime) -> Result<Scan, StoreError> {
        let store = self.clone();
        let moment = detached(async move { store.moment(earliest).await }).await??;
        let Some(moment) = moment else {
            // There is no collection, and so there was nothing: its creation is a change that is yet to come.
            return Ok(Scan {
                moment: earliest,
                stream: None,
            });
        };
        // Whole documents: to leave out the little that nobody needs costs MongoDB half as much again.
        let find = doc! { "find": CAMPAIGN_TOTALS, "filter": {} };
        let stream = Snapshot::at(&self.database, moment).stream(find, CampaignTotals::read);
        Ok(Scan {
            moment,
            stream: Some(stream),
        })
    }
}

impl Scan {
    /// The moment that it shows.
    pub fn moment(&self) -> ClusterTime {
        self.moment
    }

    /// The next campaign.
    ///
    /// # Errors
    /// As [`Store::totals`]; what came before is not all there is.
    pub async fn next(&mut self) -> Result<Option<CampaignTotals>, StoreError> {
        match &mut self.stream {
            Some(stream) => stream.next().await,
            None => Ok(None),
        }
    }
}

//! All campaigns' totals as of one moment, for the API, which keeps them and follows the changes after it.

use mongodb::bson::doc;

use crate::domain::CampaignId;
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::read::cluster_time::ClusterTime;
use crate::store::read::one::CampaignTotals;
use crate::store::read::snapshot::{Snapshot, Stream};
use crate::store::schema::document::{CAMPAIGN_TOTALS, id_in};

/// The totals of all campaigns, in no order.
pub struct Scan {
    moment: ClusterTime,
    stream: Option<Stream<Scanned>>,
}

/// What is stored of one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// Its totals.
    Totals(CampaignTotals),
    /// A document that this service did not write.
    Unreadable(CampaignId),
}

impl Store {
    /// All campaigns, as of `earliest` or later.
    ///
    /// # Errors
    /// As [`Store::totals`].
    pub async fn scan(&self, earliest: ClusterTime) -> Result<Scan, StoreError> {
        let moment = self.moment(earliest).await?;
        let Some(moment) = moment else {
            // There is no collection, and so there was nothing: its creation is a change that is yet to come.
            return Ok(Scan {
                moment: earliest,
                stream: None,
            });
        };
        // Whole documents: to leave out the little that nobody needs costs MongoDB half as much again.
        let find = doc! { "find": CAMPAIGN_TOTALS, "filter": {} };
        let left_out = self.left_out.clone();
        let stream = Snapshot::at(self, moment).stream_some(find, move |document| {
            Ok(match CampaignTotals::read(document) {
                Ok(totals) => Some(Scanned::Totals(totals)),
                Err(error) => {
                    left_out.add(&error);
                    id_in(document, "_id").map(Scanned::Unreadable)
                }
            })
        });
        Ok(Scan {
            moment,
            stream: Some(stream),
        })
    }
}

impl Scan {
    /// The moment that the scan shows.
    pub fn moment(&self) -> ClusterTime {
        self.moment
    }

    /// The next campaign.
    ///
    /// # Errors
    /// As [`Store::totals`]; what came before is not all there is.
    pub async fn next(&mut self) -> Result<Option<Scanned>, StoreError> {
        match &mut self.stream {
            Some(stream) => stream.next().await,
            None => Ok(None),
        }
    }
}

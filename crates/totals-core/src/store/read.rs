//! Reads of totals: an indexed lookup here, a stretch of an index in `list`, never anything that grows with donations.
//!
//! They see what a majority has, and nothing before: a total that MongoDB could still lose in a crash would be shown
//! and then taken back.

use std::time::Duration;

use mongodb::bson::doc;
use mongodb::options::ReadConcern;

use super::document::{TotalsDocument, timestamp};
use super::{Store, StoreError, detached};
use crate::domain::{CampaignId, Timestamp, Totals};

/// How long a read may take before its caller is told that the database cannot answer in time.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// The state of one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignTotals {
    /// Which campaign.
    pub campaign: CampaignId,
    /// Its totals.
    pub totals: Totals,
    /// Grows by one with each change; 1 is the first.
    pub revision: i64,
    /// When the totals last changed, by the worker's clock.
    pub last_updated: Timestamp,
}

/// Why a read has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No answer within the time a read may take.
    #[error("the database did not answer within {} s", READ_TIMEOUT.as_secs())]
    TimedOut,
    /// The database is away or refuses.
    #[error("the database cannot answer")]
    Unavailable(#[from] StoreError),
}

impl Store {
    /// The totals of one campaign; `None` if no donation to it was ever counted.
    ///
    /// # Errors
    /// [`ReadError`] if the database cannot answer in time; never a made-up zero.
    pub async fn totals(&self, campaign: &CampaignId) -> Result<Option<CampaignTotals>, ReadError> {
        let (totals, id) = (self.campaign_totals::<TotalsDocument>(), campaign.to_string());
        in_time(async move {
            let found = totals
                .find_one(doc! { "_id": id })
                .read_concern(ReadConcern::majority())
                .max_time(READ_TIMEOUT)
                .await?;
            Ok(found.map(CampaignTotals::from))
        })
        .await
    }
}

impl From<TotalsDocument> for CampaignTotals {
    fn from(document: TotalsDocument) -> Self {
        Self {
            totals: Totals::from(&document),
            campaign: document.id,
            revision: document.revision,
            last_updated: timestamp(document.last_updated),
        }
    }
}

/// Runs a read to its end in its own task, and waits for it no longer than a read may take.
pub(super) async fn in_time<T: Send + 'static>(
    read: impl Future<Output = Result<T, mongodb::error::Error>> + Send + 'static,
) -> Result<T, ReadError> {
    match tokio::time::timeout(READ_TIMEOUT, detached(read)).await {
        Err(_elapsed) => Err(ReadError::TimedOut),
        Ok(answer) => Ok(answer?.map_err(StoreError::from)?),
    }
}

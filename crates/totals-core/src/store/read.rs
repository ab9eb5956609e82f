//! Reads of totals: an indexed lookup or a page along an index, never anything that grows with donations.
//!
//! They see what a majority has, and nothing before: a total that MongoDB could still lose in a crash would be shown
//! and then taken back.

use std::time::Duration;

use futures::TryStreamExt;
use mongodb::bson::{Document, doc};
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

/// Which part of the list of campaigns to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most so many campaigns.
    pub limit: u32,
    /// After skipping so many.
    pub offset: u32,
    /// Ordered by this.
    pub sort_by: SortBy,
    /// In this direction.
    pub order: SortOrder,
}

/// What a list is ordered by. Campaigns that are equal in it are ordered by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortBy {
    /// The amount raised.
    TotalAmount,
    /// The count of pledges.
    TotalPledges,
    /// The count of donors.
    TotalDonors,
    /// The time of the last change.
    LastUpdated,
}

/// The direction of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortOrder {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
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

    /// A page of campaigns, and how many there are in all.
    ///
    /// # Errors
    /// As [`Store::totals`].
    pub async fn list(&self, page: Page) -> Result<(Vec<CampaignTotals>, u64), ReadError> {
        let totals = self.campaign_totals::<TotalsDocument>();
        in_time(async move {
            let count = totals
                .count_documents(doc! {})
                .read_concern(ReadConcern::majority())
                .max_time(READ_TIMEOUT)
                .await?;
            if u64::from(page.offset) >= count {
                return Ok((Vec::new(), count));
            }
            let found = totals
                .find(doc! {})
                .read_concern(ReadConcern::majority())
                .sort(page.sort())
                .skip(u64::from(page.offset))
                .limit(i64::from(page.limit))
                .max_time(READ_TIMEOUT)
                .await?;
            Ok((found.map_ok(CampaignTotals::from).try_collect().await?, count))
        })
        .await
    }
}

impl Page {
    fn sort(self) -> Document {
        let field = match self.sort_by {
            SortBy::TotalAmount => "totalAmountMinor",
            SortBy::TotalPledges => "totalPledges",
            SortBy::TotalDonors => "totalDonors",
            SortBy::LastUpdated => "lastUpdated",
        };
        let direction = match self.order {
            SortOrder::Ascending => 1,
            SortOrder::Descending => -1,
        };
        doc! { field: direction, "_id": direction }
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

//! Reads of totals: an indexed lookup here, a stretch of an index in `list`, never anything that grows with donations.
//!
//! They see what a majority has, and nothing before: a total that MongoDB could still lose in a crash would be shown
//! and then taken back. Those here also say which moment they show, for whoever keeps the answer and follows the changes
//! after it, and can be told to show no earlier one than the caller has seen already: a member that has just become
//! primary might otherwise answer from before it.

use std::time::Duration;

use mongodb::bson::{Bson, Document, Timestamp as BsonTimestamp, deserialize_from_document, doc};
use mongodb::error::Error;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::cluster_time::ClusterTime;
use super::document::{CAMPAIGN_TOTALS, TotalsDocument, timestamp};
use super::error::server_code;
use super::{Store, StoreError, detached};
use crate::domain::{CampaignId, Timestamp, Totals};

/// How long a read may take before its caller is told that the database cannot answer in time.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// Server code `SnapshotUnavailable`: an index or a collection was made a moment ago.
const SNAPSHOT_UNAVAILABLE: i32 = 246;

/// Before a read is tried again for which there is no snapshot yet.
const PAUSE: Duration = Duration::from_millis(10);

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

/// What was found, and when it was so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// What was found.
    pub found: T,
    /// The moment that the answer shows; `None` while there is no collection yet.
    pub moment: Option<ClusterTime>,
}

impl Store {
    /// The totals of one campaign (`None` if no donation to it was ever counted), as of `earliest` or later.
    ///
    /// # Errors
    /// [`ReadError`] if the database cannot answer in time; never a made-up zero.
    pub async fn totals(
        &self,
        campaign: &CampaignId,
        earliest: ClusterTime,
    ) -> Result<At<Option<CampaignTotals>>, ReadError> {
        let command = doc! {
            "find": CAMPAIGN_TOTALS, "filter": { "_id": campaign.as_str() }, "limit": 1, "singleBatch": true,
        };
        let At { found, moment } = self.first_at(command, earliest).await?;
        let found = found.map(read::<TotalsDocument>).transpose()?;
        Ok(At {
            found: found.map(CampaignTotals::from),
            moment,
        })
    }

    /// How many campaigns have totals, as of `earliest` or later. It takes longer the more there are.
    ///
    /// # Errors
    /// As [`Store::totals`].
    pub async fn count(&self, earliest: ClusterTime) -> Result<At<u64>, ReadError> {
        let command = doc! {
            "aggregate": CAMPAIGN_TOTALS, "pipeline": [{ "$count": "campaigns" }], "cursor": {}, "hint": "_id_",
        };
        let At { found, moment } = self.first_at(command, earliest).await?;
        let counted = found.map(read::<Counted>).transpose()?;
        Ok(At {
            found: counted.map_or(0, |counted| counted.campaigns),
            moment,
        })
    }

    /// The first document that a command yields as of `earliest` or later.
    async fn first_at(
        &self,
        mut command: Document,
        earliest: ClusterTime,
    ) -> Result<At<Option<Document>>, ReadError> {
        let mut concern = doc! { "level": "snapshot" };
        if earliest > ClusterTime::default() {
            concern.insert("afterClusterTime", BsonTimestamp::from(earliest));
        }
        command.insert("readConcern", concern);
        command.insert(
            "maxTimeMS",
            i64::try_from(READ_TIMEOUT.as_millis()).unwrap_or(i64::MAX),
        );
        let database = self.database.clone();
        in_time(async move {
            let deadline = Instant::now() + READ_TIMEOUT;
            loop {
                let run = database.run_command(command.clone());
                let run = match database.selection_criteria() {
                    Some(criteria) => run.selection_criteria(criteria.clone()),
                    None => run,
                };
                match run.await {
                    Err(error)
                        if server_code(&error) == Some(SNAPSHOT_UNAVAILABLE) && Instant::now() < deadline =>
                    {
                        tokio::time::sleep(PAUSE).await;
                    }
                    answer => return answer.and_then(first),
                }
            }
        })
        .await
    }
}

#[derive(Deserialize)]
struct Counted {
    campaigns: u64,
}

fn read<T: DeserializeOwned>(document: Document) -> Result<T, ReadError> {
    let read = deserialize_from_document(document);
    read.map_err(|error| StoreError::from(Error::from(error)).into())
}

fn first(mut answer: Document) -> Result<At<Option<Document>>, Error> {
    let cursor = answer.get_document_mut("cursor").map_err(Error::custom)?;
    let moment = cursor.get_timestamp("atClusterTime").ok().map(ClusterTime::from);
    let batch = cursor.get_array_mut("firstBatch").map_err(Error::custom)?;
    let found = batch.first_mut().and_then(|first| match first {
        Bson::Document(document) => Some(std::mem::take(document)),
        _ => None,
    });
    Ok(At { found, moment })
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

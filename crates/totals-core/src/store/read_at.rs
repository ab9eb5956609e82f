//! Reads that say which moment they show, for whoever keeps their answers and follows the changes after it.
//!
//! A snapshot read names its moment. It can also be told to show no earlier one than a moment that the caller has
//! seen already: a member that has just become primary may otherwise answer from before it.

use std::time::Duration;

use mongodb::bson::{Document, deserialize_from_document, doc};
use mongodb::error::Error;
use tokio::time::Instant;

use super::cluster_time::ClusterTime;
use super::document::{CAMPAIGN_TOTALS, TotalsDocument};
use super::error::server_code;
use super::read::{CampaignTotals, READ_TIMEOUT, ReadError, in_time};
use super::{Store, StoreError};
use crate::domain::CampaignId;

/// Server code `SnapshotUnavailable`: an index or a collection was made a moment ago.
const SNAPSHOT_UNAVAILABLE: i32 = 246;

/// Before a read is tried again for which there is no snapshot yet.
const PAUSE: Duration = Duration::from_millis(10);

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
    pub async fn totals_at(
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
    /// As [`Store::totals_at`].
    pub async fn count_at(&self, earliest: ClusterTime) -> Result<At<u64>, ReadError> {
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
            concern.insert("afterClusterTime", mongodb::bson::Timestamp::from(earliest));
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

#[derive(serde::Deserialize)]
struct Counted {
    campaigns: u64,
}

fn read<T: serde::de::DeserializeOwned>(document: Document) -> Result<T, ReadError> {
    let read = deserialize_from_document(document);
    read.map_err(|error| StoreError::from(Error::from(error)).into())
}

fn first(mut answer: Document) -> Result<At<Option<Document>>, Error> {
    let cursor = answer.get_document_mut("cursor").map_err(Error::custom)?;
    let moment = cursor.get_timestamp("atClusterTime").ok().map(ClusterTime::from);
    let batch = cursor.get_array_mut("firstBatch").map_err(Error::custom)?;
    let found = batch.first_mut().and_then(|first| match first {
        mongodb::bson::Bson::Document(document) => Some(std::mem::take(document)),
        _ => None,
    });
    Ok(At { found, moment })
}

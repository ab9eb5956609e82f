//! Reads of totals: one campaign here, a page of them in `list`, all of them in `scan`, never anything that grows with
//! donations.
//!
//! They see what a majority has, and nothing before: a total that MongoDB could still lose in a crash would be shown
//! and then taken back. Those here also say which moment they show, for whoever keeps the answer and follows the changes
//! after it, and can be told to show no earlier one than the caller has seen already: a member that has just become
//! primary might otherwise answer from before it.

use std::time::Duration;

use mongodb::bson::{Bson, Document, RawDocument, RawDocumentBuf, Timestamp as BsonTimestamp, doc};
use mongodb::error::{Error, ErrorKind};
use tokio::time::Instant;

use crate::domain::{CampaignId, Timestamp, Totals};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::error::server_code;
use crate::store::read::cluster_time::ClusterTime;
use crate::store::read::snapshot;
use crate::store::schema::document::{CAMPAIGN_TOTALS, TotalsDocument};

/// How long a read may take in the database. Whoever waits for it should not wait longer.
pub const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// Server code `SnapshotUnavailable`: an index or a collection was made a moment ago.
const SNAPSHOT_UNAVAILABLE: i32 = 246;

/// Before a read is tried again.
const PAUSE: Duration = Duration::from_millis(10);

/// The state of one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignTotals {
    /// Which campaign.
    pub campaign: CampaignId,
    /// Its totals.
    pub totals: Totals,
    /// Grows by one with each commit that touches the campaign; 1 is the first.
    pub revision: i64,
    /// When the totals last changed, by the worker's clock.
    pub last_updated: Timestamp,
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
    /// [`StoreError`] if the database cannot answer; never a made-up zero.
    ///
    /// The future must be driven to its end; see [`crate::store::client`].
    pub async fn totals(
        &self,
        campaign: &CampaignId,
        earliest: ClusterTime,
    ) -> Result<At<Option<CampaignTotals>>, StoreError> {
        let command = doc! {
            "find": CAMPAIGN_TOTALS, "filter": { "_id": campaign.as_str() }, "limit": 1, "singleBatch": true,
        };
        let At { found, moment } = self.first_at(command, earliest).await?;
        let found = found.as_ref().map(|found| self.read(found)).transpose()?;
        Ok(At {
            found: found.map(CampaignTotals::from),
            moment,
        })
    }

    /// A moment from `earliest` on that can be read as of; `None` while there is no collection yet.
    pub(in crate::store) async fn moment(
        &self,
        earliest: ClusterTime,
    ) -> Result<Option<ClusterTime>, StoreError> {
        let probe = doc! {
            "find": CAMPAIGN_TOTALS, "limit": 1, "singleBatch": true, "projection": { "_id": 1 },
        };
        Ok(self.first_at(probe, earliest).await?.moment)
    }

    /// The first document that a command yields as of `earliest` or later.
    async fn first_at(
        &self,
        mut command: Document,
        earliest: ClusterTime,
    ) -> Result<At<Option<Document>>, StoreError> {
        let mut concern = doc! { "level": "snapshot" };
        if earliest > ClusterTime::default() {
            concern.insert("afterClusterTime", BsonTimestamp::from(earliest));
        }
        command.insert("readConcern", concern);
        command.insert(
            "maxTimeMS",
            i64::try_from(READ_TIMEOUT.as_millis()).unwrap_or(i64::MAX),
        );
        let deadline = Instant::now() + READ_TIMEOUT;
        let mut reconnected = false;
        loop {
            let run = self.database.run_command(command.clone());
            let run = match self.database.selection_criteria() {
                Some(criteria) => run.selection_criteria(criteria.clone()),
                None => run,
            };
            let error = match run.await {
                Ok(answer) => return Ok(first(answer)?),
                Err(error) => error,
            };
            let too_early = server_code(&error) == Some(SNAPSHOT_UNAVAILABLE) && Instant::now() < deadline;
            // A connection that died while nobody used it says nothing about the server.
            let died = matches!(*error.kind, ErrorKind::Io(_)) && !std::mem::replace(&mut reconnected, true);
            if !too_early && !died {
                return Err(error.into());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn read(&self, document: &Document) -> Result<TotalsDocument, StoreError> {
        let raw = RawDocumentBuf::try_from(document).map_err(Error::from)?;
        snapshot::read(&raw)
            .inspect_err(|error| self.left_out.add(error))
            .map_err(|error| error.within(CAMPAIGN_TOTALS))
    }
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

impl CampaignTotals {
    /// One of many, of a snapshot.
    pub(in crate::store) fn read(document: &RawDocument) -> Result<Self, StoreError> {
        snapshot::read::<TotalsDocument>(document).map(Self::from)
    }
}

impl From<TotalsDocument> for CampaignTotals {
    fn from(document: TotalsDocument) -> Self {
        Self {
            totals: Totals::from(&document),
            campaign: document.id,
            revision: document.revision,
            last_updated: document.last_updated,
        }
    }
}

//! Reads of totals: one campaign here, a page of them in `list`, all of them in `scan`, never anything that grows with
//! donations.
//!
//! Reads see only what a majority has: a total that MongoDB could still lose in a crash would be shown and then taken
//! back. The reads here also say which moment they show, for the API, which keeps the answer and follows the changes
//! after it. The caller names the moment that it has seen already, and gets no earlier one: a member that has just
//! become primary might otherwise answer from before it.

use std::sync::Arc;
use std::time::Duration;

use mongodb::Database;
use mongodb::action::Action;
use mongodb::bson::{Bson, Document, RawDocument, RawDocumentBuf, Timestamp as BsonTimestamp, doc};
use mongodb::error::{Error, ErrorKind};
use tokio::time::Instant;

use crate::domain::{CampaignFacts, CampaignId, Timestamp, Totals};
use crate::store::client::Store;
use crate::store::error::{StoreError, server_code};
use crate::store::read::cluster_time::ClusterTime;
use crate::store::read::snapshot;
use crate::store::schema::document::{CAMPAIGN_TOTALS, TotalsDocument};

/// How long a read may take in the database. Nobody should wait for it any longer.
pub const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// Server code `SnapshotUnavailable`: an index or a collection was made a moment ago.
const SNAPSHOT_UNAVAILABLE: i32 = 246;

/// The pause before a read is tried again.
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
    /// What is known of it beside its totals; `None` if that is nothing.
    pub facts: Option<Arc<CampaignFacts>>,
}

/// What was found, and the moment that it was true at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// What was found.
    pub found: T,
    /// A moment that the answer shows. While there is no collection, it is the earliest one that was asked for.
    pub moment: ClusterTime,
}

impl Store {
    /// The totals of one campaign (`None` if nobody has told of it), as of `earliest` or later.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer; never a made-up zero.
    pub async fn totals(
        &self,
        campaign: &CampaignId,
        earliest: ClusterTime,
    ) -> Result<At<Option<CampaignTotals>>, StoreError> {
        let command = doc! {
            "find": CAMPAIGN_TOTALS, "filter": { "_id": campaign.as_str() }, "limit": 1, "singleBatch": true,
        };
        let (found, moment) = self.first_at(command, earliest).await?;
        let found = found.as_ref().map(|found| self.read(found)).transpose()?;
        Ok(At {
            found: found.map(CampaignTotals::from),
            moment: moment.unwrap_or(earliest),
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
        let (_, moment) = self.first_at(probe, earliest).await?;
        Ok(moment)
    }

    /// The first document that a command yields as of `earliest` or later, and as of which moment; without a moment while
    /// there is no collection.
    async fn first_at(
        &self,
        mut command: Document,
        earliest: ClusterTime,
    ) -> Result<(Option<Document>, Option<ClusterTime>), StoreError> {
        let mut concern = doc! { "level": "snapshot" };
        if earliest > ClusterTime::default() {
            concern.insert("afterClusterTime", BsonTimestamp::from(earliest));
        }
        command.insert("readConcern", concern);
        command.insert("maxTimeMS", max_time());
        self.detached(|driver| async move { first(&driver.database, command).await })
            .await
    }

    fn read(&self, document: &Document) -> Result<TotalsDocument, StoreError> {
        let raw = RawDocumentBuf::try_from(document).map_err(Error::from)?;
        snapshot::read(&raw)
            .inspect_err(|error| self.left_out.add(error))
            .map_err(|error| error.within(CAMPAIGN_TOTALS))
    }
}

/// [`READ_TIMEOUT`] as a command takes it, in milliseconds.
pub(in crate::store) fn max_time() -> i64 {
    i64::try_from(READ_TIMEOUT.as_millis()).unwrap_or(i64::MAX)
}

async fn first(
    database: &Database,
    command: Document,
) -> Result<(Option<Document>, Option<ClusterTime>), StoreError> {
    let deadline = Instant::now() + READ_TIMEOUT;
    let mut reconnected = false;
    loop {
        let run = database
            .run_command(command.clone())
            .optional(database.selection_criteria().cloned(), |run, criteria| {
                run.selection_criteria(criteria)
            });
        let error = match run.await {
            Ok(answer) => return Ok(first_of(answer)?),
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

fn first_of(mut answer: Document) -> Result<(Option<Document>, Option<ClusterTime>), Error> {
    let cursor = answer.get_document_mut("cursor").map_err(Error::custom)?;
    let moment = cursor.get_timestamp("atClusterTime").ok().map(ClusterTime::from);
    let batch = cursor.get_array_mut("firstBatch").map_err(Error::custom)?;
    let found = batch.first_mut().and_then(|first| match first {
        Bson::Document(document) => Some(std::mem::take(document)),
        _ => None,
    });
    Ok((found, moment))
}

/// What is known of a campaign, if anything is.
pub(in crate::store) fn if_any(facts: CampaignFacts) -> Option<Arc<CampaignFacts>> {
    (facts != CampaignFacts::default()).then(|| Arc::new(facts))
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
            facts: if_any(CampaignFacts::from(&document.facts)),
        }
    }
}

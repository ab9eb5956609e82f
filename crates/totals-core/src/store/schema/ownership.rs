//! Tells this service's documents from those of another service, which keeps a collection of the same name.
//!
//! `DATABASE_URL` may name the database of another service by mistake, and `donations`, `event_log` and `settings` are likely
//! names. A document that has none of the fields below is that service's: nothing here changes or removes it. One that has
//! some of them is this service's own, and damaged. A database that this service has never used is refused if it holds
//! another's documents. It has used a database that has a log, unless all documents of the log are another's and this
//! service's settings are not written down.

use mongodb::Database;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};

use crate::store::client::primary;
use crate::store::error::StoreError;
use crate::store::schema::document::settings::{self, SETTINGS};
use crate::store::schema::document::{
    CAMPAIGN_HISTORY, CAMPAIGN_TOTALS, DEAD_LETTER_QUEUES, DONATIONS, EVENT_LOG, PLATFORM_HISTORY,
};
use crate::store::schema::indexes::CollectionIds;

/// Fields that no document of another service has.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct OwnFields(&'static [&'static str]);

pub(in crate::store) const OF_DONATIONS: OwnFields =
    OwnFields(&["amountMinor", "refundedMinor", "liveDonor"]);
pub(in crate::store) const OF_TOTALS: OwnFields =
    OwnFields(&["totalAmountMinor", "totalPledges", "revision"]);
pub(in crate::store) const OF_HISTORY: OwnFields = OwnFields(&["amountMinor", "pledges"]);
const OF_LOG: OwnFields = OwnFields(&["contentHash", "committedAt", "parkedIn"]);
const OF_DEAD_LETTER_QUEUES: OwnFields = OwnFields(&["contents"]);

impl OwnFields {
    /// Returns true if another service wrote the document.
    pub fn are_missing_in(self, document: &RawDocument) -> bool {
        !self
            .0
            .iter()
            .any(|name| matches!(document.get(name), Ok(Some(_))))
    }

    /// Matches the documents of another service.
    pub fn missing(self) -> Document {
        let missing = |name: &&str| ((*name).to_owned(), doc! { "$exists": false }.into());
        self.0.iter().map(missing).collect()
    }
}

/// Refuses a database that this service has never used and in which another service keeps one of these collections.
pub(super) async fn refuse_another_service(
    database: &Database,
    listed: &CollectionIds,
) -> Result<(), StoreError> {
    if listed.contains_key(EVENT_LOG) {
        return refuse_another_log(database).await;
    }
    for (name, of_another) in [
        (DONATIONS, OF_DONATIONS.missing()),
        (CAMPAIGN_TOTALS, OF_TOTALS.missing()),
        (CAMPAIGN_HISTORY, OF_HISTORY.missing()),
        (PLATFORM_HISTORY, OF_HISTORY.missing()),
        (DEAD_LETTER_QUEUES, OF_DEAD_LETTER_QUEUES.missing()),
        (SETTINGS, settings::of_another()),
    ] {
        if any(database, name, of_another).await? {
            return Err(StoreError::another_service(name));
        }
    }
    Ok(())
}

/// Refuses a log in which all documents are another service's. Of a log that begins with a document of this service's own,
/// this reads one document.
async fn refuse_another_log(database: &Database) -> Result<(), StoreError> {
    let log = database.collection::<RawDocumentBuf>(EVENT_LOG);
    let fields = OF_LOG.0.iter().map(|name| ((*name).to_owned(), 1.into()));
    let first = log
        .find_one(doc! {})
        .projection(fields.collect::<Document>())
        .selection_criteria(primary());
    if first.await?.is_none_or(|first| !OF_LOG.are_missing_in(&first))
        || any(database, SETTINGS, settings::written()).await?
        || any(database, EVENT_LOG, doc! { "$nor": [OF_LOG.missing()] }).await?
    {
        return Ok(());
    }
    Err(StoreError::another_service(EVENT_LOG))
}

async fn any(database: &Database, collection: &str, filter: Document) -> Result<bool, StoreError> {
    let documents = database.collection::<Document>(collection);
    let found = documents
        .find_one(filter)
        .projection(doc! { "_id": 1 })
        .selection_criteria(primary());
    Ok(found.await?.is_some())
}

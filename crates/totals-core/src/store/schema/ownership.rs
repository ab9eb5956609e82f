//! Tells this service's documents from those of another service, which keeps a collection of the same name.
//!
//! `DATABASE_URL` may name the database of another service by mistake, and `donations` is a likely name. A document that
//! has none of the fields below is that service's: nothing here changes or removes it. One that has some of them is this
//! service's own, and damaged. A database that this service has never used is refused if it holds another's documents.

use std::collections::HashMap;

use mongodb::Database;
use mongodb::bson::{Binary, Document, RawDocument, doc};

use crate::store::client::primary;
use crate::store::error::StoreError;
use crate::store::schema::document::{CAMPAIGN_TOTALS, DONATIONS, EVENT_LOG};

/// Fields that no document of another service has.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct OwnFields([&'static str; 3]);

pub(in crate::store) const OF_DONATIONS: OwnFields = OwnFields(["amountMinor", "refundedMinor", "liveDonor"]);
pub(in crate::store) const OF_TOTALS: OwnFields = OwnFields(["totalAmountMinor", "totalPledges", "revision"]);

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
        let missing = |name: &str| (name.to_owned(), doc! { "$exists": false }.into());
        self.0.into_iter().map(missing).collect()
    }
}

/// Refuses a database without a log in which another service keeps one of these collections.
pub(super) async fn refuse_another_service(
    database: &Database,
    collections: &HashMap<&'static str, Binary>,
) -> Result<(), StoreError> {
    if collections.contains_key(EVENT_LOG) {
        return Ok(());
    }
    for (name, own) in [(DONATIONS, OF_DONATIONS), (CAMPAIGN_TOTALS, OF_TOTALS)] {
        let documents = database.collection::<Document>(name);
        let another = documents
            .find_one(own.missing())
            .projection(doc! { "_id": 1 })
            .selection_criteria(primary());
        if another.await?.is_some() {
            return Err(StoreError::another_service(name));
        }
    }
    Ok(())
}

//! The log rows of events that could not be applied.
//!
//! A failed row stands at its event's id until a later event of that id is processed and replaces it. Where the id is
//! taken by a processed event (a reused id, a broken copy), the row stands beside it, at an id that is a document of
//! the event's id and the hash of the body: any text may be the id of another event. (Earlier versions made it a text,
//! `<event id>#<hash>`; such rows are found.) Another broken body under the same id replaces the row of the one before;
//! the dead-letter queue has both.
//!
//! A row also names the [`Contents`] of the dead-letter queue that its letter is among, as far as is known. A message
//! whose letter is no longer in the queue is parked again when it comes again.

use std::collections::HashMap;

use futures::TryStreamExt;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};

use crate::domain::{CampaignId, ContentHash, DonationId, EventId, Timestamp};
use crate::store::client::{Driver, Store, check_concern, check_statements, failed_statements};
use crate::store::error::StoreError;
use crate::store::schema::document::{EVENT_LOG, binary, date, hash};
use crate::store::write::contents::Contents;

/// A message that could not be applied.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The event's id, or one that the caller gives a message whose event id is not readable.
    pub event_id: EventId,
    /// Its type, if readable.
    pub event_type: Option<String>,
    /// The campaign it names, if readable.
    pub campaign: Option<CampaignId>,
    /// The donation it names, if readable.
    pub donation: Option<DonationId>,
    /// The reason's class.
    pub code: &'static str,
    /// The reason as a sentence.
    pub error: String,
    /// The hash of the whole message as received.
    pub hash: ContentHash,
    /// The message itself, for its row; none of one that is too large for an event, which is in the dead-letter queue alone.
    pub body: Option<Vec<u8>>,
}

/// What the log has at the ids that failures may stand at.
type FailureRows = HashMap<RowId, FailureRow>;

/// Where a failure's row may stand.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum RowId {
    /// At its event's id; or, by an earlier version, at a text made from it, which may be another event's id.
    Text(String),
    /// Beside the row of a processed event: a document, which no event has for its id.
    Beside(EventId, ContentHash),
}

/// What a row says about a failure. A damaged row counts as well: its place is taken.
#[derive(Debug)]
struct FailureRow {
    failed: bool,
    event_id: Option<String>,
    hash: Option<ContentHash>,
    /// The contents of the dead-letter queue that its letter is among.
    parked_in: Option<ObjectId>,
}

impl From<&RowId> for Bson {
    fn from(id: &RowId) -> Self {
        match id {
            RowId::Text(text) => text.as_str().into(),
            RowId::Beside(event, hash) => {
                doc! { "eventId": event.as_str(), "contentHash": binary(*hash) }.into()
            }
        }
    }
}

impl RowId {
    fn read(row: &RawDocument) -> Option<Self> {
        match row.get("_id").ok()?? {
            RawBsonRef::String(text) => Some(Self::Text(text.to_owned())),
            RawBsonRef::Document(id) => {
                let event = id.get_str("eventId").ok()?.try_into().ok()?;
                Some(Self::Beside(event, hash(id)?))
            }
            _ => None,
        }
    }
}

impl Failure {
    /// The message as its row keeps it: a text, or bytes that are none.
    fn stored_body(&self) -> Option<Bson> {
        let body = self.body.as_ref()?;
        Some(match std::str::from_utf8(body) {
            Ok(text) => text.into(),
            Err(_) => Bson::Binary(Binary {
                subtype: BinarySubtype::Generic,
                bytes: body.clone(),
            }),
        })
    }

    /// Where its row may stand: at its event's id, beside it, and where earlier versions put it beside.
    fn places(&self, hash: ContentHash) -> [RowId; 3] {
        [
            RowId::Text(self.event_id.to_string()),
            RowId::Beside(self.event_id.clone(), hash),
            RowId::Text(format!("{}#{hash}", self.event_id)),
        ]
    }

    /// Returns true if its row is there and says that its letter is among these contents.
    fn is_in(&self, rows: &FailureRows, contents: Contents) -> bool {
        self.recorded(rows)
            .any(|(_, row)| row.parked_in == Some(contents.0))
    }

    /// The rows of this very message, and where they are.
    fn recorded<'a>(&self, rows: &'a FailureRows) -> impl Iterator<Item = (RowId, &'a FailureRow)> {
        let hash = self.hash;
        let found = self
            .places(hash)
            .into_iter()
            .filter_map(|place| rows.get(&place).map(|row| (place, row)));
        found.filter(move |(_, row)| {
            row.failed && row.hash == Some(hash) && row.event_id.as_deref() == Some(self.event_id.as_str())
        })
    }

    /// The statement that writes its row.
    fn statement(&self, rows: &FailureRows, contents: Contents, now: Timestamp) -> Document {
        let hash = self.hash;
        let [own, beside, _] = self.places(hash);
        let taken = rows.get(&own).is_some_and(|row| !row.failed);
        let unless_recorded = if taken { beside } else { own };
        let id = self.recorded(rows).next().map_or(unless_recorded, |(id, _)| id);
        let mut set = doc! {
            "eventId": self.event_id.as_str(), "contentHash": binary(hash),
            "code": self.code, "error": &self.error, "failedAt": date(now), "parkedIn": contents.0,
        };
        let subject = [
            ("type", self.event_type.as_deref().map(Bson::from)),
            ("campaignId", self.campaign.as_ref().map(|id| id.as_str().into())),
            ("donationId", self.donation.as_ref().map(|id| id.as_str().into())),
            ("body", self.stored_body()),
        ];
        let mut unset = Document::new();
        for (name, value) in subject {
            match value {
                Some(value) => set.insert(name, value),
                // Of an earlier body under this id.
                None => unset.insert(name, ""),
            };
        }
        let mut query = doc! { "_id": &id };
        match id {
            // Upserted by status: if the id is processed meanwhile, this is a duplicate key and is decided anew.
            RowId::Text(_) => query.insert("status", "FAILED"),
            // Nothing else can be there.
            RowId::Beside(..) => set.insert("status", "FAILED"),
        };
        let mut update = doc! { "$set": set, "$inc": { "attempts": 1 } };
        if !unset.is_empty() {
            update.insert("$unset", unset);
        }
        doc! { "q": query, "u": update, "upsert": true }
    }
}

impl Store {
    /// Returns true for each failure that was recorded before, with the very same message, if its letter is among these
    /// contents of the dead-letter queue.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn known_failures(
        &self,
        failures: &[Failure],
        contents: Contents,
    ) -> Result<Vec<bool>, StoreError> {
        let failures = failures.to_vec();
        self.detached(|driver| async move {
            let rows = driver.failure_rows(&failures).await?;
            Ok(failures
                .iter()
                .map(|failure| failure.is_in(&rows, contents))
                .collect())
        })
        .await
    }

    /// Records failures whose letters are among these contents of the dead-letter queue, each by itself. A processed
    /// event is never touched. Returns those that could not be recorded, by their place among `failures`, each with its
    /// reason; the others are recorded.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not take the command; recording again is harmless.
    pub async fn record_failures(
        &self,
        failures: &[Failure],
        contents: Contents,
    ) -> Result<Vec<(usize, StoreError)>, StoreError> {
        let failures = failures.to_vec();
        self.detached(|driver| async move {
            let rows = driver.failure_rows(&failures).await?;
            let now = Timestamp::now();
            let statements: Vec<_> = failures
                .iter()
                .map(|failure| failure.statement(&rows, contents, now))
                .collect();
            if statements.is_empty() {
                return Ok(Vec::new());
            }
            let command = doc! {
                "update": EVENT_LOG, "updates": statements, "ordered": false,
                "writeConcern": { "w": "majority" },
            };
            let answer = driver.database.run_command(command).await;
            let answer = answer.map_err(|error| StoreError::from(error).within(EVENT_LOG))?;
            check_concern(&answer)?;
            Ok(failed_statements(&answer).collect())
        })
        .await
    }

    /// Forgets that these failures' letters are in the dead-letter queue. Their rows stay. A tool does so before it
    /// takes a letter out: after a crash in between there may be a second letter, but never none.
    ///
    /// # Errors
    /// [`StoreError`]; forgetting again is harmless.
    pub async fn forget_letters(&self, failures: &[Failure]) -> Result<(), StoreError> {
        let failures = failures.to_vec();
        self.detached(|driver| async move {
            let rows = driver.failure_rows(&failures).await?;
            let recorded = failures.iter().flat_map(|failure| failure.recorded(&rows));
            let ids: Vec<Bson> = recorded.map(|(id, _)| Bson::from(&id)).collect();
            if ids.is_empty() {
                return Ok(());
            }
            let forget = doc! {
                "q": { "_id": { "$in": ids }, "status": "FAILED" },
                "u": { "$unset": { "parkedIn": "" } },
                "multi": true,
            };
            let command = doc! {
                "update": EVENT_LOG, "updates": [forget], "writeConcern": { "w": "majority" },
            };
            check_statements(&driver.database.run_command(command).await?)
        })
        .await
    }
}

impl Store {
    /// Removes the rows of these failures, whose letters are about to be replaced by others.
    ///
    /// # Errors
    /// [`StoreError`]; removing again is harmless.
    pub async fn remove_failures(&self, failures: &[Failure]) -> Result<(), StoreError> {
        let failures = failures.to_vec();
        self.detached(|driver| async move {
            let rows = driver.failure_rows(&failures).await?;
            let recorded = failures
                .iter()
                .flat_map(|failure| failure.recorded(&rows).map(|(id, _)| (id, failure.hash)));
            let removed = recorded.map(|(id, hash)| {
                let query = doc! { "_id": Bson::from(&id), "status": "FAILED", "contentHash": binary(hash) };
                doc! { "q": query, "limit": 1 }
            });
            let removed: Vec<Document> = removed.collect();
            if removed.is_empty() {
                return Ok(());
            }
            let command = doc! {
                "delete": EVENT_LOG, "deletes": removed, "ordered": false, "writeConcern": { "w": "majority" },
            };
            check_statements(&driver.database.run_command(command).await?)
        })
        .await
    }
}

impl Driver {
    async fn failure_rows(&self, failures: &[Failure]) -> Result<FailureRows, StoreError> {
        let places = failures.iter().flat_map(|failure| failure.places(failure.hash));
        let ids: Vec<Bson> = places.map(|place| Bson::from(&place)).collect();
        let log = self.event_log::<RawDocumentBuf>();
        let mut found = log
            .find(doc! { "_id": { "$in": ids } })
            .projection(doc! { "status": 1, "eventId": 1, "contentHash": 1, "parkedIn": 1 })
            .await
            .map_err(|error| StoreError::from(error).within(EVENT_LOG))?;
        let mut rows = FailureRows::new();
        while let Some(row) = found.try_next().await? {
            let Some(id) = RowId::read(&row) else {
                continue;
            };
            let row = FailureRow {
                failed: row.get_str("status").is_ok_and(|status| status == "FAILED"),
                event_id: row.get_str("eventId").ok().map(str::to_owned),
                hash: hash(&row),
                parked_in: row.get_object_id("parkedIn").ok(),
            };
            rows.insert(id, row);
        }
        Ok(rows)
    }
}

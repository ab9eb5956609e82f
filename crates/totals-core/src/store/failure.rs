//! The log rows of events that could not be applied.
//!
//! A failed row stands at its event's id until a later event of that id is processed and replaces it. Where the id
//! is taken by a processed event (a reused id, a broken copy), the row stands beside it, at `<event id>#<hash of the
//! body>`. Another broken body under the same id replaces the row of the one before; the dead-letter queue has both.
//!
//! A row also says in which [`Contents`] of the dead-letter queue its letter is, as long as it is there for all that is
//! known: a message whose letter is not in the queue any more is parked again when it comes again.

use std::collections::HashMap;

use futures::TryStreamExt;
use mongodb::bson::{Document, doc};

use super::document::{EVENT_LOG, KnownRow, Status, binary, date};
use super::{Contents, Store, StoreError, check_statements, detached};
use crate::domain::{CampaignId, ContentHash, DonationId, EventId, Timestamp};

/// A message with a readable event id that could not be applied.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The event's id.
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
    /// The whole message as received. It is UTF-8: of anything else no event id is readable.
    pub body: Vec<u8>,
}

type Rows = HashMap<String, KnownRow>;

impl Failure {
    /// Where its row stands beside a processed event of the same id.
    fn id_beside(&self, hash: ContentHash) -> String {
        format!("{}#{hash}", self.event_id)
    }

    /// Returns true if its row is there and says that its letter is among these contents.
    fn is_in(&self, rows: &Rows, contents: Contents) -> bool {
        self.recorded(rows).any(|row| row.parked_in == Some(contents.0))
    }

    /// Its rows, of this very message.
    fn recorded<'a>(&self, rows: &'a Rows) -> impl Iterator<Item = &'a KnownRow> {
        let hash = ContentHash::of_bytes(&self.body);
        let ids = [self.event_id.to_string(), self.id_beside(hash)];
        let rows = ids.into_iter().filter_map(|id| rows.get(&id));
        rows.filter(move |row| row.status == Status::Failed && row.hash() == Some(hash))
    }

    /// The statement that writes its row.
    fn statement(&self, rows: &Rows, contents: Contents, now: Timestamp) -> Document {
        let hash = ContentHash::of_bytes(&self.body);
        let processed = rows
            .get(self.event_id.as_str())
            .is_some_and(|row| row.status == Status::Processed);
        let id = if processed {
            self.id_beside(hash)
        } else {
            self.event_id.to_string()
        };
        let mut set = doc! {
            "eventId": self.event_id.as_str(), "contentHash": binary(hash),
            "body": String::from_utf8_lossy(&self.body).into_owned(),
            "code": self.code, "error": &self.error, "failedAt": date(now), "parkedIn": contents.0,
        };
        let subject = [
            ("type", self.event_type.as_deref()),
            ("campaignId", self.campaign.as_ref().map(CampaignId::as_str)),
            ("donationId", self.donation.as_ref().map(DonationId::as_str)),
        ];
        let mut unset = Document::new();
        for (name, value) in subject {
            match value {
                Some(value) => set.insert(name, value),
                // Of an earlier body under this id.
                None => unset.insert(name, ""),
            };
        }
        let mut update = doc! { "$set": set, "$inc": { "attempts": 1 } };
        if !unset.is_empty() {
            update.insert("$unset", unset);
        }
        // Upserted by status: if the id is processed meanwhile, this is a duplicate key and is decided anew.
        doc! {
            "q": { "_id": id, "status": "FAILED" },
            "u": update,
            "upsert": true,
        }
    }
}

impl Store {
    /// Which of these failures were recorded before, with the very same message, whose letters are among these contents
    /// of the dead-letter queue.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn known_failures(
        &self,
        failures: &[Failure],
        contents: Contents,
    ) -> Result<Vec<bool>, StoreError> {
        let (store, failures) = (self.clone(), failures.to_vec());
        detached(async move {
            let rows = store.failure_rows(&failures).await?;
            Ok(failures
                .iter()
                .map(|failure| failure.is_in(&rows, contents))
                .collect())
        })
        .await?
    }

    /// Records failures whose letters are among these contents of the dead-letter queue. A processed event is never touched.
    ///
    /// # Errors
    /// [`StoreError`]; recording again is harmless.
    pub async fn record_failures(&self, failures: &[Failure], contents: Contents) -> Result<(), StoreError> {
        let (store, failures) = (self.clone(), failures.to_vec());
        detached(async move {
            let rows = store.failure_rows(&failures).await?;
            let now = Timestamp::now();
            let statements: Vec<_> = failures
                .iter()
                .map(|failure| failure.statement(&rows, contents, now))
                .collect();
            if statements.is_empty() {
                return Ok(());
            }
            let command = doc! {
                "update": EVENT_LOG, "updates": statements, "ordered": false,
                "writeConcern": { "w": "majority" },
            };
            check_statements(&store.database.run_command(command).await?)
        })
        .await?
    }

    /// Forgets that these failures' letters are in the dead-letter queue. Their rows stay. To be done before a letter is
    /// taken out: a crash in between then leaves room for a second letter, and never for none.
    ///
    /// # Errors
    /// [`StoreError`]; forgetting again is harmless.
    pub async fn forget_letters(&self, failures: &[Failure]) -> Result<(), StoreError> {
        let (store, failures) = (self.clone(), failures.to_vec());
        detached(async move {
            let rows = store.failure_rows(&failures).await?;
            let recorded = failures.iter().flat_map(|failure| failure.recorded(&rows));
            let ids: Vec<_> = recorded.map(|row| row.id.clone()).collect();
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
            check_statements(&store.database.run_command(command).await?)
        })
        .await?
    }

    async fn failure_rows(&self, failures: &[Failure]) -> Result<Rows, StoreError> {
        let ids = failures.iter().flat_map(|failure| {
            [
                failure.event_id.to_string(),
                failure.id_beside(ContentHash::of_bytes(&failure.body)),
            ]
        });
        let filter = doc! { "_id": { "$in": ids.collect::<Vec<_>>() } };
        let log = self.event_log::<KnownRow>();
        let rows = log
            .find(filter)
            .projection(doc! { "status": 1, "contentHash": 1, "parkedIn": 1 })
            .await?;
        Ok(rows.map_ok(|row| (row.id.clone(), row)).try_collect().await?)
    }
}

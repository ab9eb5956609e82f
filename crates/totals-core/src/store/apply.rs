//! THE transaction: the one place that opens one (clippy's disallowed-methods forbids the rest).
//!
//! Within it: load what is known about a batch's events, fold, insert the log rows, move the states, and change each
//! touched campaign's totals once. The event ids are inserted in the same transaction as their effect, so whatever
//! happens (a crash, a commit whose answer was lost, two workers with the same message) an id is processed at most
//! once. Every decision rests on a document that is also written or was inserted, so under snapshot isolation a
//! concurrent change of it is a write conflict, and the whole is tried again by the caller.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt;
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc, serialize_to_bson, serialize_to_document};
use mongodb::error::{Error, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, ReadPreference, SelectionCriteria, WriteConcern};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::document::{
    CAMPAIGN_DONORS, CAMPAIGN_TOTALS, DONATIONS, DonationDocument, DonorDocument, DonorKey, EVENT_LOG,
    KnownRow, ProcessedRow, Status, date,
};
use super::{Store, StoreError, check_statements};
use crate::domain::fold::{CampaignDonor, State};
use crate::domain::{DonationId, DonorId, Effect, Event, EventId, Fold, Outcome, Timestamp};

/// How often a commit whose answer was lost is asked again before the batch is tried anew. Asking resolves it at
/// once; a batch tried anew would meet the locks of the old transaction until the server times it out.
const COMMIT_ATTEMPTS: u32 = 3;

/// What was loaded for a batch.
struct Loaded {
    state: State,
    /// Events that failed before; their rows are replaced, not inserted.
    failed: HashSet<EventId>,
    donations: HashSet<DonationId>,
    donors: HashSet<CampaignDonor>,
}

impl Store {
    /// Applies a batch in one transaction and says what became of each event, in the batch's order. On return the
    /// outcome is durable on a majority.
    ///
    /// The future must be driven to its end; see the module [`super`].
    ///
    /// # Errors
    /// [`StoreError`] with its decision, [`Decision::Reject`](super::Decision::Reject) only for what a write of this batch
    /// met; nothing of the batch was applied then, unless the answer to the commit was
    /// lost, and in that case applying the batch again finds its events to be duplicates.
    pub async fn apply(&self, batch: &[Event]) -> Result<Vec<Outcome>, StoreError> {
        let mut session = self.client.start_session().await?;
        #[expect(clippy::disallowed_methods, reason = "this is the one transaction")]
        session
            .start_transaction()
            .read_concern(ReadConcern::snapshot())
            .write_concern(WriteConcern::majority())
            // Whatever DATABASE_URL says: other members have no transactions that write.
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .await?;
        match self.fold_within(&mut session, batch).await {
            Ok(outcomes) => {
                commit(&mut session).await?;
                Ok(outcomes)
            }
            Err(error) => {
                // The server ends a transaction it is not told to abort, only later.
                let _ = session.abort_transaction().await;
                Err(error)
            }
        }
    }

    async fn fold_within(
        &self,
        session: &mut ClientSession,
        batch: &[Event],
    ) -> Result<Vec<Outcome>, StoreError> {
        let Loaded {
            state,
            failed,
            donations,
            donors,
        } = self.load(session, batch).await.map_err(StoreError::into_retry)?;
        let mut fold = Fold::new(state);
        let outcomes: Vec<Outcome> = batch.iter().map(|event| fold.apply(event)).collect();
        let now = Timestamp::now();
        self.write_log(session, batch, &outcomes, &failed, now).await?;

        let changed = fold
            .changed_donations()
            .map(|(id, donation)| (DonationDocument::new(id, donation), donations.contains(id)));
        self.write(session, DONATIONS, changed).await?;
        let changed = fold.changed_donors().map(|(key, live)| {
            let (campaign, donor) = key.clone();
            (
                DonorDocument {
                    id: DonorKey { campaign, donor },
                    live,
                },
                donors.contains(key),
            )
        });
        self.write(session, CAMPAIGN_DONORS, changed).await?;

        let totals = fold.effects().map(|(campaign, effect)| {
            doc! { "q": { "_id": campaign.as_str() }, "u": totals_update(effect, now), "upsert": true }
        });
        self.update(session, CAMPAIGN_TOTALS, totals.collect()).await?;
        Ok(outcomes)
    }

    async fn load(&self, session: &mut ClientSession, batch: &[Event]) -> Result<Loaded, StoreError> {
        let ids: HashSet<&str> = batch.iter().map(|event| event.id.as_str()).collect();
        let rows: Vec<KnownRow> = self
            .find(session, EVENT_LOG, ids, doc! { "status": 1, "contentHash": 1 })
            .await?;
        let known: HashMap<String, KnownRow> = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut state = State::default();
        let mut failed = HashSet::new();
        for event in batch {
            match known.get(event.id.as_str()).map(|row| (row.status, row.hash())) {
                None => {}
                Some((Status::Failed, _)) => {
                    failed.insert(event.id.clone());
                }
                Some((Status::Processed, Some(hash))) => {
                    state.events.insert(event.id.clone(), hash);
                }
                Some((Status::Processed, None)) => {
                    return Err(StoreError::defect(format!(
                        "the log row {} has a malformed contentHash",
                        event.id
                    )));
                }
            }
        }

        // What is known is a duplicate or in conflict, and moves nothing; nor do payments, which have no campaign.
        let moving: Vec<&Event> = batch
            .iter()
            .filter(|event| event.campaign().is_some() && !state.events.contains_key(&event.id))
            .collect();
        let ids: HashSet<&str> = moving.iter().map(|event| event.donation.as_str()).collect();
        let documents: Vec<DonationDocument> = self.find(session, DONATIONS, ids, doc! {}).await?;
        state.donations = documents.into_iter().map(DonationDocument::into_parts).collect();
        let donations = state.donations.keys().cloned().collect();

        let keys = state.donors_of(moving).into_iter();
        let keys =
            keys.map(|(campaign, donor): (_, DonorId)| doc! { "c": campaign.as_str(), "d": donor.as_str() });
        let documents: Vec<DonorDocument> = self.find(session, CAMPAIGN_DONORS, keys, doc! {}).await?;
        state.donors = documents
            .into_iter()
            .map(|row| ((row.id.campaign, row.id.donor), row.live))
            .collect();
        let donors = state.donors.keys().cloned().collect();
        Ok(Loaded {
            state,
            failed,
            donations,
            donors,
        })
    }

    async fn write_log(
        &self,
        session: &mut ClientSession,
        batch: &[Event],
        outcomes: &[Outcome],
        failed: &HashSet<EventId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let applied = batch
            .iter()
            .zip(outcomes)
            .filter_map(|(event, outcome)| ProcessedRow::new(event, outcome, now));
        let rows = applied.map(|row| {
            let replaces = failed.contains(row.id);
            (row, replaces)
        });
        self.write(session, EVENT_LOG, rows).await
    }

    /// Writes whole documents, each with whether it is stored already.
    async fn write<T: Serialize + Send + Sync>(
        &self,
        session: &mut ClientSession,
        collection: &str,
        documents: impl Iterator<Item = (T, bool)>,
    ) -> Result<(), StoreError> {
        let (stored, fresh): (Vec<_>, Vec<_>) = documents.partition(|(_, stored)| *stored);
        if !fresh.is_empty() {
            let fresh = fresh.into_iter().map(|(document, _)| document);
            self.database
                .collection::<T>(collection)
                .insert_many(fresh)
                .session(&mut *session)
                .await?;
        }
        let mut statements = Vec::with_capacity(stored.len());
        for (document, _) in stored {
            let mut replacement = serialize_to_document(&document).map_err(Error::from)?;
            let id = replacement.remove("_id").unwrap_or(Bson::Null);
            statements.push(doc! { "q": { "_id": id }, "u": replacement });
        }
        self.update(session, collection, statements).await
    }

    /// Runs all statements in one round trip.
    async fn update(
        &self,
        session: &mut ClientSession,
        collection: &str,
        statements: Vec<Document>,
    ) -> Result<(), StoreError> {
        if statements.is_empty() {
            return Ok(());
        }
        let command = doc! { "update": collection, "updates": statements };
        check_statements(&self.database.run_command(command).session(session).await?)
    }

    /// Finds documents by `_id` in one round trip.
    async fn find<T: DeserializeOwned + Send + Sync>(
        &self,
        session: &mut ClientSession,
        collection: &str,
        ids: impl IntoIterator<Item = impl Serialize>,
        projection: Document,
    ) -> Result<Vec<T>, StoreError> {
        let ids: Vec<Bson> = ids
            .into_iter()
            .map(|id| serialize_to_bson(&id))
            .collect::<Result<_, _>>()
            .map_err(Error::from)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // The default first page holds 101 documents, and each further one costs a round trip.
        let page = u32::try_from(ids.len()).unwrap_or(u32::MAX).saturating_add(1);
        let mut cursor = self
            .database
            .collection::<T>(collection)
            .find(doc! { "_id": { "$in": ids } })
            .projection(projection)
            .batch_size(page)
            .session(&mut *session)
            .await?;
        Ok(cursor.stream(session).try_collect().await?)
    }
}

async fn commit(session: &mut ClientSession) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        match session.commit_transaction().await {
            Ok(()) => return Ok(()),
            Err(error)
                if attempt < COMMIT_ATTEMPTS && error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) =>
            {
                attempt += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Changes a campaign's totals by `effect`; without one only makes sure that it has totals.
fn totals_update(effect: Effect, now: Timestamp) -> Document {
    let now = date(now);
    if effect.is_none() {
        return doc! { "$setOnInsert": {
            "totalAmountMinor": 0_i64, "totalPledges": 0_i64, "totalDonors": 0_i64, "revision": 1_i64,
            "createdAt": now, "lastUpdated": now,
        } };
    }
    doc! {
        "$inc": {
            "totalAmountMinor": effect.amount_minor, "totalPledges": effect.pledges,
            "totalDonors": effect.donors, "revision": 1_i64,
        },
        // Two workers' clocks may differ: time never goes back.
        "$max": { "lastUpdated": now },
        "$setOnInsert": { "createdAt": now },
    }
}

//! THE transaction: the one place that opens one (clippy's disallowed-methods forbids the rest).
//!
//! Within it: load what is known about a batch's events, fold, insert the log rows, move the states, and change each
//! touched campaign's totals once. The event ids are inserted in the same transaction as their effect, so whatever
//! happens (a crash, a commit whose answer was lost, two workers with the same message) an id is processed at most
//! once. Every decision rests on a document that is also written or was inserted, so under snapshot isolation a
//! concurrent change of it is a write conflict, and the whole is tried again by the caller.
//!
//! What an event brings is nearly always new, and the unique `_id`s say so if it is not. So events and created donations
//! are inserted without a look, until a duplicate key tells otherwise: then the batch is done again, with a look at
//! everything, and so are the next ones ([`Caution`]).

mod statements;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc, serialize_to_bson};
use mongodb::error::{Error, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, ReadPreference, SelectionCriteria, WriteConcern};

use super::document::{
    CAMPAIGN_DONORS, CAMPAIGN_TOTALS, DONATIONS, DonationDocument, DonorDocument, DonorKey, EVENT_LOG,
    KnownRow, ProcessedRow, Status, date,
};
use super::{Store, StoreError};
use crate::domain::fold::{CampaignDonor, State};
use crate::domain::{DonationId, Effect, Event, EventId, EventType, Fold, Outcome, Timestamp};

/// How often a commit whose answer was lost is asked again before the batch is tried anew. Asking resolves it at
/// once; a batch tried anew would meet the locks of the old transaction until the server times it out.
const COMMIT_ATTEMPTS: u32 = 3;

/// Batches that are looked up after one that brought what is stored already. A redelivery and a backfill done twice are
/// many of them, and each hope that fails costs a transaction that is aborted.
const CAREFUL_BATCHES: u32 = 32;

/// Whether the next batch may be taken for new.
#[derive(Debug, Default)]
pub(super) struct Caution {
    careful_batches: AtomicU32,
}

impl Caution {
    fn next(&self) -> Lookup {
        let left = |left: u32| left.checked_sub(1);
        match self.careful_batches.fetch_update(Relaxed, Relaxed, left) {
            Ok(_) => Lookup::Everything,
            Err(_) => Lookup::Refunded,
        }
    }

    fn raise(&self) {
        self.careful_batches.store(CAREFUL_BATCHES, Relaxed);
    }
}

/// Which of a batch's events and donations are looked up before they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lookup {
    /// All.
    Everything,
    /// The donations that it refunds. The rest is inserted as new, which fails if it is not.
    Refunded,
}

/// What was loaded for a batch.
#[derive(Default)]
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
        let lookup = self.caution.next();
        match self.transact(batch, lookup).await {
            Err(error) if lookup == Lookup::Refunded && error.is_duplicate_key() => {
                self.caution.raise();
                self.transact(batch, Lookup::Everything).await
            }
            answer => answer,
        }
    }

    async fn transact(&self, batch: &[Event], lookup: Lookup) -> Result<Vec<Outcome>, StoreError> {
        let mut session = self.client.start_session().await?;
        #[expect(clippy::disallowed_methods, reason = "this is the one transaction")]
        session
            .start_transaction()
            .read_concern(ReadConcern::snapshot())
            .write_concern(WriteConcern::majority())
            // Whatever DATABASE_URL says: other members have no transactions that write.
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .await?;
        match self.fold_within(&mut session, batch, lookup).await {
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
        lookup: Lookup,
    ) -> Result<Vec<Outcome>, StoreError> {
        let Loaded {
            state,
            failed,
            donations,
            donors,
        } = self
            .load(session, batch, lookup)
            .await
            .map_err(StoreError::into_retry)?;
        let mut fold = Fold::new(state);
        let outcomes: Vec<Outcome> = batch.iter().map(|event| fold.apply(event)).collect();
        let now = Timestamp::now();
        self.write_log(session, batch, &outcomes, &failed, now).await?;

        // In the order of their keys: neighbours in an index are written while its page is at hand.
        let mut changed: Vec<_> = fold.changed_donations().collect();
        changed.sort_unstable_by_key(|(id, _)| *id);
        let changed = changed
            .into_iter()
            .map(|(id, donation)| (DonationDocument::new(id, donation), donations.contains(id)));
        self.write(session, DONATIONS, changed).await?;
        self.write_donors(session, &fold, &donors).await?;

        let mut effects: Vec<_> = fold.effects().collect();
        effects.sort_unstable_by_key(|(campaign, _)| *campaign);
        let totals = effects.into_iter().map(|(campaign, effect)| {
            doc! { "q": { "_id": campaign.as_str() }, "u": totals_update(effect, now), "upsert": true }
        });
        self.update(session, CAMPAIGN_TOTALS, totals.collect()).await?;
        Ok(outcomes)
    }

    async fn load(
        &self,
        session: &mut ClientSession,
        batch: &[Event],
        lookup: Lookup,
    ) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded::default();
        if lookup == Lookup::Everything {
            self.load_events(session, batch, &mut loaded).await?;
        }
        let state = &mut loaded.state;
        // What is known is a duplicate or in conflict, and moves nothing; nor do payments, which have no campaign.
        let moving: Vec<&Event> = batch
            .iter()
            .filter(|event| event.campaign().is_some() && !state.events.contains_key(&event.id))
            .collect();
        let ids: HashSet<&str> = moving
            .iter()
            .filter(|event| lookup == Lookup::Everything || event.event_type() == EventType::DonationRefunded)
            .map(|event| event.donation.as_str())
            .collect();
        let documents: Vec<DonationDocument> = self.find(session, DONATIONS, ids, doc! {}).await?;
        state.donations = documents.into_iter().map(DonationDocument::into_parts).collect();
        loaded.donations = state.donations.keys().cloned().collect();

        let keys = state.donors_of(moving).into_iter();
        let keys = keys.map(|(campaign, donor)| DonorKey { campaign, donor });
        let documents: Vec<DonorDocument> = self.find(session, CAMPAIGN_DONORS, keys, doc! {}).await?;
        state.donors = documents
            .into_iter()
            .map(|row| ((row.id.campaign, row.id.donor), row.live))
            .collect();
        loaded.donors = state.donors.keys().cloned().collect();
        Ok(loaded)
    }

    async fn load_events(
        &self,
        session: &mut ClientSession,
        batch: &[Event],
        loaded: &mut Loaded,
    ) -> Result<(), StoreError> {
        let ids: HashSet<&str> = batch.iter().map(|event| event.id.as_str()).collect();
        let rows: Vec<KnownRow> = self
            .find(session, EVENT_LOG, ids, doc! { "status": 1, "contentHash": 1 })
            .await?;
        let known: HashMap<String, KnownRow> = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        for event in batch {
            match known.get(event.id.as_str()).map(|row| (row.status, row.hash())) {
                None => {}
                Some((Status::Failed, _)) => {
                    loaded.failed.insert(event.id.clone());
                }
                Some((Status::Processed, Some(hash))) => {
                    loaded.state.events.insert(event.id.clone(), hash);
                }
                Some((Status::Processed, None)) => {
                    return Err(StoreError::defect(format!(
                        "the log row {} has a malformed contentHash",
                        event.id
                    )));
                }
            }
        }
        Ok(())
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

    /// New donors are inserted; the others get their new count, all of one count in one statement.
    async fn write_donors(
        &self,
        session: &mut ClientSession,
        fold: &Fold,
        stored: &HashSet<CampaignDonor>,
    ) -> Result<(), StoreError> {
        let mut changed: Vec<_> = fold.changed_donors().collect();
        changed.sort_unstable_by_key(|(key, _)| *key);
        let (mut fresh, mut counts) = (Vec::new(), BTreeMap::<i64, Vec<Bson>>::new());
        for (key, live) in changed {
            let (campaign, donor) = key.clone();
            let id = DonorKey { campaign, donor };
            if stored.contains(key) {
                let id = serialize_to_bson(&id).map_err(Error::from)?;
                counts.entry(live).or_default().push(id);
            } else {
                fresh.push(DonorDocument { id, live });
            }
        }
        self.insert(session, CAMPAIGN_DONORS, fresh).await?;
        let statements = counts.into_iter().map(|(live, ids)| {
            doc! { "q": { "_id": { "$in": ids } }, "u": { "$set": { "live": live } }, "multi": true }
        });
        self.update(session, CAMPAIGN_DONORS, statements.collect()).await
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

//! THE transaction: no other code opens one (clippy's disallowed-methods forbids it).
//!
//! The transaction loads what is known about a batch's events, folds, inserts the log rows, writes the changed
//! donations, and changes each touched campaign's totals, and what is known of it, once, and the days of its history. The event ids are inserted in the same transaction as
//! their effect, so whatever happens (a crash, a commit whose answer was lost, two workers with the same message) an id
//! is processed at most once. Every decision rests on a document that the transaction also writes. So under snapshot
//! isolation a concurrent change of that document is a write conflict, and the caller tries the batch again. A decision
//! about a donor rests on all donations to the campaign; there the document is the campaign's totals, which every
//! change of a donation writes, if only by a new revision.
//!
//! The revision also lets donors be looked up before the transaction begins ([`read_set`]), during the commit of the
//! batch before. Events and created donations are taken for new, until a duplicate key says otherwise ([`load`]).

mod donors;
pub(in crate::store) mod forget;
mod history;
mod load;
mod read_set;
mod statements;

use std::collections::HashSet;
use std::sync::Arc;

use mongodb::ClientSession;
use mongodb::bson::{Document, doc, serialize_to_document};
use mongodb::error::{Error, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, WriteConcern};

use crate::domain::{CampaignId, Effect, Event, EventId, Facts, Fold, Outcome, Timestamp};
use crate::store::client::{Driver, Store, primary};
use crate::store::error::StoreError;
use crate::store::schema::document::{
    CAMPAIGN_TOTALS, DONATIONS, DonationDocument, EVENT_LOG, FactsDocument, ProcessedRow, date,
};
use crate::store::write::insert_mode::InsertMode;
use load::Loaded;
pub use read_set::{CommitDelta, ReadSet};

/// How often a commit is sent if its answers are lost, before the batch is tried again. Sending it again resolves the
/// question at once; a batch that is tried again would meet the locks of the old transaction until the server times it
/// out.
const COMMIT_ATTEMPTS: u32 = 3;

/// What became of a batch that was applied.
#[derive(Debug)]
pub struct Applied {
    /// What became of each event, in the batch's order.
    pub outcomes: Vec<Outcome>,
    /// What the commit has changed, for [`ReadSet::rebase`].
    pub delta: CommitDelta,
}

impl Store {
    /// Looks up what applying a batch needs to know of its donors, ahead of [`Store::apply`].
    ///
    /// # Errors
    /// [`StoreError`], to be tried again unless it is of a document that cannot be read.
    pub async fn prefetch(&self, batch: Arc<[Event]>) -> Result<ReadSet, StoreError> {
        self.detached(|driver| async move { driver.prefetch(&batch).await })
            .await
    }

    /// Applies a batch in one transaction. On return the outcome is durable on a majority. `read_set` is what was
    /// looked up ahead of time; without one, the look-up comes first.
    ///
    /// # Errors
    /// [`StoreError`] with its decision, [`Decision::Reject`](crate::store::error::Decision::Reject) only for a write
    /// of this batch that was refused. Nothing of the batch was applied then, unless the answer to the commit was lost;
    /// in that case applying the batch again finds its events to be duplicates. The next attempt needs another read
    /// set: this one may be out of date.
    pub async fn apply(&self, batch: Arc<[Event]>, read_set: Option<ReadSet>) -> Result<Applied, StoreError> {
        let lane = self.lane.clone();
        self.detached(|driver| async move {
            let read_set = match read_set {
                Some(read_set) => read_set,
                None => driver.prefetch(&batch).await?,
            };
            driver.apply(&batch, &read_set, &lane).await
        })
        .await
    }
}

impl Driver {
    async fn apply(&self, batch: &[Event], read_set: &ReadSet, lane: &str) -> Result<Applied, StoreError> {
        let mode = self.insert_modes.next();
        match self.transact(batch, mode, read_set, lane).await {
            Err(error) if mode == InsertMode::Optimistic && error.is_duplicate_key() => {
                self.insert_modes.be_careful();
                self.transact(batch, InsertMode::Careful, read_set, lane).await
            }
            answer => answer,
        }
    }

    async fn transact(
        &self,
        batch: &[Event],
        mode: InsertMode,
        read_set: &ReadSet,
        lane: &str,
    ) -> Result<Applied, StoreError> {
        let mut session = self.begin().await?;
        match self.fold_within(&mut session, batch, mode, read_set, lane).await {
            Ok(applied) => {
                commit(&mut session).await?;
                Ok(applied)
            }
            Err(error) => {
                // The server ends a transaction it is not told to abort, only later.
                let _ = session.abort_transaction().await;
                Err(error)
            }
        }
    }

    async fn begin(&self) -> Result<ClientSession, StoreError> {
        let mut session = self.client.start_session().await?;
        #[expect(clippy::disallowed_methods, reason = "this is the one transaction")]
        session
            .start_transaction()
            .read_concern(ReadConcern::snapshot())
            .write_concern(WriteConcern::majority())
            // Whatever DATABASE_URL says: other members have no transactions that write.
            .selection_criteria(primary())
            .await?;
        Ok(session)
    }

    async fn fold_within(
        &self,
        session: &mut ClientSession,
        batch: &[Event],
        mode: InsertMode,
        read_set: &ReadSet,
        lane: &str,
    ) -> Result<Applied, StoreError> {
        let mut mode = mode;
        let (fold, outcomes, failed, donations) = loop {
            let loaded = self.load(session, batch, mode, read_set).await;
            let Loaded {
                state,
                failed,
                donations,
            } = loaded.map_err(StoreError::into_retry)?;
            let mut fold = Fold::new(state);
            let outcomes: Vec<Outcome> = batch.iter().map(|event| fold.apply(event)).collect();
            let in_conflict = outcomes
                .iter()
                .any(|outcome| matches!(outcome, Outcome::Quarantined(_)));
            if mode == InsertMode::Careful || !in_conflict {
                break (fold, outcomes, failed, donations);
            }
            // Without a look at the log, an event whose id is in it is taken for another one about the same donation.
            mode = InsertMode::Careful;
        };
        let now = Timestamp::now();
        self.write_log(session, batch, &outcomes, &failed, now).await?;

        // In the order of their keys: neighbours in an index are written while its page is at hand.
        let mut changed: Vec<_> = fold.changed_donations().collect();
        changed.sort_unstable_by_key(|(id, _)| *id);
        let changed = changed
            .into_iter()
            .map(|(id, donation)| (DonationDocument::new(id, donation), donations.contains(id)));
        self.write(session, DONATIONS, changed).await?;

        let mut effects: Vec<_> = fold.effects().collect();
        effects.sort_unstable_by_key(|(campaign, _)| *campaign);
        // A campaign that no event names can only lose something: to a refund whose donation is stored with it.
        let (taken, effects): (Vec<_>, Vec<_>) = effects
            .into_iter()
            .partition(|(campaign, effect)| read_set.revision(campaign).is_none() && effect.amount_minor < 0);
        self.take(session, &taken, now).await?;
        let totals = effects.into_iter().map(|(campaign, effect)| {
            let statement = totals_update(campaign, effect, read_set.revision(campaign), now);
            with_facts(statement, fold.new_facts(campaign))
        });
        self.write_totals(session, totals.collect::<Result<_, _>>()?)
            .await?;
        self.write_history(session, &fold, lane).await?;
        let delta = read_set.delta_of(&fold);
        Ok(Applied { outcomes, delta })
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

    /// Takes refunds from the totals of campaigns that no event of the batch names. These totals hold at least the
    /// refunded donations, unless somebody has filed a donation under the wrong campaign: without a look, its refund
    /// would take them below zero.
    async fn take(
        &self,
        session: &mut ClientSession,
        taken: &[(&CampaignId, Effect)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some((first, _)) = taken.first() else {
            return Ok(());
        };
        let statements = taken
            .iter()
            .map(|(campaign, effect)| taking(campaign, *effect, now));
        let written = self
            .update(session, CAMPAIGN_TOTALS, statements.collect())
            .await?;
        if written < taken.len() as u64 {
            // Another campaign may be at fault: then the batch is halved until its refund stands alone.
            return Err(StoreError::uncovered(first.as_str()));
        }
        Ok(())
    }

    /// Writes each campaign's totals, unless one of them is no longer at the revision that its statement names.
    async fn write_totals(
        &self,
        session: &mut ClientSession,
        statements: Vec<Document>,
    ) -> Result<(), StoreError> {
        let campaigns = statements.len() as u64;
        match self.update(session, CAMPAIGN_TOTALS, statements).await {
            Ok(written) if written == campaigns => Ok(()),
            Err(error) if !error.is_duplicate_key() => Err(error),
            _ => Err(StoreError::overtaken()),
        }
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

/// Changes a campaign's totals by `effect`, if they are at this revision; totals that are not there yet are at 0.
/// Without an effect they get a new revision as well: other transactions may have decided by the donations as they
/// were.
fn totals_update(campaign: &CampaignId, effect: Effect, revision: Option<i64>, now: Timestamp) -> Document {
    let mut query = doc! { "_id": campaign.as_str() };
    if let Some(revision) = revision {
        query.insert("revision", revision);
    }
    let now = date(now);
    doc! {
        "q": query,
        "u": {
            "$inc": {
                "totalAmountMinor": effect.amount_minor, "totalPledges": effect.pledges,
                "totalDonors": effect.donors, "revision": 1_i64,
            },
            // Two workers' clocks may differ: time never goes back.
            "$max": { "lastUpdated": now },
            "$setOnInsert": { "createdAt": now },
        },
        "upsert": revision.is_none_or(|revision| revision == 0),
    }
}

/// The same statement, which also writes what is known of the campaign now.
fn with_facts(mut statement: Document, facts: Option<&Facts>) -> Result<Document, StoreError> {
    if let Some(facts) = facts {
        let facts = serialize_to_document(&FactsDocument::from(facts)).map_err(Error::from)?;
        // All of them together, so that followers see all of them.
        if let Ok(update) = statement.get_document_mut("u") {
            update.insert("$set", doc! { "facts": facts });
        }
    }
    Ok(statement)
}

/// Takes an effect from a campaign's totals, if they hold that much.
fn taking(campaign: &CampaignId, effect: Effect, now: Timestamp) -> Document {
    let mut statement = totals_update(campaign, effect, None, now);
    let at_least = |taken: i64| doc! { "$gte": taken.saturating_neg() };
    let query = doc! {
        "_id": campaign.as_str(), "totalAmountMinor": at_least(effect.amount_minor),
        "totalPledges": at_least(effect.pledges), "totalDonors": at_least(effect.donors),
    };
    statement.insert("q", query);
    statement.insert("upsert", false);
    statement
}

//! Forgets a donor: takes what is personal out of the log, and gives the donor a random id everywhere, while workers run.
//!
//! Nothing that is counted changes. What is left of a row says the same as before, but for the donor's id, and the row's
//! fingerprint is that of what is left. A copy of the event that names the donor is known even so
//! ([`KnownRow`](crate::store::schema::document::KnownRow)): no trace of the old id is kept for that, not even a hash, which
//! anybody who can guess ids could undo.
//!
//! Rows and donations that say who the donor is change together, campaign by campaign ([`forget_in`](crate::store::write::apply)).
//! Every other row changes by itself. A run that is interrupted can be run again: until a run has come to its end, the database
//! keeps the random id beside the old one, so that the rest gets the same.
//!
//! The log has no index of donors, since no event should pay for one. So a run reads all of it, and reads it once more
//! to find what came in meanwhile.

mod edit;
mod look;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::options::{ReturnDocument, WriteConcern};

use crate::domain::{AmountRules, DonationId, DonorId, Pseudonym, Timestamp};
use crate::runtime::backoff::Backoff;
use crate::store::client::{Driver, Store, check_statements, primary};
use crate::store::error::{Decision, StoreError};
use crate::store::schema::document::EVENT_LOG;
use crate::store::schema::document::settings::SETTINGS;
use crate::store::write::apply::forget::CampaignPart;
use edit::Edit;

/// Rows that are changed by one command.
const TOGETHER: usize = 500;

/// How often a campaign's transaction is tried while workers commit to the same campaign.
const ATTEMPTS: u32 = 60;

/// Failures after which a transaction in the way may be one that nobody goes on with.
const QUIET_FAILURES: u32 = 3;

/// Whom to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// A registered donor.
    Donor(DonorId),
    /// The donor of this donation, registered or not.
    Donation(DonationId),
}

/// What the database has of somebody who is to be forgotten.
#[derive(Debug)]
pub struct Traces {
    /// Whom it is of, and the random id that is to take the donor's place.
    pub pseudonym: Pseudonym,
    donations: HashSet<String>,
    /// All that was committed before, by the clock of any worker.
    since: Timestamp,
    /// The donor's part of each campaign, as far as it is not erased yet.
    parts: BTreeMap<String, CampaignPart>,
    /// Other rows of processed events.
    rows: Vec<Bson>,
    /// Rows of failures.
    failures: Vec<Bson>,
}

impl Traces {
    /// Returns true if the donation is the donor's.
    pub fn has_donation(&self, donation: &str) -> bool {
        self.donations.contains(donation)
    }

    /// How many donations are known, erased ones included.
    pub fn donations(&self) -> usize {
        self.donations.len()
    }

    /// How many campaigns have something to erase.
    pub fn campaigns(&self) -> usize {
        self.parts.len()
    }

    /// How many rows of processed events there are to erase.
    pub fn rows(&self) -> usize {
        let creations = self.parts.values().map(|part| part.creations.len());
        self.rows.len() + creations.sum::<usize>()
    }

    /// How many rows of failures there are to erase.
    pub fn failures(&self) -> usize {
        self.failures.len()
    }

    /// Returns true if what was to be forgotten is a random id itself, which tells of nobody.
    pub fn are_of_random_id(&self) -> bool {
        self.pseudonym.donor.is_none() && self.pseudonym.random.is_forgotten() && self.donations.is_empty()
    }

    /// Returns true if there is nothing to erase.
    pub fn are_gone(&self) -> bool {
        self.parts.is_empty() && self.rows.is_empty() && self.failures.is_empty()
    }
}

impl Store {
    /// Erases these traces. Returns how many rows were changed.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer, or if workers commit so much to a campaign that its turn does not come.
    /// Some is erased then; forgetting again erases the rest.
    pub async fn erase(&self, traces: &Arc<Traces>, amounts: AmountRules) -> Result<u64, StoreError> {
        self.begin_forgetting(&traces.pseudonym).await?;
        let mut changed = 0;
        for ids in [&traces.rows, &traces.failures] {
            for ids in ids.chunks(TOGETHER) {
                let (ids, traces) = (ids.to_vec(), traces.clone());
                changed += self
                    .detached(|driver| async move { driver.erase_rows(ids, &traces).await })
                    .await?;
            }
        }
        for (campaign, part) in &traces.parts {
            changed += self.erase_in(campaign, part, traces, amounts).await?;
        }
        Ok(changed)
    }

    /// Forgets the donor in one campaign; tries again as long as workers are faster.
    async fn erase_in(
        &self,
        campaign: &str,
        part: &CampaignPart,
        traces: &Arc<Traces>,
        amounts: AmountRules,
    ) -> Result<u64, StoreError> {
        let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(500));
        loop {
            let (campaign, part, traces) = (campaign.to_owned(), part.clone(), traces.clone());
            let spare = DonorId::forgotten(rand::random());
            let erased = self.detached(|driver| async move {
                let (pseudonym, beyond) = (&traces.pseudonym, (&spare, traces.since));
                driver
                    .forget_in(&campaign, &part, pseudonym, beyond, amounts)
                    .await
            });
            match erased.await {
                Err(error) if error.decision() == Decision::Retry && backoff.failures() < ATTEMPTS => {
                    let delay = backoff.next_delay();
                    // A run that was killed has left its transaction open.
                    if error.is_write_conflict() && backoff.failures() > QUIET_FAILURES {
                        let _ = self.end_abandoned_transactions().await;
                    }
                    tokio::time::sleep(delay).await;
                }
                answer => return answer,
            }
        }
    }

    /// Writes down the random id beside the donor's, until [`Store::finish_forgetting`].
    async fn begin_forgetting(&self, pseudonym: &Pseudonym) -> Result<(), StoreError> {
        let Pseudonym {
            donor: Some(donor),
            random,
        } = pseudonym.clone()
        else {
            return Ok(());
        };
        self.detached(|driver| async move {
            let settings = driver.database.collection::<Document>(SETTINGS);
            let written = settings
                .find_one_and_update(
                    note_of(&donor),
                    doc! { "$setOnInsert": { "as": random.as_str() } },
                )
                .upsert(true)
                .return_document(ReturnDocument::After)
                .write_concern(WriteConcern::majority())
                .await?;
            match written.as_ref().and_then(|written| written.get_str("as").ok()) {
                Some(text) if text == random.as_str() => Ok(()),
                _ => Err(StoreError::defect(
                    "the same donor is being forgotten by another run: wait for its end".to_owned(),
                )),
            }
        })
        .await
    }

    /// Forgets which random id stands for the donor, once nothing is left of the donor.
    ///
    /// # Errors
    /// [`StoreError`]; finishing again is harmless.
    pub async fn finish_forgetting(&self, pseudonym: &Pseudonym) -> Result<(), StoreError> {
        let Some(donor) = pseudonym.donor.clone() else {
            return Ok(());
        };
        self.detached(|driver| async move {
            let settings = driver.database.collection::<Document>(SETTINGS);
            let removed = settings.delete_one(note_of(&donor));
            removed.write_concern(WriteConcern::majority()).await?;
            Ok(())
        })
        .await
    }
}

impl Driver {
    /// Changes rows, each by itself and only if it is still as it is read here.
    async fn erase_rows(&self, ids: Vec<Bson>, traces: &Traces) -> Result<u64, StoreError> {
        let log = self.event_log::<RawDocumentBuf>();
        let mut rows = log
            .find(doc! { "_id": { "$in": ids } })
            .selection_criteria(primary())
            .await?;
        let (mut updates, mut deletes) = (Vec::new(), Vec::new());
        while rows.advance().await? {
            match Edit::of(rows.current(), traces) {
                Some(Edit::Update(statement)) => updates.push(statement),
                Some(Edit::Delete(statement)) => deletes.push(statement),
                None => {}
            }
        }
        let changed = updates.len() + deletes.len();
        for (name, list, statements) in [("update", "updates", updates), ("delete", "deletes", deletes)] {
            if !statements.is_empty() {
                let command = doc! {
                    name: EVENT_LOG, list: statements, "ordered": false, "writeConcern": { "w": "majority" },
                };
                check_statements(&self.database.run_command(command).await?)?;
            }
        }
        Ok(changed as u64)
    }
}

/// Matches the note of a donor who is being forgotten.
fn note_of(donor: &DonorId) -> Document {
    doc! { "_id": { "forgetting": donor.as_str() } }
}

//! Totals and donations again from the log, while workers run and readers read.
//!
//! Nothing is deleted to be counted anew: an audit says what differs, and only that is put right. Every repair is one
//! atomic write of one document and needs no transaction, because of what a worker's transaction leaves unchanged,
//! whatever it does: the difference between a campaign's totals and the sum of its stored donations. So
//!
//! 1. donations and donors are put right first, each only if it is still as the audit saw it (a worker that has
//!    moved it meanwhile wins, and the next pass looks again);
//! 2. once a campaign's donations and donors agree with the log at some moment, what its totals are off by at that
//!    moment is what they are off by ever after, and is added in a single `$inc`.
//!
//! Readers see the old totals, then the right ones, and nothing in between. Two rebuilds at once do not correct twice:
//! a correction of totals counts itself (`corrections`), and is made only at the count that its audit saw.

use futures::stream::{self, StreamExt, TryStreamExt};
use mongodb::bson::{Bson, Document, doc, serialize_to_bson};
use mongodb::error::Error;

use super::audit::{CampaignAudit, Damage, DonationDifference, DonorDifference, Scope, TotalsDifference};
use super::document::{CAMPAIGN_DONORS, CAMPAIGN_TOTALS, DONATIONS, DonationDocument, DonorKey, date};
use super::{Listed, Store, StoreError, check_statements, detached};
use crate::domain::{CampaignId, Currency, Timestamp, Totals};

/// Passes after which a rebuild gives up on what still differs. One puts donations and donors right, one the totals, one
/// finds nothing; more are needed only where workers move what is being put right.
const MAX_PASSES: u32 = 10;

/// Statements in one command, which must stay below 16 MB.
const STATEMENTS: usize = 1000;

/// Commands that the server works on at the same time.
const COMMANDS_AT_ONCE: usize = 4;

/// Damaged rows named in an answer; all are counted.
const DAMAGED_SHOWN: usize = 100;

/// What a rebuild has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuild {
    /// Passes over the log, the last of which found nothing to put right.
    pub passes: u32,
    /// Campaigns looked at.
    pub campaigns: u64,
    /// Events counted.
    pub events: u64,
    /// Donations put right.
    pub donations: u64,
    /// Donors put right.
    pub donors: u64,
    /// Campaigns whose totals were put right.
    pub totals: u64,
    /// Damaged log rows. With any of them nothing is put right.
    pub damaged: Listed<Damage>,
    /// Whether differences are left.
    pub unfinished: bool,
}

impl Store {
    /// Puts right whatever does not follow from the log, and looks again until all of it does. `progress` is told
    /// of each campaign as it was found.
    ///
    /// First it looks at the whole log, also for one campaign: a damaged row may belong to any donation, so nothing
    /// can be said to follow from a log that has one, and nothing is changed then.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer; what was put right is right, and a rebuild can be run again.
    pub async fn rebuild(
        &self,
        scope: &Scope,
        currency: Currency,
        mut progress: impl FnMut(&CampaignAudit),
    ) -> Result<Rebuild, StoreError> {
        let mut seen = Rebuild {
            passes: 1,
            ..Rebuild::default()
        };
        let mut differs = false;
        let mut audit = self.audit(Scope::All, currency);
        while let Some(campaign) = audit.next().await? {
            progress(&campaign);
            if scope.contains(campaign.campaign.as_ref()) {
                seen.count(&campaign);
                differs |= campaign.differences() > 0;
            }
            for damage in campaign.damaged {
                seen.damaged.add(damage, DAMAGED_SHOWN);
            }
        }
        if seen.damaged.count > 0 || !differs {
            return Ok(seen);
        }
        self.follow_log(scope, currency, progress).await
    }

    /// A rebuild that takes the log for whole.
    pub(super) async fn follow_log(
        &self,
        scope: &Scope,
        currency: Currency,
        mut progress: impl FnMut(&CampaignAudit),
    ) -> Result<Rebuild, StoreError> {
        let mut done = Rebuild::default();
        loop {
            done.passes += 1;
            (done.campaigns, done.events, done.unfinished) = (0, 0, false);
            let corrected = done.corrected();
            let mut audit = self.audit(scope.clone(), currency);
            while let Some(campaign) = audit.next().await? {
                progress(&campaign);
                done.count(&campaign);
                done.unfinished |= campaign.differences() > 0;
                if campaign.damaged.is_empty() {
                    self.put_right(campaign, &mut done).await?;
                }
            }
            let stuck = done.corrected() == corrected;
            if !done.unfinished || stuck || done.passes == MAX_PASSES {
                return Ok(done);
            }
        }
    }

    async fn put_right(&self, audit: CampaignAudit, done: &mut Rebuild) -> Result<(), StoreError> {
        let (donations, donors) = (audit.donation_differences, audit.donor_differences);
        if let Some(campaign) = audit.campaign {
            if donations.is_empty()
                && donors.is_empty()
                && let Some(difference) = &audit.totals_difference
            {
                let statement = correct_totals(&campaign, difference, audit.events, audit.committed);
                done.totals += self
                    .write_each(CAMPAIGN_TOTALS, [Ok(statement)].into_iter())
                    .await?;
            }
            let statements = donors.iter().map(|donor| correct_donor(&campaign, donor));
            done.donors += self.write_each(CAMPAIGN_DONORS, statements).await?;
        }
        let statements = donations.iter().map(correct_donation);
        done.donations += self.write_each(DONATIONS, statements).await?;
        Ok(())
    }

    /// Runs statements that each stand alone. One that finds its document changed, or created, meanwhile does
    /// nothing; returned is how many did something.
    async fn write_each(
        &self,
        collection: &'static str,
        mut statements: impl Iterator<Item = Result<Statement, StoreError>>,
    ) -> Result<u64, StoreError> {
        let chunks = std::iter::from_fn(|| {
            let chunk: Vec<_> = statements.by_ref().take(STATEMENTS).collect();
            (!chunk.is_empty()).then(|| chunk.into_iter().collect::<Result<Vec<_>, _>>())
        });
        let written = stream::iter(chunks)
            .map(async |chunk| self.write_chunk(collection, chunk?).await)
            .buffer_unordered(COMMANDS_AT_ONCE);
        written.try_fold(0, async |sum, written| Ok(sum + written)).await
    }

    async fn write_chunk(&self, collection: &'static str, chunk: Vec<Statement>) -> Result<u64, StoreError> {
        let (mut updates, mut deletes) = (Vec::new(), Vec::new());
        for statement in chunk {
            match statement {
                Statement::Update(statement) => updates.push(statement),
                Statement::Delete(statement) => deletes.push(statement),
            }
        }
        let mut written = 0;
        for (name, list, statements) in [("update", "updates", updates), ("delete", "deletes", deletes)] {
            if statements.is_empty() {
                continue;
            }
            let command = doc! {
                name: collection, list: statements, "ordered": false, "writeConcern": { "w": "majority" },
            };
            let database = self.database.clone();
            let answer = detached(async move { database.run_command(command).await }).await??;
            check_statements(&answer).or_else(StoreError::unless_duplicate_key)?;
            written += written_by(name, &answer);
        }
        Ok(written)
    }
}

impl Rebuild {
    fn count(&mut self, audit: &CampaignAudit) {
        self.campaigns += u64::from(audit.campaign.is_some());
        self.events += audit.events;
    }

    fn corrected(&self) -> u64 {
        self.donations + self.donors + self.totals
    }
}

/// How many documents a command has changed, created or deleted.
fn written_by(name: &str, answer: &Document) -> u64 {
    let number = |field| answer.get_i32(field).unwrap_or_default();
    let written = match name {
        "delete" => number("n"),
        _ => {
            let created = answer.get_array("upserted").map_or(0, Vec::len);
            number("nModified") + i32::try_from(created).unwrap_or(i32::MAX)
        }
    };
    u64::try_from(written).unwrap_or_default()
}

enum Statement {
    Update(Document),
    Delete(Document),
}

impl Statement {
    /// Creates the document `_id` unless there is one by now.
    fn create(id: Bson, mut document: Document) -> Self {
        document.remove("_id");
        Self::Update(doc! { "q": { "_id": id }, "u": { "$setOnInsert": document }, "upsert": true })
    }
}

fn correct_donation(difference: &DonationDifference) -> Result<Statement, StoreError> {
    let id = &difference.donation;
    let document = |donation| {
        let document = DonationDocument::new(id, donation);
        mongodb::bson::serialize_to_document(&document).map_err(|error| StoreError::from(Error::from(error)))
    };
    let expected = difference.expected.as_ref().map(document).transpose()?;
    let Some(stored) = &difference.stored else {
        return Ok(Statement::create(
            id.as_str().into(),
            expected.unwrap_or_default(),
        ));
    };
    let mut as_seen = doc! { "campaignId": null, "donorId": null, "amountMinor": null };
    as_seen.extend(document(stored)?);
    Ok(match expected {
        Some(mut replacement) => {
            replacement.remove("_id");
            Statement::Update(doc! { "q": as_seen, "u": replacement })
        }
        None => Statement::Delete(doc! { "q": as_seen, "limit": 1 }),
    })
}

fn correct_donor(campaign: &CampaignId, difference: &DonorDifference) -> Result<Statement, StoreError> {
    let key = DonorKey {
        campaign: campaign.clone(),
        donor: difference.donor.clone(),
    };
    let id = serialize_to_bson(&key).map_err(Error::from)?;
    let expected = difference.expected;
    Ok(match difference.stored {
        None => Statement::create(id, doc! { "live": expected }),
        Some(stored) if expected == 0 => {
            Statement::Delete(doc! { "q": { "_id": id, "live": stored }, "limit": 1 })
        }
        Some(stored) => Statement::Update(
            doc! { "q": { "_id": id, "live": stored }, "u": { "$set": { "live": expected } } },
        ),
    })
}

/// Adds what the totals are off by; removes them where the log knows no donation.
fn correct_totals(
    campaign: &CampaignId,
    difference: &TotalsDifference,
    events: u64,
    committed: Option<(Timestamp, Timestamp)>,
) -> Statement {
    let (stored, corrections) = difference.stored.unwrap_or_default();
    let Some(expected) = difference.expected else {
        return Statement::Delete(doc! {
            "q": {
                "_id": campaign.as_str(), "totalAmountMinor": stored.amount.minor(),
                "totalPledges": stored.pledges, "totalDonors": stored.donors,
            },
            "limit": 1,
        });
    };
    // Totals that were lost get a revision that readers have not seen, unless they were corrected before: each event
    // has moved it by one at most.
    let revision = if difference.stored.is_some() {
        1
    } else {
        i64::try_from(events).unwrap_or(i64::MAX) + 1
    };
    let now = Timestamp::now();
    let (created, updated) = committed
        .filter(|_| difference.stored.is_none())
        .unwrap_or((now, now));
    let off = |field: fn(&Totals) -> i64| field(&expected) - field(&stored);
    // A count of zero is absent: workers know nothing of corrections.
    let as_seen = match corrections {
        0 => doc! { "$exists": false },
        seen => doc! { "$eq": seen },
    };
    Statement::Update(doc! {
        "q": { "_id": campaign.as_str(), "corrections": as_seen },
        "u": {
            "$inc": {
                "totalAmountMinor": off(|totals| totals.amount.minor()),
                "totalPledges": off(|totals| totals.pledges), "totalDonors": off(|totals| totals.donors),
                "revision": revision, "corrections": 1_i64,
            },
            "$max": { "lastUpdated": date(updated) },
            "$setOnInsert": { "createdAt": date(created) },
        },
        "upsert": difference.stored.is_none(),
    })
}

//! What an audit finds about one campaign.

use std::collections::HashMap;

use mongodb::bson::{Bson, RawBsonRef, RawDocument};
use serde::Serialize;

use super::donations::StoredDonation;
use super::history::DayDifference;
use super::problem::Problem;
use super::unreadable::Unreadable;
use crate::domain::{CampaignId, Donation, DonationId, Facts, Timestamp, Totals};
use crate::store::read::foreign::{shell, shell_id};
use crate::store::schema::document::{CAMPAIGN_HISTORY, CAMPAIGN_TOTALS, DONATIONS};

/// One campaign, compared with the log.
#[derive(Debug, Clone, Default)]
pub struct CampaignAudit {
    /// Which campaign; `None` for the donations that have refunds but no creation yet.
    pub campaign: Option<CampaignId>,
    /// How many events of it were counted.
    pub events: u64,
    /// How many donations they make.
    pub donations: u64,
    /// When the first and the last of them were committed.
    pub committed: Option<(Timestamp, Timestamp)>,
    /// Log rows that cannot be counted. If there are any, the other differences may be consequences of them.
    pub damaged: Vec<Damage>,
    /// Donations that are not as the log says.
    pub donation_differences: Vec<DonationDifference>,
    /// Days of its history that are not as the log says.
    pub day_differences: Vec<DayDifference>,
    /// Documents that cannot be read: a rebuild removes them and makes anew what the log has, but for those of another
    /// service.
    pub unreadable: Vec<Unreadable>,
    /// The totals as they are stored.
    pub stored: Option<StoredTotals>,
    /// The totals as the log says; `None` if it tells nothing of the campaign but refunds.
    pub expected: Option<Totals>,
    /// What is known of the campaign beside its totals, as it is stored.
    pub stored_facts: Facts,
    /// The same, as the log says.
    pub expected_facts: Facts,
}

/// A log row that does not hold what was logged, or contradicts another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Damage {
    /// The row's id, as mongosh takes it where it is no text.
    pub event_id: String,
    /// What is wrong with it, as a sentence.
    pub problem: String,
    /// What its operator can do, as a sentence with the exact command.
    pub remedy: String,
    /// The campaign that a rebuild files the row under, if nothing else is wrong with it.
    #[serde(skip)]
    pub(in crate::store) belongs_to: Option<CampaignId>,
}

impl Damage {
    pub(super) fn new(row: &RawDocument, problem: impl Into<Problem>) -> Self {
        let id = row.get("_id").ok().flatten();
        let text = id.and_then(RawBsonRef::as_str);
        let Problem { sentence, update } = problem.into();
        Self {
            event_id: text.map_or_else(|| shell_id(row), str::to_owned),
            problem: sentence,
            belongs_to: None,
            remedy: update.map_or_else(
                || remedy(&shell_id(row)),
                |update| {
                    format!(
                        "restore the row from a backup; without one, db.event_log.updateOne({{_id: {}}}, {update}) in mongosh",
                        shell_id(row)
                    )
                },
            ),
        }
    }

    /// Damage of a row that is right by itself and contradicts another.
    pub(super) fn of_event(event_id: String, problem: String) -> Self {
        let remedy = remedy(&shell(&Bson::from(event_id.as_str())));
        Self {
            event_id,
            problem,
            remedy,
            belongs_to: None,
        }
    }

    /// Damage of a refund that stands under another campaign than its donation was created for.
    pub(super) fn misfiled(event_id: String, donation: &DonationId, created_for: CampaignId) -> Self {
        let (id, campaign) = (Bson::from(event_id.as_str()), Bson::from(created_for.as_str()));
        Self {
            event_id,
            problem: format!(
                "it refunds donationId {donation}, which was created for campaign {created_for}, and is filed under another"
            ),
            remedy: format!(
                "`totals-worker rebuild` files it there, as does db.event_log.updateOne({{_id: {}}}, {{$set: {{campaignId: \
                 {}}}}}) in mongosh",
                shell(&id),
                shell(&campaign)
            ),
            belongs_to: Some(created_for),
        }
    }

    /// Returns true if a rebuild mends the row.
    pub fn is_mended_by_rebuild(&self) -> bool {
        self.belongs_to.is_some()
    }
}

fn remedy(id: &str) -> String {
    format!(
        "restore the row from a backup; without one, db.event_log.deleteOne({{_id: {id}}}) in mongosh, and have its event \
         published again if it was one"
    )
}

/// A donation as it is stored and as the log says; at most one of the two is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DonationDifference {
    /// Which donation.
    pub donation: DonationId,
    /// As stored.
    pub stored: Option<Donation>,
    /// As the log says.
    pub expected: Option<Donation>,
    /// True if its stored `liveDonor` is wrong, so that a look-up of donors finds it for the wrong donor or not at all.
    pub misfiled: bool,
}

impl DonationDifference {
    /// Returns true if the donation is right but for its time.
    fn is_of_time_alone(&self) -> bool {
        let (Some(stored), Some(expected), false) = (&self.stored, &self.expected, self.misfiled) else {
            return false;
        };
        stored.creation == expected.creation && stored.refunded == expected.refunded
    }
}

/// Totals as they were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredTotals {
    /// The totals.
    pub totals: Totals,
    /// Their revision.
    pub revision: i64,
    /// How often a rebuild has corrected them.
    pub corrections: i64,
}

impl CampaignAudit {
    /// Compares a stored donation with what the log says, and takes it out of what is `missing`.
    pub(super) fn compare_donation(
        &mut self,
        donation: DonationId,
        StoredDonation { stored, misfiled }: StoredDonation,
        missing: &mut HashMap<DonationId, Donation>,
    ) {
        let expected = missing.remove(&donation);
        if misfiled || expected.as_ref() != Some(&stored) {
            self.donation_differences.push(DonationDifference {
                donation,
                stored: Some(stored),
                expected,
                misfiled,
            });
        }
    }

    /// Keeps a donation that cannot be read, with what the log says of it, and takes it out of what is `missing`.
    pub(super) fn unreadable_donation(
        &mut self,
        mut unreadable: Unreadable,
        missing: &mut HashMap<DonationId, Donation>,
    ) {
        let id = unreadable
            .donation_id()
            .filter(|_| unreadable.collection == DONATIONS);
        unreadable.expected = id.and_then(|id| missing.remove_entry(&id)).map(Box::new);
        self.unreadable.push(unreadable);
    }

    /// Adds the donations that are not stored, in the order of their ids: so they are written with the least work.
    pub(super) fn add_missing(&mut self, missing: HashMap<DonationId, Donation>) {
        let mut missing: Vec<_> = missing.into_iter().collect();
        missing.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let missing = missing
            .into_iter()
            .map(|(donation, expected)| DonationDifference {
                donation,
                stored: None,
                expected: Some(expected),
                misfiled: false,
            });
        self.donation_differences.extend(missing);
    }

    /// The donations that cannot be read and that a rebuild puts right.
    pub(in crate::store) fn unreadable_donations(&self) -> impl Iterator<Item = &Unreadable> {
        let unreadable = self.unreadable.iter().filter(|it| !it.is_foreign);
        unreadable.filter(|it| it.collection == DONATIONS)
    }

    /// The totals that cannot be read and that a rebuild puts right.
    pub(in crate::store) fn unreadable_totals(&self) -> impl Iterator<Item = &Unreadable> {
        let unreadable = self.unreadable.iter().filter(|it| !it.is_foreign);
        unreadable.filter(|it| it.collection == CAMPAIGN_TOTALS)
    }

    /// The days of its history that cannot be read and that a rebuild puts right.
    pub(in crate::store) fn unreadable_days(&self) -> impl Iterator<Item = &Unreadable> {
        let unreadable = self.unreadable.iter().filter(|it| !it.is_foreign);
        unreadable.filter(|it| it.collection == CAMPAIGN_HISTORY)
    }

    /// Returns true if any day of the history has to be put right.
    pub(in crate::store) fn days_differ(&self) -> bool {
        !self.day_differences.is_empty() || self.unreadable_days().next().is_some()
    }

    /// Returns true if a rebuild puts right anything that the history is read from, or that workers book by.
    pub(in crate::store) fn history_differs(&self) -> bool {
        self.days_differ() || self.donations_differ()
    }

    /// Returns true if the totals can be read, or are missing.
    pub(in crate::store) fn totals_are_readable(&self) -> bool {
        !self.unreadable.iter().any(|it| it.collection == CAMPAIGN_TOTALS)
    }

    /// Returns true if any donation has to be put right.
    pub(in crate::store) fn donations_differ(&self) -> bool {
        !self.donation_differences.is_empty() || self.unreadable_donations().next().is_some()
    }

    /// Returns true if any donation has to be put right in more than its time: totals rest on these.
    pub(in crate::store) fn contributions_differ(&self) -> bool {
        let mut differences = self.donation_differences.iter();
        self.unreadable_donations().next().is_some() || differences.any(|it| !it.is_of_time_alone())
    }

    /// Returns true if the totals can be read and are not as the log says.
    pub fn totals_differ(&self) -> bool {
        self.totals_are_readable() && self.stored.map(|stored| stored.totals) != self.expected
    }

    /// Returns true if the facts can be read and are not as the log says.
    pub fn facts_differ(&self) -> bool {
        self.totals_are_readable() && self.stored_facts != self.expected_facts
    }

    /// How many differences and damaged rows there are.
    pub fn differences(&self) -> usize {
        self.damaged.len()
            + self.donation_differences.len()
            + self.day_differences.len()
            + self.unreadable.len()
            + usize::from(self.totals_differ())
            + usize::from(self.facts_differ())
    }

    /// How many documents of another service are in the way. They are differences that no rebuild puts right.
    pub fn foreign(&self) -> usize {
        self.unreadable.iter().filter(|it| it.is_foreign).count()
    }

    /// How many differences a rebuild has to put right.
    pub(in crate::store) fn repairs(&self) -> usize {
        self.differences() - self.foreign()
    }
}

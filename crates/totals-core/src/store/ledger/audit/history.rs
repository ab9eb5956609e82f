//! A campaign's history beside what its donations make of it.

use std::collections::HashSet;

use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};

use super::unreadable::{Filed, Unreadable};
use super::{CampaignAudit, Scope};
use crate::domain::{CampaignId, History};
use crate::store::schema::document::{CAMPAIGN_HISTORY, DayDocument, campaign_day_of};

/// A day whose slots do not hold what they should.
#[derive(Debug, Clone, PartialEq)]
pub struct DayDifference {
    /// Which day, as days since 1970-01-01.
    pub day: i32,
    /// The slots of that day, as stored.
    pub stored: History,
    /// The same, as the log says.
    pub expected: History,
    /// How often a rebuild has corrected the document that a correction is written to; `None` if there is no such document.
    pub(in crate::store) corrections: Option<i64>,
    /// Matches the document as long as nobody has changed it, if it is to be removed.
    pub(in crate::store) remove: Option<Box<Document>>,
}

/// A campaign's day, as it was found.
pub(super) struct StoredDay {
    day: i32,
    read: Result<DayDocument, String>,
    raw: RawDocumentBuf,
}

/// A document of the history of campaigns. One whose `_id` is no campaign's day is `None`: the audit of the platform names it.
pub(super) type Booked = Filed<StoredDay, Unreadable>;

/// Reads a document of the history of campaigns.
pub(super) fn campaign_day(document: &RawDocument) -> Option<Booked> {
    let (campaign, day) = campaign_day_of(document)?;
    let stored = StoredDay {
        day,
        read: DayDocument::read(document, day),
        raw: document.to_owned(),
    };
    Some(Ok((campaign, stored)))
}

/// The query for the history of campaigns that lie in `scope` and after `done`, in their order.
pub(super) fn query(scope: &Scope, done: Option<&CampaignId>) -> Document {
    // By the order of documents, which goes field by field: the least value of a day, and more than the largest one.
    let before = |campaign: &CampaignId| doc! { "campaignId": campaign.as_str() };
    let after = |campaign: &CampaignId| doc! { "campaignId": campaign.as_str(), "day": i64::MAX };
    let range = match (scope, done) {
        (Scope::Campaign(campaign), _) => doc! { "$gt": before(campaign), "$lt": after(campaign) },
        (Scope::All, Some(done)) => doc! { "$gt": after(done) },
        (Scope::All, None) => doc! { "$gt": {} },
    };
    doc! { "find": CAMPAIGN_HISTORY, "filter": { "_id": range }, "sort": { "_id": 1 } }
}

/// Compares the days of a campaign, one after another, with what its donations are booked with.
pub(super) struct Comparison {
    expected: History,
    met: HashSet<i32>,
    /// True if the log tells of the campaign: else its days are removed.
    exists: bool,
}

impl Comparison {
    pub fn new(expected: History, exists: bool) -> Self {
        Self {
            expected,
            met: HashSet::new(),
            exists,
        }
    }

    /// Compares a day that is stored.
    pub fn stored(&mut self, StoredDay { day, read, raw }: StoredDay, audit: &mut CampaignAudit) {
        self.met.insert(day);
        let expected: History = self.expected.day(day).collect();
        let stored = match read {
            Ok(stored) => stored,
            Err(problem) => {
                let mut unreadable = Unreadable::day(CAMPAIGN_HISTORY, &raw, problem);
                unreadable.expected_day = Some(Box::new(expected));
                audit.unreadable.push(unreadable);
                return;
            }
        };
        if stored.history != expected || !self.exists {
            let as_seen = || Unreadable::day(CAMPAIGN_HISTORY, &raw, "").as_seen;
            audit.day_differences.push(DayDifference {
                day,
                stored: stored.history,
                expected,
                corrections: Some(stored.corrections),
                remove: (!self.exists).then(as_seen),
            });
        }
    }

    /// Adds the days that are not stored.
    pub fn missing(self, audit: &mut CampaignAudit) {
        let missing = self.expected.days().filter(|day| !self.met.contains(day));
        audit.day_differences.extend(missing.map(|day| DayDifference {
            day,
            stored: History::default(),
            expected: self.expected.day(day).collect(),
            corrections: None,
            remove: None,
        }));
    }
}

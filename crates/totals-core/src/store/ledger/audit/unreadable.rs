//! Documents that cannot be read, and the rows and documents that belong to no campaign.

use mongodb::bson::{Bson, Document, RawDocument, doc};

use super::failed::not_failed;
use crate::domain::{CampaignId, Donation, DonationId, EventType, History};
use crate::store::read::foreign::shell;
use crate::store::read::snapshot::{Snapshot, Stream};
use crate::store::schema::document::{CAMPAIGN_TOTALS, DONATIONS, EVENT_LOG, is_revision};
use crate::store::schema::ownership::{OF_DONATIONS, OF_HISTORY, OF_TOTALS};

/// The fields that tell whether a document is still as it was seen.
const DONATION_FIELDS: [&str; 6] = [
    "campaignId",
    "donorId",
    "amountMinor",
    "refundedMinor",
    "liveDonor",
    "at",
];
const TOTALS_FIELDS: [&str; 6] = [
    "totalAmountMinor",
    "totalPledges",
    "totalDonors",
    "revision",
    "lastUpdated",
    "corrections",
];
const HISTORY_FIELDS: [&str; 3] = ["amountMinor", "pledges", "corrections"];

/// A donation, a campaign's totals or a day of the history that cannot be read. A rebuild removes it, and makes it anew if the log has it, unless
/// another service wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreadable {
    /// Where it is.
    pub collection: &'static str,
    /// Its `_id` as mongosh takes it.
    pub id: String,
    /// What is wrong with it.
    pub problem: String,
    /// True if another service wrote it: a rebuild leaves it.
    pub is_foreign: bool,
    /// Matches the document as long as nobody has changed it.
    pub(in crate::store) as_seen: Box<Document>,
    /// The donation as the log says, if the document is one.
    pub(in crate::store) expected: Option<Box<(DonationId, Donation)>>,
    /// The slots as the log says, if the document is a campaign's day.
    pub(in crate::store) expected_day: Option<Box<History>>,
}

impl Unreadable {
    pub(super) fn donation(document: &RawDocument, problem: impl Into<String>) -> Self {
        let is_foreign = OF_DONATIONS.are_missing_in(document);
        Self::new(DONATIONS, &DONATION_FIELDS, document, problem.into(), is_foreign)
    }

    pub(super) fn totals(document: &RawDocument, problem: impl Into<String>) -> Self {
        let is_foreign = OF_TOTALS.are_missing_in(document);
        Self::new(
            CAMPAIGN_TOTALS,
            &TOTALS_FIELDS,
            document,
            problem.into(),
            is_foreign,
        )
    }

    pub(super) fn day(collection: &'static str, document: &RawDocument, problem: impl Into<String>) -> Self {
        let is_foreign = OF_HISTORY.are_missing_in(document);
        Self::new(collection, &HISTORY_FIELDS, document, problem.into(), is_foreign)
    }

    fn new(
        collection: &'static str,
        fields: &[&str],
        document: &RawDocument,
        problem: String,
        is_foreign: bool,
    ) -> Self {
        let value = |name: &str| {
            let value = document.get(name).ok().flatten();
            value
                .and_then(|value| Bson::try_from(value).ok())
                .unwrap_or(Bson::Null)
        };
        let id = value("_id");
        let mut as_seen = doc! { "_id": { "$eq": &id } };
        for name in fields {
            as_seen.insert(*name, doc! { "$eq": value(name) });
        }
        Self {
            collection,
            id: shell(&id),
            problem,
            is_foreign,
            as_seen: Box::new(as_seen),
            expected: None,
            expected_day: None,
        }
    }

    /// What its operator can do, as a sentence.
    pub fn remedy(&self) -> String {
        if !self.is_foreign {
            return "a rebuild removes it, and makes it anew if the log has it".to_owned();
        }
        format!(
            "another service wrote it, and a rebuild leaves it: set DATABASE_URL to a database of this service's own, or, if \
             nobody needs it, db.{}.deleteOne({{_id: {}}}) in mongosh",
            self.collection, self.id
        )
    }

    /// Which donation it is, if its `_id` can be one's.
    pub(super) fn donation_id(&self) -> Option<DonationId> {
        let id = self.as_seen.get_document("_id").ok()?.get_str("$eq").ok()?;
        DonationId::try_from(id).ok()
    }

    /// One of the document's numbers; zero if it cannot be read or added to.
    pub(in crate::store) fn number(&self, field: &str) -> i64 {
        let value = self
            .as_seen
            .get_document(field)
            .ok()
            .and_then(|seen| seen.get("$eq"));
        let whole = value.and_then(|value| value.as_i64().or_else(|| value.as_i32().map(i64::from)));
        whole.filter(|number| is_revision(*number)).unwrap_or_default()
    }
}

/// A query's document, filed under its campaign; the error is a document that belongs to no campaign.
pub(super) type Filed<T, U> = Result<(CampaignId, T), U>;

/// Rows of the log that no campaign has and that are no payments either.
pub(super) fn rows_of_no_campaign() -> Document {
    let filter = doc! { "$and": [
        not_failed(),
        { "$nor": [
            { "campaignId": { "$gt": "" } },
            {
                "campaignId": { "$exists": false }, "type": { "$in": EventType::WITHOUT_CAMPAIGN.to_vec() },
                "status": "PROCESSED", "_id": { "$type": "string" }, "donationId": { "$type": "string" },
                "early": { "$in": [null, false] },
            },
        ] },
    ] };
    doc! { "find": EVENT_LOG, "filter": filter }
}

/// The donations that no campaign has and that do not wait for one, and the totals of none.
pub(super) fn documents_apart(snapshot: &Snapshot) -> [Stream<Unreadable>; 2] {
    let apart = |field: &str| doc! { field: { "$not": { "$gt": "" } } };
    let donations = doc! {
        "find": DONATIONS, "filter": { "$and": [apart("campaignId"), { "campaignId": { "$ne": null } }] },
    };
    let totals = doc! { "find": CAMPAIGN_TOTALS, "filter": apart("_id"), "hint": "_id_" };
    [
        snapshot.stream(donations, |it| {
            Ok(Unreadable::donation(it, "its campaignId is none"))
        }),
        snapshot.stream(totals, |it| {
            Ok(Unreadable::totals(it, "its _id is no campaign's"))
        }),
    ]
}

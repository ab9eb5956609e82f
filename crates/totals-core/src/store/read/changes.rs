//! What each commit changes in a campaign's totals, as MongoDB's change stream reports it.
//!
//! An update arrives as the fields it has set, not as the whole document: MongoDB could look that up, at the price of
//! one more read for each change. The revision tells whether the fields continue what the reader has.

use mongodb::bson::{Bson, DateTime, RawDocument, Timestamp as BsonTimestamp, deserialize_from_slice};
use serde::Deserialize;

use crate::domain::{CampaignFacts, CampaignId, Facts, Money, Timestamp, Totals};
use crate::store::read::cluster_time::ClusterTime;
use crate::store::read::one::{CampaignTotals, if_any};
use crate::store::schema::document::{FactsDocument, is_revision, timestamp};

/// One committed change of one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which campaign.
    pub campaign: CampaignId,
    /// The moment of the commit. A campaign changes at most once at a moment.
    pub at: ClusterTime,
    /// What the campaign has become.
    pub kind: ChangeKind,
}

/// What a campaign has become by a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// It has totals now, and had none.
    Created(CampaignTotals),
    /// Its totals are these now.
    Replaced(CampaignTotals),
    /// Some of its totals' fields are these now.
    Moved(Moved),
    /// It has no totals any more.
    Removed,
    /// It has a document that this service did not write.
    Unreadable,
}

impl ChangeKind {
    /// When the totals have changed, by the worker's clock; `None` if there are none now, or if the change does not say.
    pub fn last_updated(&self) -> Option<Timestamp> {
        match self {
            Self::Created(totals) | Self::Replaced(totals) => Some(totals.last_updated),
            Self::Moved(moved) => moved.last_updated,
            Self::Removed | Self::Unreadable => None,
        }
    }
}

/// The fields that an update has set; the others are as they were.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moved {
    /// The amount raised.
    pub amount: Option<Money>,
    /// The count of pledges.
    pub pledges: Option<i64>,
    /// The count of donors.
    pub donors: Option<i64>,
    /// The revision; every writer of ours moves it by one.
    pub revision: Option<i64>,
    /// The time of the change.
    pub last_updated: Option<Timestamp>,
    /// All that is known of the campaign beside its totals.
    pub facts: Option<CampaignFacts>,
}

impl Moved {
    /// The totals after the update, if `before` is the state that the update was made on: if the revision grows by one.
    /// `None` if another change came in between, or if the update left the revision alone.
    pub fn applied_to(&self, before: &CampaignTotals) -> Option<CampaignTotals> {
        let revision = self
            .revision
            .filter(|revision| *revision == before.revision + 1)?;
        Some(CampaignTotals {
            campaign: before.campaign.clone(),
            totals: Totals {
                amount: self.amount.unwrap_or(before.totals.amount),
                pledges: self.pledges.unwrap_or(before.totals.pledges),
                donors: self.donors.unwrap_or(before.totals.donors),
            },
            revision,
            last_updated: self.last_updated.unwrap_or(before.last_updated),
            facts: match &self.facts {
                Some(facts) => if_any(facts.clone()),
                None => before.facts.clone(),
            },
        })
    }
}

/// What a change stream yields.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeEvent<'a> {
    operation_type: String,
    cluster_time: BsonTimestamp,
    document_key: Option<DocumentKey>,
    #[serde(borrow)]
    full_document: Option<&'a RawDocument>,
    #[serde(borrow)]
    update_description: Option<Update<'a>>,
}

#[derive(Debug, Deserialize)]
struct DocumentKey {
    #[serde(rename = "_id")]
    id: Bson,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update<'a> {
    #[serde(borrow)]
    updated_fields: &'a RawDocument,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    total_amount_minor: Option<i64>,
    total_pledges: Option<i64>,
    total_donors: Option<i64>,
    revision: Option<i64>,
    last_updated: Option<DateTime>,
    facts: Option<FactsDocument>,
}

impl Fields {
    /// The fields as a change; `None` if a value is one that no totals hold.
    fn moved(self) -> Option<Moved> {
        if !self.revision.is_none_or(is_revision) {
            return None;
        }
        let last_updated = match self.last_updated {
            Some(date) => Some(timestamp(date)?),
            None => None,
        };
        let facts = match self.facts {
            Some(facts) => Some(CampaignFacts::from(&Facts::try_from(facts).ok()?)),
            None => None,
        };
        Some(Moved {
            amount: self.total_amount_minor.map(Money::from_minor),
            pledges: self.total_pledges,
            donors: self.total_donors,
            revision: self.revision,
            last_updated,
            facts,
        })
    }
}

/// Reads what the stream yields; `None` if the document's `_id` is no campaign's.
///
/// # Errors
/// A sentence, if the stream cannot be followed any further: the collection was dropped or renamed.
pub(in crate::store) fn read(event: &RawDocument) -> Result<Option<Change>, String> {
    let event: ChangeEvent<'_> = deserialize_from_slice(event.as_bytes())
        .map_err(|error| format!("a change of the totals cannot be read: {error}"))?;
    let ChangeEvent {
        operation_type,
        cluster_time,
        document_key,
        full_document,
        update_description,
    } = event;
    let kind = match (operation_type.as_str(), full_document, update_description) {
        ("insert", Some(document), _) => Some(became(document, ChangeKind::Created)),
        ("replace", Some(document), _) => Some(became(document, ChangeKind::Replaced)),
        ("update", _, Some(update)) => Some(
            deserialize_from_slice::<Fields>(update.updated_fields.as_bytes())
                .ok()
                .and_then(Fields::moved)
                .map_or(ChangeKind::Unreadable, ChangeKind::Moved),
        ),
        ("delete", ..) => Some(ChangeKind::Removed),
        _ => None,
    };
    let (Some(kind), Some(key)) = (kind, document_key) else {
        return Err(format!(
            "the collection of the totals has seen `{operation_type}`"
        ));
    };
    let campaign = key.id.as_str().and_then(|id| CampaignId::try_from(id).ok());
    Ok(campaign.map(|campaign| Change {
        campaign,
        at: cluster_time.into(),
        kind,
    }))
}

fn became(document: &RawDocument, kind: impl FnOnce(CampaignTotals) -> ChangeKind) -> ChangeKind {
    CampaignTotals::read(document).map_or(ChangeKind::Unreadable, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(pledges: i64, donors: i64, revision: i64) -> CampaignTotals {
        CampaignTotals {
            campaign: CampaignId::try_from("c").unwrap(),
            totals: Totals {
                amount: Money::from_minor(pledges * 100),
                pledges,
                donors,
            },
            revision,
            last_updated: Timestamp::from_unix_millis(revision).unwrap(),
            facts: None,
        }
    }

    /// A donation by a donor who has donated before.
    fn donation(pledges: i64, revision: i64) -> Moved {
        Moved {
            amount: Some(Money::from_minor(pledges * 100)),
            pledges: Some(pledges),
            revision: Some(revision),
            last_updated: Timestamp::from_unix_millis(revision),
            ..Moved::default()
        }
    }

    #[test]
    fn a_change_continues_only_what_it_was_made_on() {
        let before = totals(1, 1, 5);
        assert_eq!(donation(2, 6).applied_to(&before), Some(totals(2, 1, 6)));
        // A donor may have come with the revision that was missed.
        assert_eq!(donation(3, 7).applied_to(&before), None);
        assert_eq!(donation(1, 5).applied_to(&before), None);
        let by_hand = Moved {
            pledges: Some(9),
            ..Moved::default()
        };
        assert_eq!(by_hand.applied_to(&before), None);
    }

    #[test]
    fn what_no_writer_of_ours_does_is_not_followed() {
        let event = |operation: &str| {
            let event = mongodb::bson::rawdoc! {
                "operationType": operation, "clusterTime": BsonTimestamp { time: 1, increment: 2 },
                "documentKey": { "_id": "c" },
            };
            read(&event)
        };
        assert_eq!(event("delete").unwrap().unwrap().kind, ChangeKind::Removed);
        for operation in ["drop", "rename", "invalidate", "insert"] {
            assert!(event(operation).is_err(), "{operation}");
        }
    }

    #[test]
    fn of_a_document_of_another_making_only_its_campaign_is_told() {
        let insert = |document: mongodb::bson::RawDocumentBuf| {
            let event = mongodb::bson::rawdoc! {
                "operationType": "insert", "clusterTime": BsonTimestamp { time: 1, increment: 2 },
                "documentKey": { "_id": mongodb::bson::RawBson::from(document.get("_id").unwrap().unwrap()) }, "fullDocument": document,
            };
            read(&event).unwrap().map(|change| change.kind)
        };
        let broken = mongodb::bson::rawdoc! { "_id": "c", "totalAmountMinor": "a lot" };
        assert_eq!(insert(broken), Some(ChangeKind::Unreadable));
        let foreign = mongodb::bson::rawdoc! { "_id": mongodb::bson::oid::ObjectId::new() };
        assert_eq!(insert(foreign), None);
        let late = mongodb::bson::DateTime::from_millis(1_732_186_200_000_000);
        for fields in [
            mongodb::bson::rawdoc! { "revision": "one" },
            mongodb::bson::rawdoc! { "revision": i64::MAX },
            mongodb::bson::rawdoc! { "revision": 2_i64, "lastUpdated": late },
        ] {
            let update = mongodb::bson::rawdoc! {
                "operationType": "update", "clusterTime": BsonTimestamp { time: 1, increment: 2 },
                "documentKey": { "_id": "c" }, "updateDescription": { "updatedFields": fields },
            };
            assert_eq!(read(&update).unwrap().unwrap().kind, ChangeKind::Unreadable);
        }
    }
}

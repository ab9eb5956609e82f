//! What each commit changes of a campaign's totals, as MongoDB's change stream tells it.
//!
//! An update arrives as the fields it has set, not as the whole document: MongoDB could look that up, at the price of one
//! more read for each change. The revision tells whether the fields continue what the reader has.

use mongodb::bson::{DateTime, RawDocument, Timestamp as BsonTimestamp, deserialize_from_slice};
use serde::Deserialize;

use super::cluster_time::ClusterTime;
use super::document::{TotalsDocument, timestamp};
use super::read::CampaignTotals;
use crate::domain::{CampaignId, Money, Timestamp, Totals};

/// One committed change of one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which campaign.
    pub campaign: CampaignId,
    /// The moment of the commit. A campaign changes at most once at a moment.
    pub at: ClusterTime,
    /// What it has become.
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
}

impl Moved {
    /// The totals after the update, if `before` is what it was made on: if the revision grows by one. `None` if
    /// there was a change in between, or one that left the revision alone.
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
        })
    }
}

/// What a change stream yields.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    operation_type: String,
    cluster_time: BsonTimestamp,
    document_key: Option<Key>,
    full_document: Option<TotalsDocument>,
    update_description: Option<Update>,
}

#[derive(Debug, Deserialize)]
struct Key {
    #[serde(rename = "_id")]
    campaign: CampaignId,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    updated_fields: Fields,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    total_amount_minor: Option<i64>,
    total_pledges: Option<i64>,
    total_donors: Option<i64>,
    revision: Option<i64>,
    last_updated: Option<DateTime>,
}

impl From<Fields> for Moved {
    fn from(fields: Fields) -> Self {
        Self {
            amount: fields.total_amount_minor.map(Money::from_minor),
            pledges: fields.total_pledges,
            donors: fields.total_donors,
            revision: fields.revision,
            last_updated: fields.last_updated.map(timestamp),
        }
    }
}

/// Reads what the stream yields.
///
/// # Errors
/// A sentence, if it is nothing that can be followed: the collection was dropped or renamed, or holds what is none of
/// ours.
pub(super) fn read(event: &RawDocument) -> Result<Change, String> {
    let event: Event = deserialize_from_slice(event.as_bytes())
        .map_err(|error| format!("a change of the totals cannot be read: {error}"))?;
    let Event {
        operation_type,
        cluster_time,
        document_key,
        full_document,
        update_description,
    } = event;
    let kind = match (operation_type.as_str(), full_document, update_description) {
        ("insert", Some(document), _) => Some(ChangeKind::Created(document.into())),
        ("replace", Some(document), _) => Some(ChangeKind::Replaced(document.into())),
        ("update", _, Some(update)) => Some(ChangeKind::Moved(update.updated_fields.into())),
        ("delete", ..) => Some(ChangeKind::Removed),
        _ => None,
    };
    let (Some(kind), Some(key)) = (kind, document_key) else {
        return Err(format!(
            "the collection of the totals has seen `{operation_type}`"
        ));
    };
    Ok(Change {
        campaign: key.campaign,
        at: cluster_time.into(),
        kind,
    })
}

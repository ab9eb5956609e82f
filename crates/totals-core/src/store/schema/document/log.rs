//! The rows of the event log.

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, RawDocument, doc};
use serde::{Deserialize, Serialize};

use super::fields::{ID, date, field, id_of};
use crate::domain::{
    AmountRules, CampaignId, ContentHash, DonationId, DonorId, Effect, Event, EventId, EventKind, EventType,
    Outcome, Timestamp, decode_payload,
};

/// The field of a row whose donor is forgotten: the random id that stands for the donor.
pub(in crate::store) const FORGOTTEN_AS: &str = "forgottenAs";

/// A processed event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct ProcessedRow<'a> {
    #[serde(rename = "_id")]
    pub id: &'a EventId,
    /// `PROCESSED`: the effect is in the totals, committed in the same transaction as the row.
    pub status: &'static str,
    #[serde(rename = "type")]
    pub event_type: &'static str,
    pub content_hash: Binary,
    /// The JSON text as received, exact to the digit.
    pub payload: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub donation_id: Option<&'a DonationId>,
    /// The campaign whose totals the effect moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<&'a CampaignId>,
    /// Absent if the event moved nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectDocument>,
    /// True, and else absent, if a refund came before its donation, whose campaign may be another one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub early: bool,
    pub occurred_at: DateTime,
    pub committed_at: DateTime,
}

impl<'a> ProcessedRow<'a> {
    /// The row of an event; `None` if it was not applied.
    pub fn new(event: &'a Event, outcome: &'a Outcome, now: Timestamp) -> Option<Self> {
        let Outcome::Applied {
            campaign,
            effect,
            early,
        } = outcome
        else {
            return None;
        };
        Some(Self {
            id: &event.id,
            status: "PROCESSED",
            event_type: event.event_type().as_str(),
            content_hash: binary(event.content_hash()),
            payload: event.payload.get(),
            donation_id: event.donation(),
            campaign_id: campaign.as_ref(),
            effect: (!effect.is_none()).then(|| (*effect).into()),
            early: *early,
            occurred_at: date(event.occurred_at),
            committed_at: date(now),
        })
    }
}

/// A processed event, read back from the log.
#[derive(Debug)]
pub(in crate::store) struct LogRow<'a> {
    pub id: &'a str,
    pub event_type: &'a str,
    pub content_hash: &'a [u8],
    pub payload: &'a str,
    pub donation_id: Option<&'a str>,
    pub campaign_id: Option<&'a str>,
    pub early: bool,
}

impl LogRow<'_> {
    /// What the event says, from its payload alone.
    ///
    /// # Errors
    /// Why the row cannot be what was logged, as a sentence.
    pub fn check(&self, amounts: AmountRules) -> Result<EventKind, String> {
        let event_type = EventType::from_name(self.event_type)
            .ok_or_else(|| format!("its type is `{}`, which is none of ours", self.event_type))?;
        let kind = decode_payload(event_type, self.payload, amounts)
            .map_err(|invalid| format!("its payload cannot be read: {invalid}"))?;
        if kind.content_hash().0 != self.content_hash {
            return Err("its payload does not match its contentHash".to_owned());
        }
        let filed_under = match &kind {
            EventKind::DonationCreated(_, creation, _) => Some(&creation.campaign),
            EventKind::DonationRefunded(refund) if self.early => Some(&refund.routed_to),
            // Filed under its donation's campaign, or under none.
            EventKind::DonationRefunded(_)
            | EventKind::PaymentCompleted(_)
            | EventKind::PaymentRefunded(_) => None,
            EventKind::CampaignCreated(_)
            | EventKind::CampaignUpdated(_)
            | EventKind::CampaignStatusChanged(_) => kind.campaign(),
        };
        let filed_wrongly = filed_under.is_some_and(|campaign| Some(campaign.as_str()) != self.campaign_id);
        if filed_wrongly || kind.donation().map(DonationId::as_str) != self.donation_id {
            return Err("its campaignId or donationId is not that of its payload".to_owned());
        }
        Ok(kind)
    }
}

/// Tells if the event of a log row is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum KnownRow {
    /// An event with this fingerprint was processed.
    Processed {
        /// The fingerprint.
        hash: ContentHash,
        /// The random id that has taken the place of its donor's since, also in the fingerprint.
        forgotten_as: Option<DonorId>,
    },
    /// An event of this id failed.
    Failed,
}

impl KnownRow {
    /// The fields that tell.
    pub fn projection() -> Document {
        doc! { "status": 1, "contentHash": 1, FORGOTTEN_AS: 1 }
    }

    /// Reads a row.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(row: &RawDocument) -> Result<Self, String> {
        match row.get_str("status") {
            Ok("FAILED") => Ok(Self::Failed),
            Ok("PROCESSED") => {
                let hash = hash(row)
                    .ok_or_else(|| "its contentHash is missing, or not 16 bytes of binary data".to_owned())?;
                let forgotten_as = field(row, FORGOTTEN_AS, ID, id_of)?;
                Ok(Self::Processed { hash, forgotten_as })
            }
            _ => Err("its status is neither PROCESSED nor FAILED".to_owned()),
        }
    }

    /// The fingerprint of the event, if it was processed, for comparing it with that of a copy: a copy names the donor whom the
    /// row has forgotten, and is the same event even so.
    pub fn processed(&self, copy: &Event) -> Option<ContentHash> {
        match self {
            Self::Processed {
                hash,
                forgotten_as: Some(donor),
            } if *hash == copy.content_hash_by(donor) => Some(copy.content_hash()),
            Self::Processed { hash, .. } => Some(*hash),
            Self::Failed => None,
        }
    }
}

/// A row's fingerprint, if it has a valid one: of the fields that the fold reads if the event was processed, of the
/// whole body if it failed.
pub(in crate::store) fn hash(row: &RawDocument) -> Option<ContentHash> {
    let hash = row.get_binary("contentHash").ok()?;
    hash.bytes.try_into().ok().map(ContentHash)
}

/// See [`Effect`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct EffectDocument {
    amount_minor: i64,
    pledges: i64,
    donors: i64,
}

impl From<EffectDocument> for Effect {
    fn from(document: EffectDocument) -> Self {
        Self {
            amount_minor: document.amount_minor,
            pledges: document.pledges,
            donors: document.donors,
        }
    }
}

impl From<Effect> for EffectDocument {
    fn from(
        Effect {
            amount_minor,
            pledges,
            donors,
        }: Effect,
    ) -> Self {
        Self {
            amount_minor,
            pledges,
            donors,
        }
    }
}

pub(in crate::store) fn binary(hash: ContentHash) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: hash.0.to_vec(),
    }
}

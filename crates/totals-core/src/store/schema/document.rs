//! The documents as they are stored, field for field. Nothing outside `store` sees them.

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, RawBsonRef, RawDocument};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::money::MAX_AMOUNT_MINOR;
use crate::domain::{
    CampaignId, ContentHash, Creation, Currency, Donation, DonationId, DonorId, Effect, Event, EventId,
    EventKind, EventType, Money, Outcome, Timestamp, Totals, decode_payload,
};

pub(in crate::store) const EVENT_LOG: &str = "event_log";
pub(in crate::store) const DONATIONS: &str = "donations";
pub(in crate::store) const CAMPAIGN_TOTALS: &str = "campaign_totals";
pub(in crate::store) const DEAD_LETTER_QUEUES: &str = "dead_letter_queues";

/// The state of a row of the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::store) enum Status {
    /// Its effect is in the totals, committed in the same transaction as the row.
    Processed,
    /// It was dead-lettered, and stands aside for a later event of the same id.
    Failed,
}

/// A processed event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct ProcessedRow<'a> {
    #[serde(rename = "_id")]
    pub id: &'a EventId,
    pub status: Status,
    #[serde(rename = "type")]
    pub event_type: &'static str,
    pub content_hash: Binary,
    /// The JSON text as received, exact to the digit.
    pub payload: &'a str,
    pub donation_id: &'a DonationId,
    /// The campaign whose totals the effect moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<&'a CampaignId>,
    /// Absent where the event moved nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectDocument>,
    /// Present where a refund came before its donation, whose campaign may be another one.
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
            status: Status::Processed,
            event_type: event.event_type().as_str(),
            content_hash: binary(event.content_hash()),
            payload: event.payload.get(),
            donation_id: &event.donation,
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
    pub donation_id: &'a str,
    pub campaign_id: Option<&'a str>,
    pub early: bool,
}

impl LogRow<'_> {
    /// What the event says, from its payload alone.
    ///
    /// # Errors
    /// Why the row cannot be what was logged, as a sentence.
    pub fn check(&self, currency: Currency) -> Result<(DonationId, EventKind), String> {
        let event_type = EventType::from_name(self.event_type)
            .ok_or_else(|| format!("its type is `{}`, which is none of ours", self.event_type))?;
        let (donation, kind) = decode_payload(event_type, self.payload, currency)
            .map_err(|invalid| format!("its payload cannot be read: {invalid}"))?;
        if kind.content_hash(&donation).0 != self.content_hash {
            return Err("its payload does not match its contentHash".to_owned());
        }
        let filed_under = match &kind {
            EventKind::DonationCreated(creation) => Some(&creation.campaign),
            EventKind::DonationRefunded(refund) if self.early => Some(&refund.routed_to),
            // Filed under its donation's campaign, or under none.
            EventKind::DonationRefunded(_)
            | EventKind::PaymentCompleted(_)
            | EventKind::PaymentRefunded(_) => None,
        };
        let filed_wrongly = filed_under.is_some_and(|campaign| Some(campaign.as_str()) != self.campaign_id);
        if filed_wrongly || donation.as_str() != self.donation_id {
            return Err("its campaignId or donationId is not that of its payload".to_owned());
        }
        Ok((donation, kind))
    }
}

/// What of a log row tells whether its event is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum KnownRow {
    /// An event with this fingerprint was processed.
    Processed(ContentHash),
    /// An event of this id failed.
    Failed,
}

impl KnownRow {
    /// Reads a row.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(row: &RawDocument) -> Result<Self, String> {
        match row.get_str("status") {
            Ok("FAILED") => Ok(Self::Failed),
            Ok("PROCESSED") => hash(row)
                .map(Self::Processed)
                .ok_or_else(|| "its contentHash is missing, or not 16 bytes of binary data".to_owned()),
            _ => Err("its status is neither PROCESSED nor FAILED".to_owned()),
        }
    }
}

/// A row's fingerprint, if it is one of ours: of the fields that the fold reads if it is processed, of the whole body if it
/// failed.
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

/// See [`Donation`]. Before the creation only `refundedMinor` is there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct DonationDocument {
    #[serde(rename = "_id")]
    pub id: DonationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub donor_id: Option<DonorId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_minor: Option<i64>,
    pub refunded_minor: i64,
    /// See [`Donation::live_donor`]: what a donor is found by.
    /// Follows from the rest, and is not read with it.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    pub live_donor: Option<DonorId>,
}

impl DonationDocument {
    pub fn new(id: &DonationId, donation: &Donation) -> Self {
        let creation = donation.creation.as_ref();
        Self {
            id: id.clone(),
            campaign_id: creation.map(|creation| creation.campaign.clone()),
            donor_id: creation.and_then(|creation| creation.donor.clone()),
            amount_minor: creation.map(|creation| creation.amount.minor()),
            refunded_minor: donation.refunded.minor(),
            live_donor: donation.live_donor().map(|(_, donor)| donor.clone()),
        }
    }

    /// Reads what `f` needs of a donation, and nothing that this service could not have written: from half of a donation it
    /// would go on to a wrong total.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(document: &RawDocument) -> Result<(DonationId, Donation), String> {
        let id = field(document, "_id", ID, id_of)?.ok_or("it has no _id")?;
        let campaign: Option<CampaignId> = field(document, "campaignId", ID, id_of)?;
        let donor = field(document, "donorId", ID, id_of)?;
        let amount = field(document, "amountMinor", AMOUNT, |value| {
            whole(value).filter(|minor| (0..=MAX_AMOUNT_MINOR).contains(minor))
        })?;
        let refunded = field(document, "refundedMinor", AMOUNT, |value| {
            whole(value).filter(|minor| *minor >= 0)
        })?;
        let creation = match (campaign, amount) {
            (Some(campaign), Some(amount)) => Some(Creation {
                campaign,
                donor,
                amount: Money::from_minor(amount),
            }),
            (None, None) => None,
            (Some(_), None) => return Err("its amountMinor is missing".to_owned()),
            (None, Some(_)) => return Err("its campaignId is missing".to_owned()),
        };
        let refunded = refunded
            .map(Money::from_minor)
            .ok_or("its refundedMinor is missing")?;
        Ok((id, Donation { creation, refunded }))
    }
}

/// The largest revision of a campaign's totals, and the most corrections: half of what is stored. Each write adds one, so no
/// campaign comes near it, and totals at the very end of what is stored could not be written any more.
pub(in crate::store) const MAX_REVISION: i64 = i64::MAX / 2;

/// A campaign's totals.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct TotalsDocument {
    #[serde(rename = "_id")]
    pub id: CampaignId,
    pub total_amount_minor: i64,
    pub total_pledges: i64,
    pub total_donors: i64,
    #[serde(deserialize_with = "revision")]
    pub revision: i64,
    /// How often a rebuild has corrected them.
    #[serde(default, deserialize_with = "revision")]
    pub corrections: i64,
    #[serde(deserialize_with = "moment")]
    pub last_updated: Timestamp,
}

/// Reads a revision, or a number of corrections.
fn revision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = i64::deserialize(deserializer)?;
    if is_revision(number) {
        Ok(number)
    } else {
        Err(D::Error::custom(format!(
            "a revision of {number} is beyond {MAX_REVISION}"
        )))
    }
}

/// Returns true if one can be added to it, again and again.
pub(in crate::store) fn is_revision(number: i64) -> bool {
    (-MAX_REVISION..=MAX_REVISION).contains(&number)
}

/// Reads a date that can be written as the wire writes it.
pub(in crate::store) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let date = DateTime::deserialize(deserializer)?;
    timestamp(date).ok_or_else(|| D::Error::custom("a date is not within the years 0 to 9999"))
}

impl From<&TotalsDocument> for Totals {
    fn from(document: &TotalsDocument) -> Self {
        Self {
            amount: Money::from_minor(document.total_amount_minor),
            pledges: document.total_pledges,
            donors: document.total_donors,
        }
    }
}

pub(in crate::store) fn binary(hash: ContentHash) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: hash.0.to_vec(),
    }
}

const ID: &str = "an id of 1 to 256 bytes";
const AMOUNT: &str = "a whole number of minor units in its range";

/// A field, read by `read`; `None` if it is missing or null.
///
/// # Errors
/// What is wrong with it, without its value: that may be personal.
pub(in crate::store) fn field<'a, T>(
    document: &'a RawDocument,
    name: &str,
    wanted: &str,
    read: impl FnOnce(RawBsonRef<'a>) -> Option<T>,
) -> Result<Option<T>, String> {
    match document.get(name) {
        Ok(None | Some(RawBsonRef::Null)) => Ok(None),
        Ok(Some(value)) => read(value).map(Some).ok_or_else(|| {
            format!(
                "its {name} is not {wanted} (its type is {:?})",
                value.element_type()
            )
        }),
        Err(_) => Err(format!("its {name} is not valid BSON")),
    }
}

/// An id of any kind.
pub(in crate::store) fn id_of<'a, T: TryFrom<&'a str>>(value: RawBsonRef<'a>) -> Option<T> {
    T::try_from(value.as_str()?).ok()
}

/// A whole number of either width: a person's correction by hand may be the shorter one.
pub(in crate::store) fn whole(value: RawBsonRef<'_>) -> Option<i64> {
    value.as_i64().or_else(|| value.as_i32().map(i64::from))
}

pub(in crate::store) fn date(moment: Timestamp) -> DateTime {
    DateTime::from_millis(moment.unix_millis())
}

/// A date's moment; `None` if it cannot be written.
pub(in crate::store) fn timestamp(date: DateTime) -> Option<Timestamp> {
    Timestamp::from_unix_millis(date.timestamp_millis())
}

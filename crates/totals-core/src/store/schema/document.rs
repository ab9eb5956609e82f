//! The documents as they are stored, field for field. Nothing outside `store` sees them.

mod facts;
mod fields;
mod log;
pub(in crate::store) mod settings;

use mongodb::bson::RawDocument;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::money::MAX_AMOUNT_MINOR;
use crate::domain::{CampaignId, Creation, Donation, DonationId, DonorId, Facts, Money, Timestamp, Totals};
pub(in crate::store) use facts::{FactsDocument, facts};
use fields::{AMOUNT, ID, id_text};
pub(in crate::store) use fields::{as_i64, date, field, id_in, id_of, moment, timestamp};
pub(in crate::store) use log::{EffectDocument, KnownRow, LogRow, ProcessedRow, binary, hash};

pub(in crate::store) const EVENT_LOG: &str = "event_log";
pub(in crate::store) const DONATIONS: &str = "donations";
pub(in crate::store) const CAMPAIGN_TOTALS: &str = "campaign_totals";
pub(in crate::store) const DEAD_LETTER_QUEUES: &str = "dead_letter_queues";

/// See [`Donation`]. Before the creation only `refundedMinor` is there.
#[derive(Debug, Serialize)]
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
    /// See [`Donation::live_donor`]: the index of donors has it. It follows from the other fields.
    #[serde(skip_serializing_if = "Option::is_none")]
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

    /// Reads a donation, and refuses what this service could not have written: half of a donation would lead to a wrong
    /// total.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(document: &RawDocument) -> Result<(DonationId, Donation), String> {
        let id = field(document, "_id", ID, id_of)?.ok_or("it has no _id")?;
        let campaign: Option<CampaignId> = field(document, "campaignId", ID, id_of)?;
        let donor = field(document, "donorId", ID, id_of)?;
        let amount = field(document, "amountMinor", AMOUNT, |value| {
            as_i64(value).filter(|minor| (0..=MAX_AMOUNT_MINOR).contains(minor))
        })?;
        let refunded = field(document, "refundedMinor", AMOUNT, |value| {
            as_i64(value).filter(|minor| *minor >= 0)
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

/// The largest revision of a campaign's totals, and the most corrections: half of what an `i64` holds. Each write adds
/// one, so no campaign comes near it. Totals at the very end of the range could not be written any more.
pub(in crate::store) const MAX_REVISION: i64 = i64::MAX / 2;

/// A campaign's totals, and what is known of it beside them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct TotalsDocument {
    #[serde(rename = "_id", deserialize_with = "id_text")]
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
    /// What is known of the campaign beside them.
    #[serde(default, deserialize_with = "facts")]
    pub facts: Facts,
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

/// Returns true if the number can be a revision: if one can be added to it, again and again.
pub(in crate::store) fn is_revision(number: i64) -> bool {
    (-MAX_REVISION..=MAX_REVISION).contains(&number)
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

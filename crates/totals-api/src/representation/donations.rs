//! The latest donations to a campaign, as callers get them.

use serde::Serialize;
use totals_core::domain::money::DecimalNumber;
use totals_core::domain::{CampaignId, Currency, Timestamp};
use totals_core::store::{LatestDonation, LatestDonations};
use utoipa::ToSchema;

/// Some of the latest donations to a campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct DonationsBody {
    /// Always true.
    #[schema(default = true)]
    success: bool,
    data: DonationsData,
}

/// Some of the latest donations to a campaign.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LatestDonations)]
pub struct DonationsData {
    /// The campaign's id.
    #[schema(value_type = String, min_length = 1, max_length = 256, example = "camp_123")]
    campaign_id: CampaignId,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    currency: &'static str,
    /// The latest first.
    donations: Vec<DonationData>,
    /// What to send as `cursor` for the page behind this one; not there on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "AAABk0NnIUAAAAABK5eSfg")]
    next_cursor: Option<String>,
}

/// One donation. It has no id: nothing tells which donor it is from but the name, where the donor shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LatestDonation)]
pub struct DonationData {
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2024-11-21T10:30:00.000Z")]
    at: Timestamp,
    #[schema(schema_with = super::left)]
    amount: DecimalNumber,
    /// The same in minor units of the currency (cents).
    #[schema(minimum = 1, example = 5025)]
    amount_minor: i64,
    /// The donor's name, where the operator shows names and the donor has agreed: at most 81 characters, without control
    /// characters and without those that change the direction of text. It is text, not HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, max_length = 81, example = "Ada Lovelace")]
    name: Option<String>,
}

impl DonationsData {
    /// The donations as callers get them.
    pub fn new(campaign_id: CampaignId, found: &LatestDonations, currency: Currency) -> Self {
        let donation = |LatestDonation { at, amount, name }: &LatestDonation| DonationData {
            at: *at,
            amount: currency.format(*amount),
            amount_minor: amount.minor(),
            name: name.clone(),
        };
        Self {
            campaign_id,
            currency: currency.code(),
            donations: found.donations.iter().map(donation).collect(),
            next_cursor: None,
        }
    }

    /// The same page, with the cursor of the one behind it.
    pub fn with_cursor(self, next_cursor: Option<String>) -> Self {
        Self { next_cursor, ..self }
    }

    /// The donations as JSON, as in a body and in an event.
    pub fn json(&self) -> Vec<u8> {
        // Cannot fail: it writes to memory.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl DonationsBody {
    /// The body of an answer.
    pub fn json(data: DonationsData) -> Vec<u8> {
        serde_json::to_vec(&Self { success: true, data }).unwrap_or_default()
    }
}

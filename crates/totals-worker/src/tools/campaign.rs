//! The parts that the tools about campaigns share: naming a campaign, and showing totals and donations.

use std::fmt;

use serde::Serialize;
use totals_core::domain::money::DecimalNumber;
use totals_core::domain::{CampaignId, Currency, Donation, Timestamp, Totals};
use totals_core::store::Scope;

use super::output::Line;

/// Which campaigns a tool looks at; flattened into its arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct Which {
    /// Only this campaign
    #[arg(long, value_name = "ID", value_parser = campaign_id)]
    campaign: Option<CampaignId>,
}

impl Which {
    /// The scope of an audit.
    pub fn scope(&self) -> Scope {
        self.campaign.clone().map_or(Scope::All, Scope::Campaign)
    }

    /// The campaign that was named, if nothing of it was found.
    pub fn unknown(&self, found: u64) -> Option<CampaignId> {
        self.campaign.clone().filter(|_| found == 0)
    }
}

/// What a tool says of a campaign that nothing is known of: its id may be mistyped.
pub struct NothingKnown<'a>(pub &'a CampaignId);

impl fmt::Display for NothingKnown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let campaign = Line(self.0.as_str());
        write!(
            f,
            "nothing was ever counted for campaign {campaign}: check its id"
        )
    }
}

/// Reads a campaign's id from the command line.
pub fn campaign_id(text: &str) -> Result<CampaignId, String> {
    CampaignId::try_from(text).map_err(|error| error.to_string())
}

/// A campaign's totals, as they are shown.
#[derive(Debug, Clone, Serialize)]
pub struct ShownTotals {
    #[serde(rename = "totalAmount")]
    amount: DecimalNumber,
    #[serde(rename = "totalPledges")]
    pledges: i64,
    #[serde(rename = "totalDonors")]
    donors: i64,
}

impl ShownTotals {
    /// Shows amounts in the service's currency.
    pub fn new(totals: Totals, currency: Currency) -> Self {
        Self {
            amount: currency.format(totals.amount),
            pledges: totals.pledges,
            donors: totals.donors,
        }
    }
}

impl fmt::Display for ShownTotals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            amount,
            pledges,
            donors,
        } = self;
        write!(f, "{amount} from {pledges} pledges of {donors} donors")
    }
}

/// A donation's state, as it is shown.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownDonation {
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    donor_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<DecimalNumber>,
    refunded: DecimalNumber,
    /// When it was made; none of one that an earlier version has stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
}

impl ShownDonation {
    /// Shows amounts in the service's currency.
    pub fn new(donation: &Donation, currency: Currency) -> Self {
        let creation = donation.creation.as_ref();
        Self {
            campaign_id: creation.map(|creation| creation.campaign.to_string()),
            donor_id: creation.and_then(|creation| creation.donor.as_ref().map(ToString::to_string)),
            amount: creation.map(|creation| currency.format(creation.amount)),
            refunded: currency.format(donation.refunded),
            at: donation.at,
        }
    }
}

impl fmt::Display for ShownDonation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.amount {
            Some(amount) => write!(f, "{amount}")?,
            None => f.write_str("not created")?,
        }
        if let Some(campaign) = &self.campaign_id {
            write!(f, " to {}", Line(campaign))?;
        }
        if let Some(donor) = &self.donor_id {
            write!(f, " by {}", Line(donor))?;
        }
        write!(f, ", {} refunded", self.refunded)?;
        match self.at {
            Some(at) => write!(f, ", made at {at}"),
            None => Ok(()),
        }
    }
}

/// Shows the value, or `none`.
pub struct OrNone<'a, T>(pub Option<&'a T>);

impl<T: fmt::Display> fmt::Display for OrNone<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(shown) => shown.fmt(f),
            None => f.write_str("none"),
        }
    }
}

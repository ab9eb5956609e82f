//! One thing that does not follow from the log, as it is shown.

use std::fmt;

use serde::Serialize;
use totals_core::domain::Currency;
use totals_core::store::CampaignAudit;

use super::campaign::{OrNone, ShownDonation, ShownTotals};
use super::output::Line;

/// A difference between what is stored and what the log says.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Difference {
    /// A campaign's totals.
    Totals {
        campaign_id: String,
        stored: Option<ShownTotals>,
        expected: Option<ShownTotals>,
    },
    /// A donation; without a campaign it has refunds only.
    Donation {
        campaign_id: Option<String>,
        donation_id: String,
        stored: Option<ShownDonation>,
        expected: Option<ShownDonation>,
    },
    /// A donor's live pledges.
    Donor {
        campaign_id: String,
        donor_id: String,
        stored: Option<i64>,
        expected: i64,
    },
    /// A log row that does not hold what was logged.
    LogRow {
        campaign_id: Option<String>,
        event_id: String,
        problem: String,
    },
}

/// What an audit has found about a campaign, worst first.
pub fn differences(audit: CampaignAudit, currency: Currency) -> impl Iterator<Item = Difference> {
    let campaign = audit.campaign.map(|campaign| campaign.to_string());
    let (of_row, of_donation, of_donor) = (campaign.clone(), campaign.clone(), campaign.clone());
    let rows = audit.damaged.into_iter().map(move |damage| Difference::LogRow {
        campaign_id: of_row.clone(),
        event_id: damage.event_id,
        problem: damage.problem,
    });
    let totals = audit
        .totals_difference
        .into_iter()
        .map(move |difference| Difference::Totals {
            campaign_id: campaign.clone().unwrap_or_default(),
            stored: difference
                .stored
                .map(|(totals, _)| ShownTotals::new(totals, currency)),
            expected: difference
                .expected
                .map(|totals| ShownTotals::new(totals, currency)),
        });
    let donations = audit
        .donation_differences
        .into_iter()
        .map(move |difference| Difference::Donation {
            campaign_id: of_donation.clone(),
            donation_id: difference.donation.to_string(),
            stored: difference
                .stored
                .map(|donation| ShownDonation::new(&donation, currency)),
            expected: difference
                .expected
                .map(|donation| ShownDonation::new(&donation, currency)),
        });
    let donors = audit
        .donor_differences
        .into_iter()
        .map(move |difference| Difference::Donor {
            campaign_id: of_donor.clone().unwrap_or_default(),
            donor_id: difference.donor.to_string(),
            stored: difference.stored,
            expected: difference.expected,
        });
    rows.chain(totals).chain(donations).chain(donors)
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Totals {
                campaign_id,
                stored,
                expected,
            } => {
                let (stored, expected) = (OrNone(stored.as_ref()), OrNone(expected.as_ref()));
                write!(
                    f,
                    "totals of {}: stored {stored}; the log says {expected}",
                    Line(campaign_id)
                )
            }
            Self::Donation {
                donation_id,
                stored,
                expected,
                ..
            } => {
                let (stored, expected) = (OrNone(stored.as_ref()), OrNone(expected.as_ref()));
                write!(
                    f,
                    "donation {}: stored {stored}; the log says {expected}",
                    Line(donation_id)
                )
            }
            Self::Donor {
                campaign_id,
                donor_id,
                stored,
                expected,
            } => write!(
                f,
                "live pledges of donor {} to {}: stored {}; the log says {expected}",
                Line(donor_id),
                Line(campaign_id),
                OrNone(stored.as_ref()),
            ),
            Self::LogRow {
                event_id, problem, ..
            } => {
                write!(f, "log row {}: {}", Line(event_id), Line(problem))
            }
        }
    }
}

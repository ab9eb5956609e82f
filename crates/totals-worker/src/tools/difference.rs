//! A difference between what is stored and what the log says, as it is shown.

use std::fmt;

use serde::Serialize;
use totals_core::domain::{Currency, Fact};
use totals_core::store::{CampaignAudit, PlatformAudit, Unreadable};

use super::campaign::{OrNone, ShownDonation, ShownTotals};
use super::facts::{InOneLine, ShownFact};
use super::history::ShownSlots;
use super::output::Line;

/// A difference between what is stored and what the log says.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Difference {
    /// A campaign's totals do not follow from the log.
    Totals {
        campaign_id: String,
        stored: Option<ShownTotals>,
        expected: Option<ShownTotals>,
    },
    /// What is known of a campaign beside its totals does not follow from the log. Only the facts that differ are named.
    Facts {
        campaign_id: String,
        stored: Vec<ShownFact>,
        expected: Vec<ShownFact>,
    },
    /// A donation does not follow from the log. Without a campaign it has refunds only.
    Donation {
        campaign_id: Option<String>,
        donation_id: String,
        stored: Option<ShownDonation>,
        expected: Option<ShownDonation>,
        /// True if the donation is not found by its donor, or is found by someone else.
        misfiled: bool,
    },
    /// A day of the history does not follow: a campaign's from the log, or the platform's, without a campaign, from those of all
    /// campaigns. Only the slots that differ are named.
    History {
        campaign_id: Option<String>,
        #[serde(flatten)]
        slots: ShownSlots,
    },
    /// The history is right and is not shown: an interrupted rebuild, or a worker of an earlier version, has left it unmarked.
    HistoryUnmarked,
    /// A log row no longer holds what was logged.
    LogRow {
        campaign_id: Option<String>,
        event_id: String,
        problem: String,
        remedy: String,
    },
    /// A donation, or totals, cannot be read.
    Document {
        campaign_id: Option<String>,
        collection: &'static str,
        /// The document's id as mongosh takes it.
        id: String,
        problem: String,
        remedy: String,
    },
}

/// The differences that an audit has found in a campaign, worst first.
pub fn differences(audit: CampaignAudit, currency: Currency) -> impl Iterator<Item = Difference> {
    let totals_differ = audit.totals_differ();
    let facts = facts(&audit, currency);
    let campaign = audit.campaign.map(|campaign| campaign.to_string());
    let (of_row, of_donation, of_document) = (campaign.clone(), campaign.clone(), campaign.clone());
    let of_day = campaign.clone();
    let rows = audit.damaged.into_iter().map(move |damage| Difference::LogRow {
        campaign_id: of_row.clone(),
        event_id: damage.event_id,
        problem: damage.problem,
        remedy: damage.remedy,
    });
    let documents = audit
        .unreadable
        .into_iter()
        .map(move |unreadable| document(of_document.clone(), unreadable));
    let days = audit.day_differences.into_iter();
    let days = days.map(move |day| Difference::History {
        campaign_id: of_day.clone(),
        slots: ShownSlots::new(&day, currency),
    });
    let totals = totals_differ.then(|| Difference::Totals {
        campaign_id: campaign.unwrap_or_default(),
        stored: audit
            .stored
            .map(|stored| ShownTotals::new(stored.totals, currency)),
        expected: audit.expected.map(|totals| ShownTotals::new(totals, currency)),
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
            misfiled: difference.misfiled,
        });
    let of_campaign = rows.chain(documents).chain(totals).chain(facts);
    of_campaign.chain(donations).chain(days)
}

/// The differences that an audit has found in the platform's history. `mark_is_due` is true if the
/// settings should say that the history is complete.
pub fn platform_differences(
    audit: PlatformAudit,
    currency: Currency,
    mark_is_due: bool,
) -> impl Iterator<Item = Difference> {
    let unmarked = (mark_is_due && !audit.is_marked).then_some(Difference::HistoryUnmarked);
    let documents = audit.unreadable.into_iter().map(|it| document(None, it));
    let days = audit.differences.into_iter();
    let days = days.map(move |day| Difference::History {
        campaign_id: None,
        slots: ShownSlots::new(&day, currency),
    });
    documents.chain(days).chain(unmarked)
}

fn document(campaign_id: Option<String>, unreadable: Unreadable) -> Difference {
    Difference::Document {
        campaign_id,
        remedy: unreadable.remedy(),
        collection: unreadable.collection,
        id: unreadable.id,
        problem: unreadable.problem,
    }
}

/// The facts of a campaign that differ, if any do.
fn facts(audit: &CampaignAudit, currency: Currency) -> Option<Difference> {
    if !audit.facts_differ() {
        return None;
    }
    let (stored, expected) = (&audit.stored_facts, &audit.expected_facts);
    let mut differing = Fact::ALL.to_vec();
    differing.retain(|fact| stored.register(*fact) != expected.register(*fact));
    Some(Difference::Facts {
        campaign_id: audit
            .campaign
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        stored: ShownFact::of(&differing, stored, currency),
        expected: ShownFact::of(&differing, expected, currency),
    })
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
            Self::Facts {
                campaign_id,
                stored,
                expected,
            } => {
                let (stored, expected) = (InOneLine(stored), InOneLine(expected));
                write!(
                    f,
                    "facts of {}: stored {stored}; the log says {expected}",
                    Line(campaign_id)
                )
            }
            Self::Donation {
                donation_id,
                stored,
                expected,
                misfiled,
                ..
            } => {
                let misfiled = if *misfiled {
                    ", filed under another donor"
                } else {
                    ""
                };
                let (stored, expected) = (OrNone(stored.as_ref()), OrNone(expected.as_ref()));
                write!(
                    f,
                    "donation {}: stored {stored}{misfiled}; the log says {expected}",
                    Line(donation_id)
                )
            }
            Self::History { campaign_id, slots } => match campaign_id {
                Some(campaign) => write!(f, "history of {} at {slots}", Line(campaign)),
                None => write!(f, "history of all campaigns together at {slots}"),
            },
            Self::HistoryUnmarked => {
                f.write_str("the history is not marked complete in the settings, so that none of it is shown")
            }
            Self::LogRow {
                event_id,
                problem,
                remedy,
                ..
            } => {
                let (id, problem, remedy) = (Line(event_id), Line(problem), Line(remedy));
                write!(f, "log row {id}: {problem}: {remedy}")
            }
            Self::Document {
                collection,
                id,
                problem,
                remedy,
                ..
            } => {
                let (id, problem, remedy) = (Line(id), Line(problem), Line(remedy));
                write!(f, "{collection} {id}: it cannot be read ({problem}): {remedy}")
            }
        }
    }
}

//! What is known of a campaign beside its totals, as callers get it: most of all how far it is towards its goal.

use std::io::Write as _;

use serde::Serialize;
use totals_core::domain::money::DecimalNumber;
use totals_core::domain::{CampaignFacts, Currency, Money};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::exact;

/// What a campaign wants to raise, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignGoal)]
pub struct GoalData {
    #[schema(schema_with = amount)]
    pub(super) amount: DecimalNumber,
    /// The same in minor units.
    #[schema(minimum = 1, example = 1_000_000)]
    amount_minor: i64,
    #[schema(schema_with = percent)]
    pub(super) percent: DecimalNumber,
    #[schema(schema_with = remaining)]
    pub(super) remaining: DecimalNumber,
}

fn amount() -> Object {
    exact(
        "What the campaign wants to raise, in major units of the currency.",
        10_000,
    )
}

fn percent() -> Object {
    let description = "The share that is raised, in percent with at most two decimals. It is rounded down, so 100 and more says that \
                       the goal is reached.";
    exact(description, 50)
}

fn remaining() -> Object {
    exact(
        "What is left to raise, in major units; 0 if the goal is reached.",
        4999.5,
    )
}

impl GoalData {
    pub fn new(goal: Money, raised: Money, currency: Currency) -> Self {
        // In integers: a percentage through floating point may say 100 where a cent is missing. A stored goal is above zero.
        let hundredths = (i128::from(raised.minor()) * 10_000).div_euclid(i128::from(goal.minor().max(1)));
        Self {
            amount: currency.format(goal),
            amount_minor: goal.minor(),
            percent: DecimalNumber::new(hundredths, 2),
            remaining: currency.format(goal.minus_clamped(raised)),
        }
    }
}

/// Writes the members for what is known of a campaign, behind others.
pub fn write_facts(json: &mut Vec<u8>, facts: &CampaignFacts, raised: Money, currency: Currency) {
    let text = |json: &mut Vec<u8>, name: &str, text: &Option<String>| {
        if let Some(text) = text {
            json.extend_from_slice(name.as_bytes());
            let _ = serde_json::to_writer(json, text);
        }
    };
    text(json, ",\"title\":", &facts.title);
    text(json, ",\"status\":", &facts.status);
    if let Some(starts_at) = facts.starts_at {
        let _ = write!(json, ",\"startsAt\":\"{starts_at}\"");
    }
    if let Some(ends_at) = facts.ends_at {
        let _ = write!(json, ",\"endsAt\":\"{ends_at}\"");
    }
    text(json, ",\"category\":", &facts.category);
    if let Some(goal) = facts.goal {
        let GoalData {
            amount,
            amount_minor,
            percent,
            remaining,
        } = GoalData::new(goal, raised, currency);
        let _ = write!(
            json,
            ",\"goal\":{{\"amount\":{amount},\"amountMinor\":{amount_minor},\"percent\":{percent},\"remaining\":{remaining}}}"
        );
    }
}

//! The payloads of campaigns: which facts an event names, and what it says of each.
//!
//! A fact that an event does not name stays as it is. One that is named with `null`, an empty text or a goal of 0 is none from
//! then on.

use super::InvalidCode;
use super::declared::{Field, Member, UPDATES, payload};
use super::fields::{Fault, complete, id, invalid, invalid_amount, missing, moment, object, optional_text};
use super::members::Members;
use crate::domain::facts::MAX_FACT_BYTES;
use crate::domain::{AmountRules, EventType, Fact, FactValue, FactsUpdate};

/// What an event of this type says of its campaign.
pub(super) fn update(
    event_type: EventType,
    fields: &Members<'_>,
    amounts: AmountRules,
) -> Result<FactsUpdate, Fault> {
    let campaign = id(fields, Field::CampaignId)?;
    let facts = if event_type == EventType::CampaignUpdated {
        updates(fields, amounts)?
    } else {
        named(fields, payload(event_type), amounts)?
    };
    Ok(FactsUpdate { campaign, facts })
}

fn updates(fields: &Members<'_>, amounts: AmountRules) -> Result<Vec<(Fact, Option<FactValue>)>, Fault> {
    let updates = fields
        .get(Field::Updates)
        .ok_or_else(|| missing(Field::Updates))?;
    if !updates.get().starts_with('{') {
        return Err(invalid(Field::Updates, "must be a JSON object", updates.get()));
    }
    let updates: Members<'_> = object(updates.get(), Field::Updates.name())?;
    complete(&updates, UPDATES)?;
    named(&updates, UPDATES, amounts)
}

/// The facts among these members.
fn named(
    fields: &Members<'_>,
    members: &[Member],
    amounts: AmountRules,
) -> Result<Vec<(Fact, Option<FactValue>)>, Fault> {
    let mut facts = Vec::new();
    for Member { field, .. } in members.iter().filter(|member| fields.names(member.field)) {
        if let Some((fact, value)) = fact(fields, *field, amounts)? {
            facts.push((fact, value));
        }
    }
    facts.sort_unstable_by_key(|(fact, _)| *fact);
    Ok(facts)
}

/// What a field says, if it is one of a fact.
fn fact(
    fields: &Members<'_>,
    field: Field,
    amounts: AmountRules,
) -> Result<Option<(Fact, Option<FactValue>)>, Fault> {
    let date = || Ok::<_, Fault>(moment(fields, field)?.map(FactValue::Moment));
    Ok(Some(match field {
        Field::Title => (Fact::Title, text(fields, field)?),
        Field::GoalAmount => (Fact::Goal, goal(fields, amounts)?),
        Field::Status | Field::NewStatus => (Fact::Status, text(fields, field)?),
        Field::StartDate => (Fact::StartsAt, date()?),
        Field::EndDate => (Fact::EndsAt, date()?),
        Field::Category => (Fact::Category, text(fields, field)?),
        _ => return Ok(None),
    }))
}

fn text(fields: &Members<'_>, field: Field) -> Result<Option<FactValue>, Fault> {
    let Some(text) = optional_text(fields, field)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.len() > MAX_FACT_BYTES {
        let message = format!(
            "{} must be at most {MAX_FACT_BYTES} bytes long, and has {}",
            field.name(),
            text.len()
        );
        return Err(Fault(InvalidCode::InvalidField, message));
    }
    Ok(Some(FactValue::Text(text.into_owned())))
}

fn goal(fields: &Members<'_>, amounts: AmountRules) -> Result<Option<FactValue>, Fault> {
    let Some(value) = fields.get(Field::GoalAmount) else {
        return Ok(None);
    };
    let goal = amounts
        .parse_or_none(value)
        .map_err(|error| invalid_amount(Field::GoalAmount, &error))?;
    Ok(goal.map(FactValue::Amount))
}

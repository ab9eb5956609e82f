//! Rows of the log as the audit reads them, and what may be wrong with one.

use mongodb::bson::{RawBsonRef, RawDocument};

use super::Damage;
use super::failed::failed;
use super::fields::{fields, text, wanted};
use super::problem::Problem;
use super::unreadable::Filed;
use crate::domain::money::MAX_AMOUNT_MINOR;
use crate::domain::{AmountRules, EventId, EventKind, Timestamp};
use crate::store::schema::document::{LogRow, as_i64, id_in, timestamp};

/// What the audit reads of a row.
const FIELDS: [&str; 11] = [
    "_id",
    "status",
    "type",
    "contentHash",
    "payload",
    "donationId",
    "campaignId",
    "early",
    "committedAt",
    "occurredAt",
    "effect",
];

/// A log row, or what is wrong with it.
pub(super) type Logged = Filed<Result<Entry, Damage>, Damage>;

/// A row that holds what was logged.
pub(super) struct Entry {
    pub id: EventId,
    pub kind: EventKind,
    pub early: bool,
    pub committed: Timestamp,
    pub occurred: Timestamp,
}

/// Reads a row of the log, and checks it.
pub(super) fn log_entry(row: &RawDocument, amounts: AmountRules) -> Logged {
    match (id_in(row, "campaignId"), checked(row, amounts)) {
        (Some(campaign), Ok(entry)) => Ok((campaign, Ok(entry))),
        (Some(campaign), Err(problem)) => Ok((campaign, Err(Damage::new(row, problem)))),
        (None, _) => Err(Damage::new(row, "its campaignId is missing, or none")),
    }
}

fn checked(row: &RawDocument, amounts: AmountRules) -> Result<Entry, Problem> {
    let [
        event,
        status,
        event_type,
        content_hash,
        payload,
        donation_id,
        campaign_id,
        early,
        committed,
        occurred,
        effect,
    ] = fields(row, FIELDS)?;
    let status = status.and_then(RawBsonRef::as_str);
    if status == Some("FAILED") {
        return Err(failed(payload.is_some()));
    }
    let logged = LogRow {
        id: text("_id", event)?,
        event_type: text("type", event_type)?,
        content_hash: wanted("contentHash", content_hash, RawBsonRef::as_binary)?.bytes,
        payload: text("payload", payload)?,
        donation_id: donation_id.map(|id| text("donationId", Some(id))).transpose()?,
        campaign_id: Some(text("campaignId", campaign_id)?),
        early: early.and_then(RawBsonRef::as_bool).unwrap_or_default(),
    };
    if status != Some("PROCESSED") {
        return Err("its status is neither PROCESSED nor FAILED".into());
    }
    let id = EventId::try_from(logged.id).map_err(|error| format!("its _id {error}"))?;
    let kind = logged.check(amounts)?;
    let is_refund = matches!(kind, EventKind::DonationRefunded(_));
    check_early(early, is_refund)?;
    let (committed, occurred) = check_times(committed, occurred)?;
    if !effect.is_none_or(is_effect) {
        // The effect explains the totals; none of them follows from it.
        return Err(Problem {
            sentence: "its effect is not that of an event: amountMinor, pledges and donors, whole numbers in their range".to_owned(),
            update: Some(r#"{$unset: {effect: ""}}"#),
        });
    }
    Ok(Entry {
        id,
        kind,
        early: logged.early,
        committed,
        occurred,
    })
}

/// When the event was committed, and when it happened. No total follows from a row's times, and both are near each other: so one
/// may stand for the other.
fn check_times(
    committed: Option<RawBsonRef<'_>>,
    occurred: Option<RawBsonRef<'_>>,
) -> Result<(Timestamp, Timestamp), Problem> {
    let moment = |value: Option<RawBsonRef<'_>>| value.and_then(RawBsonRef::as_datetime).and_then(timestamp);
    let (what, update) = match (moment(committed), moment(occurred)) {
        (Some(committed), Some(occurred)) => return Ok((committed, occurred)),
        (Some(_), None) => ("occurredAt is", r#"[{$set: {occurredAt: "$committedAt"}}]"#),
        (None, Some(_)) => ("committedAt is", r#"[{$set: {committedAt: "$occurredAt"}}]"#),
        (None, None) => (
            "committedAt and occurredAt are",
            r#"[{$set: {committedAt: "$$NOW", occurredAt: "$$NOW"}}]"#,
        ),
    };
    Err(Problem {
        sentence: format!("{what} missing, of another type, or not within the years 0 to 9999"),
        update: Some(update),
    })
}

/// An early event is counted elsewhere: any but a refund would be counted nowhere.
fn check_early(early: Option<RawBsonRef<'_>>, is_refund: bool) -> Result<(), Problem> {
    match early {
        None | Some(RawBsonRef::Boolean(false)) => Ok(()),
        Some(_) if !is_refund => Err(no_early_event()),
        Some(RawBsonRef::Boolean(true)) => Ok(()),
        Some(_) => Err("early is neither true nor false".into()),
    }
}

/// What is wrong with a row that is early and no refund's.
pub(super) fn no_early_event() -> Problem {
    Problem {
        sentence: "it is marked early, which only a refund can be".to_owned(),
        update: Some(r#"{$unset: {early: ""}}"#),
    }
}

/// Returns true if the value can be the effect of an event, which moves one donation of one donor.
fn is_effect(value: RawBsonRef<'_>) -> bool {
    let limits = [("amountMinor", MAX_AMOUNT_MINOR), ("pledges", 1), ("donors", 1)];
    value.as_document().is_some_and(|effect| {
        limits.into_iter().all(|(name, limit)| {
            let number = effect.get(name).ok().flatten().and_then(as_i64);
            number.is_some_and(|number| (-limit..=limit).contains(&number))
        })
    })
}

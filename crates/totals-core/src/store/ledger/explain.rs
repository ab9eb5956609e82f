//! Why is a campaign's total this number? Its parts and its latest events, from the log, as of one moment.
//!
//! Every log row carries the effect it had, so the effects of a campaign's rows add up to its totals. (After a rebuild
//! has corrected the totals they may not: an effect says what happened, not what should have happened.)

use std::collections::{HashMap, HashSet};

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawDocument, deserialize_from_slice, doc};
use serde::{Deserialize, Deserializer};

use crate::domain::{CampaignId, Effect, EventType, Facts, Slot, Timestamp};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::ledger::truncated::Truncated;
use crate::store::read::foreign::shell_id;
use crate::store::read::one::CampaignTotals;
use crate::store::read::snapshot::{Snapshot, read};
use crate::store::schema::document::{
    CAMPAIGN_TOTALS, DEAD_LETTER_QUEUES, DONATIONS, EVENT_LOG, EffectDocument, TotalsDocument, moment,
    moment_of,
};
use crate::store::schema::indexes::{LOG_BY_CAMPAIGN, LOG_EARLY};

/// Where a campaign's totals come from.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The totals as stored; `None` if there are none.
    pub totals: Option<CampaignTotals>,
    /// How often a rebuild has corrected them.
    pub corrections: i64,
    /// The events of each kind, with the sum of their effects.
    pub parts: Vec<Part>,
    /// What is known of the campaign beside its totals, and which event has said each fact.
    pub facts: Facts,
    /// The latest events that moved the totals, newest first.
    pub latest: Vec<LoggedEvent>,
    /// The latest refunds that name the campaign and whose donation has not been created yet.
    pub waiting: Truncated<LoggedEvent>,
    /// The latest events that name the campaign and whose letters are in a dead-letter queue, as far as the log knows.
    pub failed: Truncated<FailedEvent>,
}

/// Events of one type that had the same kind of effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Their type.
    pub event_type: String,
    /// What they did.
    pub kind: EffectKind,
    /// How many there are.
    pub events: i64,
    /// What they moved.
    pub effect: Effect,
}

/// What an event did to the totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectKind {
    /// It moved the totals.
    Moved,
    /// It told of the campaign, which moves no totals.
    Told,
    /// It did nothing: its donation was counted before, or nothing was left to refund.
    Nothing,
    /// It did nothing by itself: a refund that came before its donation, which then counted for less.
    Early,
}

/// A processed event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedEvent {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Its donation.
    #[serde(rename = "donationId")]
    pub donation: String,
    /// When it happened, by the producer's clock.
    #[serde(deserialize_with = "moment")]
    pub occurred_at: Timestamp,
    /// When it was committed.
    #[serde(deserialize_with = "moment")]
    pub committed_at: Timestamp,
    /// What it moved.
    #[serde(default, deserialize_with = "effect")]
    pub effect: Effect,
    /// The slot of the history that it was booked in, which is its donation's; `None` if its donation has no time yet.
    #[serde(skip)]
    pub slot: Option<Slot>,
}

/// A dead-lettered event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedEvent {
    /// Its id.
    #[serde(rename = "eventId")]
    pub id: String,
    /// The reason's class.
    pub code: String,
    /// The reason as a sentence.
    pub error: String,
    /// When it failed last.
    #[serde(deserialize_with = "moment")]
    pub failed_at: Timestamp,
    /// How often it has failed.
    pub attempts: i64,
}

impl Store {
    /// Explains a campaign's totals, with at most `last` events of each list.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn explain(&self, campaign: &CampaignId, last: u32) -> Result<Explanation, StoreError> {
        let snapshot = Snapshot::take(self).await?;
        let id = campaign.as_str();
        let totals = snapshot
            .all(
                doc! { "find": CAMPAIGN_TOTALS, "filter": { "_id": id } },
                read::<TotalsDocument>,
            )
            .await?
            .pop();
        let latest = doc! {
            "find": EVENT_LOG, "filter": { "campaignId": id, "effect": { "$exists": true } },
            "sort": { "campaignId": -1, "committedAt": -1 }, "limit": i64::from(last), "hint": LOG_BY_CAMPAIGN,
            "projection": { "payload": 0 },
        };
        Ok(Explanation {
            corrections: totals.as_ref().map_or(0, |totals| totals.corrections),
            facts: totals
                .as_ref()
                .map(|totals| totals.facts.clone())
                .unwrap_or_default(),
            totals: totals.map(CampaignTotals::from),
            parts: parts(&snapshot, id).await?,
            latest: with_slots(&snapshot, snapshot.all(latest, read::<LoggedEvent>).await?).await?,
            waiting: Truncated::of(waiting(&snapshot, id).await?, last as usize),
            failed: Truncated::of(failed(&snapshot, id).await?, last as usize),
        })
    }
}

/// The same events, each with the slot of its donation.
async fn with_slots(
    snapshot: &Snapshot,
    mut events: Vec<LoggedEvent>,
) -> Result<Vec<LoggedEvent>, StoreError> {
    let donations: Vec<&str> = events.iter().map(|event| event.donation.as_str()).collect();
    let command =
        doc! { "find": DONATIONS, "filter": { "_id": { "$in": donations } }, "projection": { "at": 1 } };
    let slot = |donation: &RawDocument| {
        let at = donation.get("at").ok().flatten().and_then(moment_of);
        let id = donation.get_str("_id").ok().map(str::to_owned);
        Ok(id.zip(at.map(Slot::of)))
    };
    let slots = snapshot.all(command, slot).await?;
    let slots: HashMap<String, Slot> = slots.into_iter().flatten().collect();
    for event in &mut events {
        event.slot = slots.get(&event.donation).copied();
    }
    Ok(events)
}

async fn parts(snapshot: &Snapshot, campaign: &str) -> Result<Vec<Part>, StoreError> {
    let sum = |field: &str| doc! { "$sum": format!("$effect.{field}") };
    let group = doc! {
        "_id": {
            "type": "$type", "early": { "$eq": ["$early", true] },
            // Whatever is there is more than null.
            "moved": { "$gt": ["$effect", null] },
        },
        "events": { "$sum": 1_i64 },
        "amountMinor": sum("amountMinor"), "pledges": sum("pledges"), "donors": sum("donors"),
    };
    let command = doc! {
        "aggregate": EVENT_LOG,
        "pipeline": [{ "$match": { "campaignId": campaign, "status": "PROCESSED" } }, { "$group": group }],
        "hint": LOG_BY_CAMPAIGN, "cursor": {},
    };
    let mut parts = snapshot
        .all(command, |row| read::<PartRow>(row).map(Part::from))
        .await?;
    parts.sort_by(|a, b| (&a.event_type, a.kind).cmp(&(&b.event_type, b.kind)));
    Ok(parts)
}

/// The refunds that name the campaign and whose donation is not created, newest first.
pub(in crate::store) async fn waiting(
    snapshot: &Snapshot,
    campaign: &str,
) -> Result<Vec<LoggedEvent>, StoreError> {
    let command = doc! {
        "aggregate": EVENT_LOG,
        "pipeline": [
            { "$match": { "early": true, "campaignId": campaign } },
            { "$lookup": { "from": DONATIONS, "localField": "donationId", "foreignField": "_id", "as": "donation" } },
            { "$match": { "donation.campaignId": { "$exists": false } } },
            { "$unset": "donation" },
        ],
        "hint": LOG_EARLY, "cursor": {},
    };
    let mut rows = snapshot.all(command, read::<LoggedEvent>).await?;
    rows.sort_by_key(|event| std::cmp::Reverse(event.committed_at));
    Ok(rows)
}

/// The failures that name the campaign and whose letters are in a dead-letter queue, newest first. The row of a letter that
/// was replayed, mended or discarded stays, and says no more that the letter is in the queue; the row of a letter that was in a
/// queue when somebody emptied it names contents that the queue no longer has.
async fn failed(snapshot: &Snapshot, campaign: &str) -> Result<Vec<FailedEvent>, StoreError> {
    let contents = |row: &RawDocument| Ok(row.get_object_id("contents").ok());
    let contents = snapshot
        .all(doc! { "find": DEAD_LETTER_QUEUES }, contents)
        .await?;
    let contents: HashSet<ObjectId> = contents.into_iter().flatten().collect();
    let command = doc! {
        "find": EVENT_LOG, "filter": { "campaignId": campaign, "committedAt": null, "status": "FAILED" },
        "hint": LOG_BY_CAMPAIGN, "projection": { "body": 0 },
    };
    let in_a_queue = move |row: &RawDocument| {
        let parked_in = row.get_object_id("parkedIn").ok();
        let in_a_queue = parked_in.is_some_and(|id| contents.contains(&id));
        in_a_queue.then(|| failed_event(row)).transpose()
    };
    let failed = snapshot.all(command, in_a_queue).await?;
    let mut failed: Vec<_> = failed.into_iter().flatten().collect();
    failed.sort_by_key(|event| std::cmp::Reverse(event.failed_at));
    Ok(failed)
}

/// Reads the row of a failure. No audit reads these rows, because nothing follows from them, so the remedy is here.
fn failed_event(row: &RawDocument) -> Result<FailedEvent, StoreError> {
    deserialize_from_slice(row.as_bytes()).map_err(|problem| {
        let id = shell_id(row);
        StoreError::foreign(format!(
            "the row {id} of a failed event cannot be read ({problem}): nothing is counted from it, and its message is in \
             the dead-letter queue; db.event_log.deleteOne({{_id: {id}}}) in mongosh removes it"
        ))
    })
}

fn effect<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Effect, D::Error> {
    let stored = Option::<EffectDocument>::deserialize(deserializer)?;
    Ok(stored.map_or(Effect::NONE, Effect::from))
}

#[derive(Deserialize)]
struct PartRow {
    #[serde(rename = "_id")]
    key: PartKey,
    events: i64,
    #[serde(flatten)]
    effect: EffectDocument,
}

#[derive(Deserialize)]
struct PartKey {
    #[serde(rename = "type")]
    event_type: String,
    early: bool,
    moved: bool,
}

impl From<PartRow> for Part {
    fn from(row: PartRow) -> Self {
        let tells = EventType::from_name(&row.key.event_type).is_some_and(EventType::is_of_campaign);
        let kind = match (row.key.early, row.key.moved) {
            (true, _) => EffectKind::Early,
            (false, true) => EffectKind::Moved,
            (false, false) if tells => EffectKind::Told,
            (false, false) => EffectKind::Nothing,
        };
        Self {
            event_type: row.key.event_type,
            kind,
            events: row.events,
            effect: row.effect.into(),
        }
    }
}

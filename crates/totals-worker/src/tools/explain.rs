//! `explain`: why is a campaign's total this number?

use std::fmt;

use serde::Serialize;
use totals_core::domain::{CampaignId, Currency, Effect, Fact, Slot, Timestamp};
use totals_core::store::{EffectKind, Explanation, FailedEvent, LoggedEvent, Part, Truncated};

use super::campaign::{OrNone, ShownTotals, campaign_id};
use super::effect::ShownEffect;
use super::error::ToolError;
use super::facts::ShownFact;
use super::output::{Answer, Line, Output, Verdict};
use super::setup::Setup;

/// Tell where a campaign's totals come from
///
/// The totals as a sum of their parts, what is known of the campaign beside them and which event has said each fact, the events
/// that moved the totals last with what each moved and the quarter of an hour of the history that it was booked in, and what was set
/// aside:
/// refunds that wait for their donation, and events whose letters are in the dead-letter queue. A letter that was mended,
/// replayed or discarded is not shown. Copies of a message that were delivered again are ignored and leave no trace.
///
/// JSON: {"campaignId","totals","revision","lastUpdated","corrections","parts":[{"type","did","events","effect"}],"sum",
/// "facts":[{"fact","value","eventId","occurredAt"}],"latest":[{…,"slot"}],"waiting":{"count","shown":[…]},"deadLettered":{"count","shown":[…]}}.
/// Exit code 0, or 1 if nothing is known of the campaign.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker explain camp_123
    totals-worker explain camp_123 --last 50 --json")]
pub struct Args {
    /// The campaign
    #[arg(value_name = "CAMPAIGN", value_parser = campaign_id)]
    campaign: CampaignId,
    /// Show so many of the latest events
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    last: u32,
    #[command(flatten)]
    pub output: Output,
}

/// The explanation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    campaign_id: CampaignId,
    totals: Option<ShownTotals>,
    revision: Option<i64>,
    last_updated: Option<Timestamp>,
    corrections: i64,
    parts: Vec<ShownPart>,
    sum: ShownEffect,
    facts: Vec<ShownFact>,
    latest: Vec<ShownEvent>,
    waiting: Truncated<ShownEvent>,
    dead_lettered: Truncated<ShownFailure>,
    /// True if the effects add up to the totals.
    #[serde(skip)]
    adds_up: bool,
}

#[derive(Debug, Serialize)]
struct ShownPart {
    r#type: String,
    did: &'static str,
    events: i64,
    effect: ShownEffect,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownEvent {
    event_id: String,
    r#type: String,
    donation_id: String,
    occurred_at: Timestamp,
    committed_at: Timestamp,
    effect: ShownEffect,
    /// The first moment of the slot of the history that it was booked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownFailure {
    event_id: String,
    reason_code: String,
    reason: String,
    failed_at: Timestamp,
    attempts: i64,
}

/// Asks the store.
pub async fn run(args: &Args, setup: &Setup) -> Result<Explained, ToolError> {
    let (store, currency) = (setup.store().await?, setup.source.currency()?);
    let explanation = setup
        .unless_stopped(store.explain(&args.campaign, args.last))
        .await?;
    Ok(Explained::new(args.campaign.clone(), explanation, currency))
}

impl Explained {
    fn new(campaign_id: CampaignId, explanation: Explanation, currency: Currency) -> Self {
        let Explanation {
            totals,
            corrections,
            parts,
            facts,
            latest,
            waiting,
            failed,
        } = explanation;
        let sum = parts.iter().fold(Effect::NONE, |mut sum, part| {
            sum += part.effect;
            sum
        });
        let stored = totals.as_ref().map(|it| it.totals).unwrap_or_default();
        let event = |event| ShownEvent::new(event, currency);
        Self {
            campaign_id,
            adds_up: stored == totals_core::domain::Totals::default() + sum,
            revision: totals.as_ref().map(|it| it.revision),
            last_updated: totals.as_ref().map(|it| it.last_updated),
            totals: totals.map(|it| ShownTotals::new(it.totals, currency)),
            corrections,
            parts: parts
                .into_iter()
                .map(|part| ShownPart::new(part, currency))
                .collect(),
            sum: ShownEffect::new(sum, currency),
            facts: ShownFact::of(&Fact::ALL, &facts, currency),
            latest: latest.into_iter().map(event).collect(),
            waiting: waiting.map(event),
            dead_lettered: failed.map(ShownFailure::from),
        }
    }
}

impl ShownPart {
    fn new(part: Part, currency: Currency) -> Self {
        let did = match part.kind {
            EffectKind::Moved => "moved the totals",
            EffectKind::Nothing => "changed nothing: counted before, or nothing left to refund",
            EffectKind::Told => "told of the campaign, which moves no totals",
            EffectKind::Early => "came before its donation, which counts for less",
        };
        Self {
            r#type: part.event_type,
            did,
            events: part.events,
            effect: ShownEffect::new(part.effect, currency),
        }
    }
}

impl ShownEvent {
    fn new(event: LoggedEvent, currency: Currency) -> Self {
        Self {
            event_id: event.id,
            r#type: event.event_type,
            donation_id: event.donation,
            occurred_at: event.occurred_at,
            committed_at: event.committed_at,
            effect: ShownEffect::new(event.effect, currency),
            slot: event.slot.map(Slot::start),
        }
    }
}

impl From<FailedEvent> for ShownFailure {
    fn from(event: FailedEvent) -> Self {
        Self {
            event_id: event.id,
            reason_code: event.code,
            reason: event.error,
            failed_at: event.failed_at,
            attempts: event.attempts,
        }
    }
}

impl Answer for Explained {
    fn verdict(&self) -> Verdict {
        let nothing_known = self.totals.is_none()
            && self.parts.is_empty()
            && self.waiting.count + self.dead_lettered.count == 0;
        Verdict::alarm_if(nothing_known)
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}",
            Line(self.campaign_id.as_str()),
            OrNone(self.totals.as_ref())
        )?;
        if let (Some(revision), Some(updated)) = (self.revision, &self.last_updated) {
            write!(f, " (revision {revision}, {updated})")?;
        }
        heading(f, "Parts", self.parts.len() as u64)?;
        for part in &self.parts {
            write!(
                f,
                "\n  {:>8}  {:<23}  {}  {}",
                part.events, part.r#type, part.effect, part.did
            )?;
        }
        if !self.parts.is_empty() {
            write!(f, "\n  {:>8}  {:<23}  {}", "", "sum", self.sum)?;
            if !self.adds_up {
                let why = match self.corrections {
                    0 => "run `totals-worker verify`".to_owned(),
                    corrections => format!(
                        "a rebuild has corrected them before ({corrections}); `totals-worker verify` tells whether all is well"
                    ),
                };
                write!(f, "  which is not the totals: {why}")?;
            }
        }
        heading(f, "Facts", self.facts.len() as u64)?;
        for fact in &self.facts {
            write!(f, "\n  {fact}")?;
        }
        heading(f, "Moved last", self.latest.len() as u64)?;
        for event in &self.latest {
            write!(f, "\n  {event}")?;
        }
        heading(f, "Refunds that wait for their donation", self.waiting.count)?;
        for event in &self.waiting.shown {
            write!(f, "\n  {event}")?;
        }
        heading(f, "Dead-lettered", self.dead_lettered.count)?;
        for event in &self.dead_lettered.shown {
            let (id, code, reason) = (Line(&event.event_id), &event.reason_code, Line(&event.reason));
            write!(
                f,
                "\n  {}  {id}  {code}  {reason} (attempts: {})",
                event.failed_at, event.attempts
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for ShownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, donation) = (Line(&self.event_id), Line(&self.donation_id));
        write!(
            f,
            "{}  {}  {id}  of donation {donation}  {}",
            self.committed_at, self.r#type, self.effect
        )?;
        match self.slot {
            Some(slot) => write!(f, "  booked at {slot}"),
            None => Ok(()),
        }
    }
}

fn heading(f: &mut fmt::Formatter<'_>, name: &str, count: u64) -> fmt::Result {
    match count {
        0 => write!(f, "\n{name}: none"),
        count => write!(f, "\n{name} ({count}):"),
    }
}

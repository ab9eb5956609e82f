//! What would become of one message.

use std::fmt;

use serde::Serialize;
use totals_core::domain::{Currency, Effect, Event, Outcome};

use crate::broker::message::{Reason, subject};
use crate::tools::effect::ShownEffect;
use crate::tools::output::Line;

/// The kinds of ends that a message may come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// A total changes.
    Counted,
    /// It tells of a campaign: no total changes.
    Fact,
    /// It is logged, and no total changes.
    Logged,
    /// An earlier line is the same event.
    Duplicate,
    /// It can never be counted.
    DeadLettered,
    /// The worker never gets it.
    NotBound,
    /// Nobody knows: the line is meant as a capture, and is none.
    NotACapture,
}

/// One message and what would become of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its line in the file, from 1.
    line: u64,
    /// What would become of it.
    pub outcome: Fate,
    #[serde(flatten)]
    subject: Names,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<ShownEffect>,
    /// The reason's class; none unless it is dead-lettered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What a message is about, as far as it can be read.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    donation_id: Option<String>,
}

impl Finding {
    /// An event, and what the fold says of it.
    pub fn of_event(line: u64, event: &Event, outcome: Outcome, currency: Currency) -> Self {
        let fine = |outcome, campaign, effect: Option<Effect>| Self {
            line,
            outcome,
            subject: Names {
                // Of a refund that is its donation's, whatever campaign the refund names.
                campaign_id: campaign,
                ..Names::from(subject(event))
            },
            effect: effect.map(|effect| ShownEffect::new(effect, currency)),
            reason_code: None,
            reason: None,
        };
        match outcome {
            Outcome::Applied { campaign, effect, .. } => {
                let campaign = campaign.map(|campaign| campaign.to_string());
                if event.event_type().is_of_campaign() {
                    fine(Fate::Fact, campaign, None)
                } else if effect.is_none() {
                    fine(Fate::Logged, campaign, None)
                } else {
                    fine(Fate::Counted, campaign, Some(effect))
                }
            }
            Outcome::Duplicate => fine(Fate::Duplicate, event.campaign().map(ToString::to_string), None),
            Outcome::Quarantined(quarantine) => {
                Self::dead_letter(line, Reason::quarantined(event, &quarantine))
            }
        }
    }

    /// A message that can never be counted.
    pub fn dead_letter(line: u64, reason: Reason) -> Self {
        Self {
            line,
            outcome: Fate::DeadLettered,
            subject: reason.subject.into(),
            effect: None,
            reason_code: Some(reason.code),
            reason: Some(reason.text),
        }
    }

    /// A line that is meant as a capture and has this problem.
    pub fn not_a_capture(line: u64, problem: String) -> Self {
        Self {
            line,
            outcome: Fate::NotACapture,
            subject: Names::default(),
            effect: None,
            reason_code: None,
            reason: Some(problem),
        }
    }

    /// A message with a routing key that the queue is not bound to.
    pub fn not_bound(line: u64, routing_key: &str) -> Self {
        Self {
            line,
            outcome: Fate::NotBound,
            subject: Names {
                event_type: Some(routing_key.to_owned()),
                ..Names::default()
            },
            effect: None,
            reason_code: None,
            reason: None,
        }
    }
}

impl From<totals_core::domain::Subject> for Names {
    fn from(subject: totals_core::domain::Subject) -> Self {
        Self {
            event_id: subject.event_id.map(|id| id.to_string()),
            event_type: subject.event_type,
            campaign_id: subject.campaign.map(|id| id.to_string()),
            donation_id: subject.donation.map(|id| id.to_string()),
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Counted => "counted",
            Self::Fact => "fact",
            Self::Logged => "logged",
            Self::Duplicate => "duplicate",
            Self::DeadLettered => "dead-lettered",
            Self::NotBound => "not bound",
            Self::NotACapture => "not a capture",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Names {
            event_id,
            event_type,
            campaign_id,
            ..
        } = &self.subject;
        if let (Fate::NotACapture, Some(problem)) = (self.outcome, &self.reason) {
            return write!(f, "{:>6}  {}: {}", self.line, self.outcome, Line(problem));
        }
        let shown = |text: &Option<String>| Line(text.as_deref().unwrap_or("-")).to_string();
        write!(
            f,
            "{:>6}  {:<13}  {:<23}",
            self.line,
            self.outcome,
            shown(event_type)
        )?;
        if self.outcome != Fate::NotBound {
            write!(f, "  {}", shown(event_id))?;
        }
        if let Some(ShownEffect {
            amount,
            pledges,
            donors,
        }) = &self.effect
        {
            let campaign = shown(campaign_id);
            write!(
                f,
                "  {campaign}: amount {amount}, pledges {pledges}, donors {donors}"
            )?;
        }
        match (self.reason_code, &self.reason) {
            (Some(code), Some(reason)) => write!(f, "  {code}: {}", Line(reason)),
            _ => Ok(()),
        }
    }
}

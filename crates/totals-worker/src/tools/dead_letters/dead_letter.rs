//! One dead letter in the operator's hands.

use std::collections::BTreeSet;

use lapin::Channel;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use totals_core::domain::{
    AmountRules, ContentHash, EventId, Invalid, InvalidCode, Received, Subject, decode,
};
use totals_core::store::Failure;

use crate::broker::identity::{body_hash, letter_id};
use crate::broker::message::{Message, header, subject};

/// A dead letter, held until it is settled or given back.
pub struct DeadLetter {
    /// The message, with the exchange and routing key that it was first published with.
    pub message: Message,
    /// What the message is about, as far as it can be read.
    pub subject: Subject,
    /// The channel that delivered it, on which alone it can be settled.
    pub channel: Channel,
}

/// The hashes of the letters' bodies, each once. Letters of one id and one hash are the same to an operator, who cannot
/// name one of them alone.
pub fn distinct_hashes(letters: &[DeadLetter]) -> BTreeSet<String> {
    letters.iter().map(DeadLetter::body_hash).collect()
}

/// Puts the oldest letters first, by the time of failure that each states; letters that state none are last.
///
/// Their places in the queue do not tell their age: a fresh copy goes to the end, and RabbitMQ gives the letters that
/// several consumers held (each fetch counts as one) back in an order of its own.
pub fn oldest_first<T>(letters: &mut [T], failed_at: impl Fn(&T) -> Option<&str>) {
    letters.sort_by_cached_key(|letter| {
        let since = failed_at(letter).and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
        (since.is_none(), since)
    });
}

/// A letter as one line of a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterSummary {
    /// The event id, or the hash that stands for it.
    pub id: String,
    /// The event's type, or the routing key.
    pub r#type: String,
    /// The campaign it names.
    pub campaign_id: Option<String>,
    /// The class of the reason why it is here.
    pub reason_code: Option<String>,
    /// The reason as a sentence.
    pub reason: Option<String>,
    /// Since when it is here, RFC 3339.
    pub failed_at: Option<String>,
    /// How often it was dead-lettered.
    pub attempts: i64,
    /// What the operator has to do before it can be applied, if a replay of it as it is never helps.
    pub remedy: Option<&'static str>,
}

/// What to do about letters of this class, if they come back whenever they are replayed as they are.
pub fn remedy(reason_code: &str) -> Option<&'static str> {
    (reason_code == InvalidCode::EventTypeMismatch.as_str()).then_some(
        "replayed as it is it comes back; if the body's eventType is true, replay it with --body (show --raw prints the \
         body), else let its producer publish it again, right",
    )
}

impl DeadLetter {
    /// Reads what a message is about, as the worker does.
    pub fn read(message: Message, channel: Channel, amounts: AmountRules) -> Self {
        let (subject, _problem) = read_as(&message, &message.body, amounts);
        Self {
            message,
            subject,
            channel,
        }
    }

    /// The letter's event id, or else the hash by which the log knows it.
    pub fn id(&self) -> EventId {
        letter_id(&self.message, &self.subject)
    }

    /// The body's hash, which tells letters of the same event id apart.
    pub fn body_hash(&self) -> String {
        body_hash(&self.message).to_string()
    }

    /// Returns why `body` cannot take the place of this letter's body; none if it can. It must be about the same event: else
    /// that event would be counted, and the letter's own event would be gone.
    ///
    /// If the letter has no readable id, or one that follows from the content that is being mended, the donation
    /// must be the same as far as both name one.
    pub fn not_for(&self, body: &[u8], amounts: AmountRules) -> Option<String> {
        let (mended, problem) = read_as(&self.message, body, amounts);
        let Some(id) = &mended.event_id else {
            let problem = problem.map(|invalid| invalid.message).unwrap_or_default();
            return Some(format!("no event id can be read in it: {problem}"));
        };
        match &self.subject.event_id {
            Some(own) if own != id && !self.has_derived_id() => {
                Some(format!("it is event {id}, and the letter is event {own}"))
            }
            Some(own) if own == id => None,
            _ => match (&self.subject.donation, &mended.donation) {
                (Some(own), Some(donation)) if own != donation => Some(format!(
                    "it is about donation {donation}, and the letter about donation {own}"
                )),
                _ => None,
            },
        }
    }

    /// The routing key that `body` needs in place of this letter's, if the letter's key and body contradict each other. An
    /// operator who sends another body says with it which type is true.
    pub fn key_for(&self, body: &[u8], amounts: AmountRules) -> Option<String> {
        let doubtful = self.reason_code() == InvalidCode::EventTypeMismatch.as_str();
        let by_itself = || Received {
            body,
            routing_key: "",
            ..self.message.received()
        };
        let event = doubtful.then(|| decode(&by_itself(), amounts).ok()).flatten()?;
        Some(event.event_type().to_string())
    }

    /// Returns true if its event id follows from its type and its content, as that of a bare payload does.
    fn has_derived_id(&self) -> bool {
        let id = self.subject.event_id.as_ref().map(EventId::as_str);
        let hash = id
            .zip(self.subject.event_type.as_deref())
            .and_then(|(id, event_type)| id.strip_prefix(event_type)?.strip_prefix('_'));
        hash.is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// The reason's class, empty if the letter has none.
    pub fn reason_code(&self) -> &str {
        self.message.header(header::REASON_CODE).unwrap_or_default()
    }

    /// Since when it is here, in its own words.
    pub fn failed_at(&self) -> Option<&str> {
        self.message.header(header::FAILED_AT)
    }

    /// A failure that names the letter's row in the log.
    pub fn failure(&self) -> Failure {
        Failure {
            event_id: self.id(),
            event_type: None,
            campaign: None,
            donation: None,
            code: "",
            error: String::new(),
            hash: ContentHash::of_bytes(&self.message.body),
            body: None,
        }
    }

    /// The letter as a line.
    pub fn summary(&self) -> DeadLetterSummary {
        let header = |name| self.message.header(name).map(str::to_owned);
        DeadLetterSummary {
            id: self.id().to_string(),
            r#type: (self.subject.event_type.clone()).unwrap_or_else(|| self.message.routing_key.clone()),
            campaign_id: self.subject.campaign.as_ref().map(ToString::to_string),
            reason_code: header(header::REASON_CODE),
            reason: header(header::REASON),
            failed_at: self.failed_at().map(str::to_owned),
            attempts: self.message.attempts(),
            remedy: remedy(self.reason_code()),
        }
    }
}

/// What `body` is about if it comes as the message came, and what is wrong with it.
fn read_as(message: &Message, body: &[u8], amounts: AmountRules) -> (Subject, Option<Invalid>) {
    let received = message.received();
    match decode(&Received { body, ..received }, amounts) {
        Ok(event) => (subject(&event), None),
        Err(invalid) => ((*invalid.subject).clone(), Some(invalid)),
    }
}

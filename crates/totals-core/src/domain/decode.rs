//! From a message's bytes to an [`Event`], or to a reason that a person understands.
//!
//! Two shapes arrive: an envelope around a payload, and the payment service's bare payload. In either, what the body
//! says of its own id and type has precedence over what the message around it says. Fields are read one by one from
//! their own JSON text, so that amounts never pass through floating point, a message that fails names the field at
//! fault, and whatever could be read of it (its id above all) is known even so.

mod fields;
mod invalid;
mod payload;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::ContentHasher;
use super::{AmountRules, DonationId, Event, EventId, EventKind, EventType, excerpt};
use fields::{Fault, id, not_json, object, optional_string, parse_id, required_string, string, timestamp};
pub use invalid::{Invalid, InvalidCode, Subject};
use payload::{Payload, kind};

/// The largest message accepted, in bytes. Real events have a few hundred.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// The most characters that are kept of an event type that the service does not know.
const MAX_TYPE_CHARS: usize = 64;

/// Decodes one message. A bare payload that does not say so itself has `routing_key` for its type and `message_id` for
/// its event id; without either id, one is derived from the type and the payload, the same at every delivery.
///
/// # Errors
/// [`Invalid`] if the message is no event, or has no amount by these rules. No message panics, however hostile.
pub fn decode(
    body: &[u8],
    routing_key: &str,
    message_id: Option<&str>,
    amounts: AmountRules,
) -> Result<Event, Invalid> {
    let mut subject = Subject::default();
    read(body, routing_key, message_id, amounts, &mut subject).map_err(|Fault(code, message)| Invalid {
        code,
        message,
        subject: Box::new(subject),
    })
}

/// Reads again what an event of this type says, from its payload as it was logged.
///
/// # Errors
/// [`Invalid`] if the payload is not what [`decode`] has accepted: it was changed since, or the rules were.
pub fn decode_payload(
    event_type: EventType,
    payload: &str,
    amounts: AmountRules,
) -> Result<(DonationId, EventKind), Invalid> {
    let read = || {
        let fields: Payload<'_> = object(payload, "payload")?;
        let donation = id("donationId", fields.donation_id)?;
        Ok((donation, kind(event_type, &fields, amounts)?))
    };
    read().map_err(|Fault(code, message)| Invalid {
        code,
        message,
        subject: Box::default(),
    })
}

/// The fields of either shape, each as its own JSON text; `null` is absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outer<'a> {
    #[serde(borrow)]
    event_id: Option<&'a RawValue>,
    event_type: Option<&'a RawValue>,
    timestamp: Option<&'a RawValue>,
    payload: Option<&'a RawValue>,
    donation_id: Option<&'a RawValue>,
}

impl<'a> Outer<'a> {
    /// The payload, if this is an envelope. A bare payload may have a member of that name that is no object, such as
    /// an export's column.
    fn envelope(&self) -> Option<&'a RawValue> {
        let is_object = |payload: &RawValue| payload.get().starts_with('{');
        self.payload
            .filter(|payload| self.donation_id.is_none() || is_object(payload))
    }
}

fn read(
    body: &[u8],
    routing_key: &str,
    message_id: Option<&str>,
    amounts: AmountRules,
    subject: &mut Subject,
) -> Result<Event, Fault> {
    let text = text(body)?;
    let outer: Outer<'_> = object(text, "the message")?;

    let fields = object::<Payload<'_>>(outer.envelope().map_or(text, RawValue::get), "payload");
    about(&outer, fields.as_ref().ok(), routing_key, subject);
    let sent_id = message_id.and_then(|id| EventId::try_from(id).ok());
    let payload = match (outer.envelope(), outer.donation_id) {
        (Some(payload), _) => {
            subject.event_id = Some(id("eventId", outer.event_id)?);
            payload.get()
        }
        (None, Some(_)) => {
            let own_id = outer.event_id.map(|_| id("eventId", outer.event_id));
            subject.event_id = own_id.transpose()?.or(sent_id);
            text
        }
        (None, None) => {
            subject.event_id = id("eventId", outer.event_id).ok().or(sent_id);
            let message = "the message has neither a payload (an envelope) nor a donationId (a bare payload)";
            return Err(Fault(InvalidCode::MissingField, message.to_owned()));
        }
    };
    let own_type = match outer.envelope() {
        Some(_) => Some(required_string("eventType", outer.event_type)?),
        None => optional_string("eventType", outer.event_type)?,
    };
    let fields = fields?;
    let event_type = event_type(own_type.as_deref(), routing_key)?;
    not_of_another_type(event_type, &fields)?;
    let donation = id("donationId", fields.donation_id)?;
    let kind = kind(event_type, &fields, amounts)?;
    let occurred_at = timestamp(outer.timestamp.or(fields.timestamp))?;
    let id = match subject.event_id.take() {
        Some(id) => id,
        None => derived_id(event_type, payload)?,
    };
    // Valid JSON a moment ago, hence now.
    let payload = RawValue::from_string(payload.to_owned()).map_err(not_json("payload"))?;
    Ok(Event {
        id,
        donation,
        kind,
        occurred_at,
        payload,
    })
}

/// The body as text.
fn text(body: &[u8]) -> Result<&str, Fault> {
    if body.len() > MAX_BODY_BYTES {
        let message = format!(
            "the message has {} bytes, more than the {MAX_BODY_BYTES} allowed",
            body.len()
        );
        return Err(Fault(InvalidCode::BodyTooLarge, message));
    }
    std::str::from_utf8(body).map_err(|error| {
        let message = format!(
            "the message is not UTF-8: invalid byte at position {}",
            error.valid_up_to()
        );
        Fault(InvalidCode::NotUtf8, message)
    })
}

/// What can be read of a message beside its id, whatever is wrong with the rest.
fn about(outer: &Outer<'_>, fields: Option<&Payload<'_>>, routing_key: &str, subject: &mut Subject) {
    let told = match outer.event_type {
        Some(own) => string(own),
        None => Some(routing_key.into()),
    };
    subject.event_type = told.map(|told| told.chars().take(MAX_TYPE_CHARS).collect());
    subject.campaign = fields.and_then(|fields| id("campaignId", fields.campaign_id).ok());
    subject.donation = fields.and_then(|fields| id("donationId", fields.donation_id).ok());
}

/// The type that the body names, or else the routing key. A key that is no type, such as the queue's name at a replay,
/// says nothing; one that is another type than the body's is a mistake of which nobody knows which half is true.
fn event_type(own: Option<&str>, routing_key: &str) -> Result<EventType, Fault> {
    let key = EventType::from_name(routing_key);
    let known = || EventType::ALL.map(EventType::as_str).join(", ");
    let unknown = |message| Err(Fault(InvalidCode::UnknownEventType, message));
    let Some(name) = own else {
        return key.map_or_else(
            || {
                let key = excerpt(routing_key);
                unknown(format!(
                    "eventType is missing, and the routing key `{key}` is none of {}",
                    known()
                ))
            },
            Ok,
        );
    };
    let Some(own) = EventType::from_name(name) else {
        return unknown(format!(
            "eventType must be one of {}, got `{}`",
            known(),
            excerpt(name)
        ));
    };
    match key {
        Some(key) if key != own => {
            let message = format!("eventType is {own}, but the routing key is {key}");
            Err(Fault(InvalidCode::EventTypeMismatch, message))
        }
        _ => Ok(own),
    }
}

/// A payload within an envelope may name a type of its own, and then it must be the envelope's.
fn not_of_another_type(event_type: EventType, fields: &Payload<'_>) -> Result<(), Fault> {
    let named = fields.event_type.and_then(string);
    match named.and_then(|name| EventType::from_name(&name)) {
        Some(named) if named != event_type => {
            let message = format!("eventType is {event_type}, but the payload's own eventType is {named}");
            Err(Fault(InvalidCode::EventTypeMismatch, message))
        }
        _ => Ok(()),
    }
}

/// The id of a payload that came without one: its type and a fingerprint of its members, whatever their order.
fn derived_id(event_type: EventType, payload: &str) -> Result<EventId, Fault> {
    let members: std::collections::BTreeMap<String, &RawValue> =
        serde_json::from_str(payload).map_err(not_json("payload"))?;
    let mut hash = ContentHasher::default();
    for (name, value) in members {
        hash.field(&name);
        hash.field(value.get());
    }
    parse_id("eventId", format!("{event_type}_{}", hash.finish()))
}

#[cfg(test)]
mod tests;

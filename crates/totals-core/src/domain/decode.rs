//! From a message's bytes to an [`Event`], or to a reason that a person understands.
//!
//! Two shapes arrive: an envelope around a payload, and the payment service's bare payload. In either, what the body
//! says of its own id and type has precedence over what the message around it says. Fields are read one by one from
//! their own JSON text, so that amounts never pass through floating point, a message that fails names the field at
//! fault, and whatever could be read of it (its id above all) is known even so.

pub mod declared;
mod fields;
mod invalid;
mod members;
mod payload;

use serde_json::value::RawValue;

use super::event::ContentHasher;
use super::{AmountRules, DonationId, Event, EventId, EventKind, EventType, excerpt};
pub use declared::{Field, FieldKind, Member, Need};
use fields::{
    Fault, complete, id, missing, not_json, object, once, optional_string, parse_id, required_string, string,
    timestamp,
};
pub use invalid::{Invalid, InvalidCode, Subject};
use members::Members;
use payload::kind;

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
        let fields: Members<'_> = object(payload, "payload")?;
        let donation = id(&fields, Field::DonationId)?;
        Ok((donation, kind(event_type, &fields, amounts)?))
    };
    read().map_err(|Fault(code, message)| Invalid {
        code,
        message,
        subject: Box::default(),
    })
}

/// The members of either shape that say what a message is.
const OUTER: [Field; 5] = [
    Field::EventId,
    Field::EventType,
    Field::Timestamp,
    Field::Payload,
    Field::DonationId,
];

/// The payload, if this is an envelope. A bare payload may have a member of that name that is no object, such as an
/// export's column.
fn envelope<'a>(outer: &Members<'a>) -> Option<&'a RawValue> {
    let is_object = |payload: &&RawValue| payload.get().starts_with('{');
    let is_bare = outer.get(Field::DonationId).is_some();
    outer
        .get(Field::Payload)
        .filter(|payload| !is_bare || is_object(payload))
}

fn read(
    body: &[u8],
    routing_key: &str,
    message_id: Option<&str>,
    amounts: AmountRules,
    subject: &mut Subject,
) -> Result<Event, Fault> {
    let text = text(body)?;
    let outer: Members<'_> = object(text, "the message")?;
    OUTER.iter().try_for_each(|field| once(&outer, *field))?;

    let within = envelope(&outer).map(|payload| object::<Members<'_>>(payload.get(), "payload"));
    let fields = match &within {
        None => Some(&outer),
        Some(fields) => fields.as_ref().ok(),
    };
    about(&outer, fields, routing_key, subject);
    let sent_id = message_id.and_then(|id| EventId::try_from(id).ok());
    let payload = match (envelope(&outer), outer.get(Field::DonationId)) {
        (Some(payload), _) => {
            subject.event_id = Some(id(&outer, Field::EventId)?);
            payload.get()
        }
        (None, Some(_)) => {
            let own_id = outer.get(Field::EventId).map(|_| id(&outer, Field::EventId));
            subject.event_id = own_id.transpose()?.or(sent_id);
            text
        }
        (None, None) => {
            subject.event_id = id(&outer, Field::EventId).ok().or(sent_id);
            let message = "the message has neither a payload (an envelope) nor a donationId (a bare payload)";
            return Err(Fault(InvalidCode::MissingField, message.to_owned()));
        }
    };
    let (own_type, fields) = match within {
        Some(fields) => {
            complete(&outer, declared::ENVELOPE)?;
            (Some(required_string(&outer, Field::EventType)?), &fields?)
        }
        None => (optional_string(&outer, Field::EventType)?, &outer),
    };
    let event_type = event_type(own_type.as_deref(), routing_key)?;
    not_of_another_type(event_type, fields)?;
    let donation = id(fields, Field::DonationId)?;
    let kind = kind(event_type, fields, amounts)?;
    let occurred_at = match timestamp(&outer)? {
        Some(moment) => moment,
        None => timestamp(fields)?.ok_or_else(|| missing(Field::Timestamp))?,
    };
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
fn about(outer: &Members<'_>, fields: Option<&Members<'_>>, routing_key: &str, subject: &mut Subject) {
    let told = match outer.get(Field::EventType) {
        Some(own) => string(own),
        None => Some(routing_key.into()),
    };
    subject.event_type = told.map(|told| told.chars().take(MAX_TYPE_CHARS).collect());
    subject.campaign = fields.and_then(|fields| id(fields, Field::CampaignId).ok());
    subject.donation = fields.and_then(|fields| id(fields, Field::DonationId).ok());
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
fn not_of_another_type(event_type: EventType, fields: &Members<'_>) -> Result<(), Fault> {
    let named = fields.get(Field::EventType).and_then(string);
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
    parse_id(Field::EventId, format!("{event_type}_{}", hash.finish()))
}

#[cfg(test)]
mod tests;

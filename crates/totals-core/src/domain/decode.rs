//! From a message to an [`Event`], or to a reason that a person understands.
//!
//! Three shapes arrive: an envelope around a payload, the payment service's bare payload, and CloudEvents. In each, what the
//! body says of its own id and type has precedence over what the message around it says. Fields are read one by one from
//! their own JSON text, so that amounts never pass through floating point, a message that fails names the field at
//! fault, and whatever could be read of it (its id above all) is known even so.
//!
//! Decoding is strict about what a total depends on, and tolerant about the rest: a time moves no total, so it may come in any
//! usual form, or not at all.

mod cloud_event;
pub mod declared;
mod facts;
mod fields;
mod identity;
mod invalid;
mod members;
mod number;
mod payload;
mod received;
mod shape;
mod types;

use serde_json::value::RawValue;

use super::{AmountRules, Event, EventKind, EventType};
pub use declared::{Field, FieldKind, Member, Need};
pub(super) use fields::text_of;
use fields::{Fault, id, moment, not_json, object, once};
pub use invalid::{Invalid, InvalidCode, Subject};
use members::Members;
use payload::{kind, refund_id};
pub use received::{CloudEventHeaders, HeaderValue, MAX_ATTRIBUTE_BYTES, Received};
use shape::Shape;

/// The largest message accepted, in bytes. Real events have a few hundred.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// The most characters that are kept of an event type that the service does not know.
const MAX_TYPE_CHARS: usize = 64;

/// What some programs put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The members that say what a message is.
const OUTER: [Field; 6] = [
    Field::EventId,
    Field::EventType,
    Field::Timestamp,
    Field::Payload,
    Field::DonationId,
    Field::CampaignId,
];

/// Decodes one message. A bare payload that does not say so itself has the routing key for its type. Its event id is its own,
/// else `message_id`, else the header `eventId`; without any, one is derived from what it says, the same at every delivery.
///
/// # Errors
/// [`Invalid`] if the message is no event, or has no amount by these rules. No message panics, however hostile.
pub fn decode(received: &Received<'_>, amounts: AmountRules) -> Result<Event, Invalid> {
    let mut subject = Subject::default();
    read(received, amounts, &mut subject).map_err(|Fault(code, message)| Invalid {
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
) -> Result<EventKind, Invalid> {
    let read = || kind(event_type, &object(payload, "payload")?, amounts);
    read().map_err(|Fault(code, message)| Invalid {
        code,
        message,
        subject: Box::default(),
    })
}

fn read(received: &Received<'_>, amounts: AmountRules, subject: &mut Subject) -> Result<Event, Fault> {
    let body = text(received.body)?;
    let outer: Members<'_> = object(body, "the message")?;
    OUTER.iter().try_for_each(|field| once(&outer, *field))?;

    let shape = Shape::of(received, &outer);
    let (payload, unreadable) = match shape.payload(body) {
        Ok(payload) => (payload, None),
        Err(fault) => (body.into(), Some(fault)),
    };
    // A payload that is the body was parsed already.
    let within = (!std::ptr::eq(payload.as_ref(), body)).then(|| object::<Members<'_>>(&payload, "payload"));
    let readable = within.as_ref().map_or(Ok(&outer), Result::as_ref).ok();
    subject.campaign = readable.and_then(|fields| id(fields, Field::CampaignId).ok());
    subject.donation = readable.and_then(|fields| id(fields, Field::DonationId).ok());
    let told = shape.type_text(&outer);
    let told = told.as_deref().unwrap_or(received.routing_key);
    subject.event_type = Some(told.chars().take(MAX_TYPE_CHARS).collect());
    subject.event_id = shape.id(&outer, received)?;

    let event_type = shape.event_type(&outer, received.routing_key)?;
    unreadable.map_or(Ok(()), Err)?;
    let within = within.transpose()?;
    let fields = within.as_ref().unwrap_or(&outer);
    types::agrees_with_payload(event_type, fields)?;
    let kind = kind(event_type, fields, amounts)?;
    let stated = match shape.moment(&outer)? {
        Some(moment) => Some(moment),
        None => moment(fields, Field::Timestamp)?,
    };
    let id = if let Some(id) = subject.event_id.take() {
        id
    } else {
        let refund = refund_id(event_type, fields)?;
        identity::derived(&kind, refund.as_deref(), stated)?
    };
    let former_id = shape.former_id(&outer, received, event_type, &payload);
    // Valid JSON a moment ago, hence now.
    let payload = RawValue::from_string((*payload).to_owned()).map_err(not_json("payload"))?;
    Ok(Event {
        former_id: former_id.filter(|former| *former != id),
        id,
        kind,
        occurred_at: stated.or_else(|| received.sent()).unwrap_or(received.received_at),
        payload,
    })
}

/// The body as text, without a byte order mark.
fn text(body: &[u8]) -> Result<&str, Fault> {
    if body.len() > MAX_BODY_BYTES {
        let message = format!(
            "the message has {} bytes, more than the {MAX_BODY_BYTES} allowed",
            body.len()
        );
        return Err(Fault(InvalidCode::BodyTooLarge, message));
    }
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{', 0, ..] | [0, b'{', ..] = body {
        let message = "the message is UTF-16, and must be UTF-8".to_owned();
        return Err(Fault(InvalidCode::NotUtf8, message));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let message = format!(
            "the message is not UTF-8: invalid byte at position {}",
            error.valid_up_to()
        );
        Fault(InvalidCode::NotUtf8, message)
    })?;
    Ok(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text))
}

#[cfg(test)]
mod tests;

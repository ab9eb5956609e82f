//! Which type an event is of: its own word, the routing key's, and what happens where they differ.

use super::InvalidCode;
use super::declared::Field;
use super::fields::{Fault, string};
use super::members::Members;
use crate::domain::{EventType, excerpt};

/// The type that the body names, or else the routing key.
pub(super) fn named(own: Option<&str>, routing_key: &str) -> Result<EventType, Fault> {
    let known = || EventType::ALL.map(EventType::as_str).join(", ");
    let unknown = |message| Err(Fault(InvalidCode::UnknownEventType, message));
    match own {
        Some(name) => EventType::from_name(name).map_or_else(
            || {
                let name = excerpt(name);
                unknown(format!("eventType must be one of {}, got `{name}`", known()))
            },
            Ok,
        ),
        None => EventType::from_name(routing_key).map_or_else(
            || {
                let key = excerpt(routing_key);
                unknown(format!(
                    "eventType is missing, and the routing key `{key}` is none of {}",
                    known()
                ))
            },
            Ok,
        ),
    }
}

/// Checks that the routing key is no other type. A key that is no type, such as the queue's name at a replay, says nothing;
/// one that is another type than the body's is a mistake of which nobody knows which half is true.
pub(super) fn agrees_with_key(event_type: EventType, routing_key: &str) -> Result<(), Fault> {
    match EventType::from_name(routing_key) {
        Some(key) if key != event_type => {
            let message = format!("eventType is {event_type}, but the routing key is {key}");
            Err(Fault(InvalidCode::EventTypeMismatch, message))
        }
        _ => Ok(()),
    }
}

/// Checks that the payload's own type, if it names one of ours, is the event's.
pub(super) fn agrees_with_payload(event_type: EventType, fields: &Members<'_>) -> Result<(), Fault> {
    let named = fields.get(Field::EventType).and_then(string);
    match named.and_then(|name| EventType::from_name(&name)) {
        Some(named) if named != event_type => {
            let message = format!("eventType is {event_type}, but the payload's own eventType is {named}");
            Err(Fault(InvalidCode::EventTypeMismatch, message))
        }
        _ => Ok(()),
    }
}

//! The JSON Schema (2020-12) of each event's messages, made from the declaration of fields that the decoder reads by.
//!
//! A message that the schema of its type accepts is decoded, and a message that is decoded it accepts, but for what a schema
//! cannot say ([`UNSAID`]). Only keywords that draft 7 has as well are used, so that AsyncAPI's tools understand the schemas
//! too, and no references, so that each schema can be put into another document.

mod fields;
mod unsaid;

use serde_json::{Value, json};

use super::examples::{Shape, example};
use crate::domain::declared::{BARE, CLOUD_EVENT, ENVELOPE, payload};
use crate::domain::{Currency, EventType, Field};
use fields::{object, optional};
pub use unsaid::{UNSAID, Unsaid};

/// The path of a type's schema on the API, which is its `$id` as well: the API does not know its own public name.
pub fn path(event_type: EventType) -> String {
    format!("/schemas/{event_type}.json")
}

/// The schema of the body of a message of this type that was published with the type as its routing key, to a service whose
/// amounts are in this currency.
pub fn schema(event_type: EventType, currency: Currency) -> Value {
    let mut schema = message(event_type, currency);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$id"] = json!(path(event_type));
    schema
}

/// The schema without what makes it a document of its own.
pub fn message(event_type: EventType, currency: Currency) -> Value {
    let unsaid: Vec<_> = UNSAID.iter().map(|unsaid| format!("- {}", unsaid.what)).collect();
    json!({
        "title": event_type.as_str(),
        "description": format!(
            "{} Members that are not named here are kept and not read. null is the same as an absent member. A schema cannot \
             say all of the rules; the service checks also these:\n\n{}",
            event_type.about(),
            unsaid.join("\n"),
        ),
        "type": "object",
        "anyOf": [envelope(event_type, currency), bare(event_type, currency), cloud_event(event_type, currency)],
        "examples": Shape::ALL.map(|shape| example(event_type, shape).body),
    })
}

fn envelope(event_type: EventType, currency: Currency) -> Value {
    let mut envelope = object(ENVELOPE, event_type, currency);
    envelope["title"] = json!(format!("{event_type} in an envelope"));
    read_in_place_of(
        &mut envelope,
        Field::Timestamp,
        Field::Payload,
        event_type,
        currency,
    );
    envelope
}

fn bare(event_type: EventType, currency: Currency) -> Value {
    let mut bare = object(&[BARE, payload(event_type)].concat(), event_type, currency);
    bare["title"] = json!(format!(
        "{event_type}, bare; in a CloudEvent in binary mode, the data"
    ));
    bare["properties"][Field::Payload.name()] = no_envelope();
    if event_type.is_of_campaign() {
        bare["properties"][Field::SpecVersion.name()] =
            json!({"type": "null", "description": "With it, the message is a CloudEvent."});
    }
    bare
}

fn cloud_event(event_type: EventType, currency: Currency) -> Value {
    let mut event = object(CLOUD_EVENT, event_type, currency);
    event["title"] = json!(format!("{event_type} as a CloudEvent in structured mode"));
    event["properties"][Field::Payload.name()] = no_envelope();
    event["properties"][Field::DonationId.name()] =
        json!({"type": "null", "description": "With it, the message is bare."});
    read_in_place_of(&mut event, Field::Time, Field::Data, event_type, currency);
    let (data, encoded) = (Field::Data.name(), Field::DataBase64.name());
    event["anyOf"] = json!([
        {"required": [data], "properties": {data: {"type": "object"}, encoded: {"type": "null"}}},
        {"required": [encoded], "properties": {data: {"type": "null"}, encoded: {"type": "string"}}},
    ]);
    event
}

fn no_envelope() -> Value {
    json!({"not": {"type": "object"}, "description": "With an object, the message is an envelope."})
}

/// The payload's own timestamp is read only if there is none beside the payload.
fn read_in_place_of(
    outer: &mut Value,
    moment: Field,
    payload: Field,
    event_type: EventType,
    currency: Currency,
) {
    let timestamp = optional(Field::Timestamp, event_type, currency);
    let absent = json!({"anyOf": [{"type": "null"}, {"const": ""}]});
    outer["if"] = json!({"properties": {moment.name(): absent}});
    outer["then"] =
        json!({"properties": {payload.name(): {"properties": {Field::Timestamp.name(): timestamp}}}});
}

#[cfg(test)]
mod tests;

//! The JSON Schema (2020-12) of each event's messages, made from the declaration of fields that the decoder reads by.
//!
//! A message that the schema of its type accepts is decoded, and a message that is decoded it accepts, but for what a schema
//! cannot say ([`UNSAID`]). Only keywords that draft 7 has as well are used, so that AsyncAPI's tools understand the schemas
//! too, and no references, so that each schema can be put into another document.

mod fields;
mod unsaid;

use serde_json::{Value, json};

use super::examples::{Shape, example};
use crate::domain::declared::{BARE, ENVELOPE, payload};
use crate::domain::{Currency, EventType, Member};
use fields::object;
pub use unsaid::{UNSAID, Unsaid};

/// The path of a type's schema on the API, which is its `$id` as well: the API does not know its own public name.
pub fn path(event_type: EventType) -> String {
    format!("/schemas/{event_type}.json")
}

/// The schema of a message of this type that was published with the type as its routing key, by a service whose amounts are
/// in this currency.
pub fn schema(event_type: EventType, currency: Currency) -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": path(event_type),
    });
    if let (Value::Object(schema), Value::Object(message)) = (&mut schema, message(event_type, currency)) {
        schema.extend(message);
    }
    schema
}

/// The schema without what makes it a document of its own.
pub fn message(event_type: EventType, currency: Currency) -> Value {
    let examples = [Shape::Envelope, Shape::Bare].map(|shape| example(event_type, shape));
    let unsaid: String = UNSAID.iter().map(|unsaid| format!("\n- {}", unsaid.what)).collect();
    json!({
        "title": event_type.as_str(),
        "description": format!(
            "{} Members that are not named here are kept and not read. null is the same as an absent member. What a \
             schema cannot say, and the service checks:{unsaid}",
            event_type.about(),
        ),
        "type": "object",
        "anyOf": [envelope(event_type, currency), bare(event_type, currency)],
        "examples": examples,
    })
}

fn envelope(event_type: EventType, currency: Currency) -> Value {
    let mut fields = object(payload(event_type), event_type, currency);
    fields["properties"]["eventType"] = not_another_type(event_type);
    let timestamp = fields["properties"]["timestamp"].take();
    // Read only if the envelope has none.
    fields["properties"]["timestamp"] = json!({"description": timestamp["description"]});
    let mut envelope = object(ENVELOPE, event_type, currency);
    fields["description"] = envelope["properties"]["payload"]["description"].take();
    envelope["title"] = json!(format!("{event_type} in an envelope"));
    envelope["properties"]["payload"] = fields;
    envelope["if"] = json!({"properties": {"timestamp": {"type": "null"}}});
    envelope["then"] = json!({"properties": {"payload": {"properties": {"timestamp": timestamp}}}});
    envelope
}

fn bare(event_type: EventType, currency: Currency) -> Value {
    let members: Vec<Member> = [BARE, payload(event_type)].concat();
    let mut bare = object(&members, event_type, currency);
    bare["title"] = json!(format!("{event_type}, bare"));
    // With an object it is an envelope.
    bare["properties"]["payload"] = json!({"not": {"type": "object"}});
    bare
}

/// A payload within an envelope may name its type again.
fn not_another_type(event_type: EventType) -> Value {
    let others: Vec<_> = EventType::ALL.into_iter().filter(|other| *other != event_type).collect();
    json!({"not": {"enum": others.iter().map(|other| other.as_str()).collect::<Vec<_>>()}})
}

#[cfg(test)]
mod tests;

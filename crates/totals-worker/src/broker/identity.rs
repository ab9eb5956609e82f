//! What tells a message from others, above all one whose event id cannot be read.
//!
//! The worker's log and the operator's tools must call a letter the same, however often it was copied. So the id of such a
//! message is made of what every copy keeps of it and decoding reads: its body, its routing key, and the properties and
//! headers that say what the body is or name its event. A header that is too long for an id is cut, the same in each copy, and decoding refuses it cut as it does whole.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, ShortString};
use totals_core::domain::{CloudEventHeaders, ContentHash, EventId, MAX_ATTRIBUTE_BYTES, Subject};

use crate::broker::message::{Message, header, text};

/// What an id that is a hash begins with. Not `#`, which a shell takes for the begin of a comment.
const HASH: &str = "body:";

/// The kind and the length that AMQP puts before a header's value.
const BEFORE_VALUE: usize = 5;

/// The most bytes of a header's value that are kept: one more than decoding accepts, so that it still refuses what was cut.
const MAX_VALUE_BYTES: usize = BEFORE_VALUE + MAX_ATTRIBUTE_BYTES + 1;

/// The id by which the log and the tools know a message about this subject: its event id, or else the hash of what decoding
/// reads of it.
pub fn letter_id(message: &Message, subject: &Subject) -> EventId {
    if let Some(id) = &subject.event_id {
        return id.clone();
    }
    let properties = &message.properties;
    let text = |property: &Option<ShortString>| property.as_ref().map(|text| text.as_str().to_owned());
    let headers = properties.headers().clone().unwrap_or_default();
    hashed(ContentHash::of_bytes(&json(&(
        ContentHash::of_bytes(&message.body).to_string(),
        &message.routing_key,
        text(properties.content_type()),
        text(properties.message_id()),
        naming(headers.inner()),
    ))))
}

/// The hash of a message's body, which tells letters of one event id apart.
pub fn body_hash(message: &Message) -> EventId {
    hashed(ContentHash::of_bytes(&message.body))
}

/// The headers that can name an event, each of at most some [`MAX_ATTRIBUTE_BYTES`].
pub fn naming(headers: &BTreeMap<ShortString, AMQPValue>) -> BTreeMap<ShortString, AMQPValue> {
    headers
        .iter()
        .filter(|(name, _)| name.as_str() == header::EVENT_ID || CloudEventHeaders::reads(name.as_str()))
        .map(|(name, value)| (name.clone(), bounded(value)))
        .collect()
}

/// How many bytes these headers have in a frame, at most.
pub fn encoded_len(headers: &BTreeMap<ShortString, AMQPValue>) -> usize {
    let members = headers.iter();
    members
        .map(|(name, value)| 1 + name.as_str().len() + value_len(value))
        .sum()
}

/// The value, or a shorter one in its place that differs wherever the value does. A text stays a text, and no other value
/// becomes one, because decoding reads texts and whole numbers.
fn bounded(value: &AMQPValue) -> AMQPValue {
    if value_len(value) <= MAX_VALUE_BYTES {
        return value.clone();
    }
    let hash = ContentHash::of_bytes(&json(value)).to_string();
    let Some(text) = text(value) else {
        return AMQPValue::ByteArray(hash.into_bytes().into());
    };
    let room = (MAX_ATTRIBUTE_BYTES + 1).saturating_sub(hash.len());
    let mut cut = text[..text.floor_char_boundary(room)].to_owned();
    while cut.len() < room {
        cut.push(' ');
    }
    AMQPValue::LongString((cut + &hash).into())
}

/// Headers are nested a few levels deep at most (see [`crate::broker::sanitize`]).
fn value_len(value: &AMQPValue) -> usize {
    BEFORE_VALUE
        + match value {
            AMQPValue::LongString(text) => text.as_bytes().len(),
            AMQPValue::ShortString(text) => text.as_str().len(),
            AMQPValue::ByteArray(bytes) => bytes.as_slice().len(),
            AMQPValue::FieldArray(values) => values.as_slice().iter().map(value_len).sum(),
            AMQPValue::FieldTable(table) => encoded_len(table.inner()),
            _ => size_of::<u64>(),
        }
}

/// Bytes that are the same for the same value alone.
fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|error| unreachable!("all keys are texts: {error}"))
}

fn hashed(hash: ContentHash) -> EventId {
    let id = format!("{HASH}{hash}");
    EventId::try_from(id).unwrap_or_else(|error| unreachable!("a hash is short: {error}"))
}

#[cfg(test)]
mod tests {
    use lapin::BasicProperties;
    use lapin::message::Delivery;
    use lapin::types::FieldTable;

    use super::*;

    fn long_text(text: &str) -> AMQPValue {
        AMQPValue::LongString(text.into())
    }

    fn id_of(routing_key: &str, properties: BasicProperties, headers: &[(&str, AMQPValue)]) -> String {
        let mut table = FieldTable::default();
        for (name, value) in headers {
            table.insert((*name).into(), value.clone());
        }
        let mut delivery = Delivery::mock(1, "e".into(), routing_key.into(), false, b"{}".to_vec());
        delivery.properties = properties.with_headers(table);
        letter_id(&delivery.into(), &Subject::default()).to_string()
    }

    fn id(headers: &[(&str, AMQPValue)]) -> String {
        id_of("k", BasicProperties::default(), headers)
    }

    #[test]
    fn messages_of_one_body_are_as_many_as_decoding_tells_apart() {
        let alone = id(&[]);
        let attempts = ("x-attempts", 1_i64.into());
        assert_eq!(id(&[("tenant", long_text("north")), attempts]), alone);
        let around = |properties| id_of("k", properties, &[]);
        let plain = BasicProperties::default;
        let event_id = |value| id(&[("eventId", value)]);
        let attribute = |name, value| (name, long_text(value));
        let mut ids = vec![
            alone,
            id_of("", plain(), &[]),
            id_of("l", plain(), &[]),
            around(plain().with_content_type("".into())),
            around(plain().with_content_type("a".into())),
            around(plain().with_message_id("".into())),
            around(plain().with_message_id("a".into())),
            event_id(long_text("a")),
            event_id(AMQPValue::LongLongInt(1)),
            event_id(AMQPValue::LongString(b"\xff".to_vec().into())),
            id(&[attribute("cloudEvents:id", "a")]),
            id(&[attribute("cloudEvents_id", "a")]),
            id(&[attribute("cloudEvents:source", "a")]),
            id(&[
                attribute("cloudEvents:id", "a"),
                attribute("cloudEvents:source", "b"),
            ]),
            id(&[
                attribute("cloudEvents:id", "ab"),
                attribute("cloudEvents:source", ""),
            ]),
        ];
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn a_value_that_is_cut_stays_what_it_is_to_whoever_reads_it_and_differs_from_others() {
        let long = |end: &str| format!("{}{end}", "ü".repeat(MAX_ATTRIBUTE_BYTES));
        let (one, other) = (long_text(&long("a")), long_text(&long("b")));
        let cut = bounded(&one);
        assert_eq!(text(&cut).map(str::len), Some(MAX_ATTRIBUTE_BYTES + 1));
        assert_eq!(bounded(&cut), cut);
        assert_ne!(bounded(&other), cut);
        let fits = long_text(&"x".repeat(MAX_ATTRIBUTE_BYTES + 1));
        assert_eq!(bounded(&fits), fits);
        let bytes = AMQPValue::LongString(vec![0xff; 10_000].into());
        assert!(text(&bounded(&bytes)).is_none());
        assert_eq!(bounded(&bounded(&bytes)), bounded(&bytes));
        // As the log has it of the message, and the tools of its letter.
        assert_eq!(id(&[("eventId", one)]), id(&[("eventId", cut)]));
    }
}

//! What stands around a letter's body: properties and headers, and what is left of them when a donor is forgotten.
//!
//! Decoding reads some of them, and they tell one letter from another. Those stay. All else is a producer's own, and may be
//! about anybody.

use std::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, ShortString};
use totals_core::domain::{Pseudonym, without_excerpts};

use crate::broker::copy::kept;
use crate::broker::identity::naming;
use crate::broker::message::{Message, header, text, whole};

/// The headers of a dead letter that the worker has written.
const OWN: [&str; 6] = [
    header::REASON,
    header::REASON_CODE,
    header::FAILED_AT,
    header::ATTEMPTS,
    header::ORIGINAL_EXCHANGE,
    header::ORIGINAL_ROUTING_KEY,
];

/// Returns true if a letter keeps the same of both.
pub fn are_same(one: &BasicProperties, other: &BasicProperties) -> bool {
    headers(one) == headers(other) && values(one) == values(other)
}

/// What a producer has said around the body.
pub fn texts_around(message: &Message) -> Vec<String> {
    let mut found: Vec<String> = values(&message.properties)
        .into_iter()
        .map(str::to_owned)
        .collect();
    for (name, value) in headers(&message.properties) {
        if !OWN.contains(&name.as_str()) {
            texts(&value, &mut found);
        }
    }
    found
}

/// The texts and the whole numbers in a header's value.
fn texts(value: &AMQPValue, found: &mut Vec<String>) {
    match value {
        AMQPValue::FieldArray(values) => values.as_slice().iter().for_each(|value| texts(value, found)),
        AMQPValue::FieldTable(table) => table.inner().values().for_each(|value| texts(value, found)),
        AMQPValue::ByteArray(bytes) => found.push(String::from_utf8_lossy(bytes.as_slice()).into_owned()),
        AMQPValue::LongString(text) => found.push(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        value => found.extend(
            text(value)
                .map(str::to_owned)
                .or_else(|| whole(value).map(|it| it.to_string())),
        ),
    }
}

/// The properties that may name a person, and that a letter keeps.
fn values(properties: &BasicProperties) -> Vec<&str> {
    let all = [
        properties.message_id(),
        properties.correlation_id(),
        properties.reply_to(),
        properties.app_id(),
        properties.kind(),
    ];
    all.into_iter().flatten().map(ShortString::as_str).collect()
}

/// The properties of another's letter: without headers that are the donor's id, but for those that name the event. Of a letter whose
/// body has `changed`, the reason may quote what is gone.
pub fn renamed(message: &Message, pseudonym: &Pseudonym, changed: bool) -> BasicProperties {
    let all = headers(&message.properties);
    let naming = naming(&all);
    let is_donor = |value: &AMQPValue| {
        let mut found = Vec::new();
        texts(value, &mut found);
        found.iter().any(|text| pseudonym.is_donor(text))
    };
    let mut left: BTreeMap<_, _> = all
        .into_iter()
        .filter(|(name, value)| OWN.contains(&name.as_str()) || naming.contains_key(name) || !is_donor(value))
        .collect();
    if changed && let Some(reason) = message.header(header::REASON).map(without_excerpts) {
        left.insert(header::REASON.into(), AMQPValue::LongString(reason.into()));
    }
    let all = &message.properties;
    let is_donors = |value: &Option<ShortString>| {
        value
            .as_ref()
            .is_some_and(|value| pseudonym.is_donor(value.as_str()))
    };
    let named = [all.correlation_id(), all.reply_to(), all.app_id(), all.kind()];
    if !named.into_iter().any(is_donors) {
        return kept(all).with_headers(left.into());
    }
    named_only(all).with_headers(left.into())
}

/// The properties of a letter by which it is read and told from others; nothing that a producer has added.
/// Those of a letter whose body goes whole have nothing with the donor's id.
pub fn erased(message: &Message, pseudonym: &Pseudonym, is_whole: bool) -> BasicProperties {
    let all = headers(&message.properties);
    let mut left = naming(&all);
    let has_donor = |text: &str| is_whole && pseudonym.stands_in(text);
    left.retain(|_, value| {
        let mut found = Vec::new();
        texts(value, &mut found);
        !found.iter().any(|text| has_donor(text))
    });
    let reason = message.header(header::REASON).map(without_excerpts);
    for name in [header::REASON_CODE, header::FAILED_AT, header::ATTEMPTS] {
        left.extend(
            all.get(name)
                .map(|value| (ShortString::from(name), value.clone())),
        );
    }
    for (name, text) in [
        (header::REASON, reason.as_deref()),
        (header::ORIGINAL_EXCHANGE, Some(message.exchange.as_str())),
        (header::ORIGINAL_ROUTING_KEY, Some(message.routing_key.as_str())),
    ] {
        left.extend(text.map(|text| (ShortString::from(name), AMQPValue::LongString(text.into()))));
    }
    let mut properties = named_only(&message.properties);
    if properties
        .message_id()
        .as_ref()
        .is_some_and(|id| has_donor(id.as_str()))
    {
        properties = without_message_id(&properties);
    }
    properties.with_headers(left.into())
}

/// The properties that say what the body is and name its event.
fn named_only(all: &BasicProperties) -> BasicProperties {
    let left = without_message_id(all);
    match all.message_id() {
        Some(id) => left.with_message_id(id.clone()),
        None => left,
    }
}

fn without_message_id(all: &BasicProperties) -> BasicProperties {
    let mut left = BasicProperties::default().with_delivery_mode(2);
    if let Some(content_type) = all.content_type() {
        left = left.with_content_type(content_type.clone());
    }
    if let Some(timestamp) = all.timestamp() {
        left = left.with_timestamp(*timestamp);
    }
    left
}

/// The headers of a message, without what its queue has noted.
fn headers(properties: &BasicProperties) -> BTreeMap<ShortString, AMQPValue> {
    let mut headers = properties.headers().clone().unwrap_or_default().inner().clone();
    for note in [header::DELIVERY_COUNT, header::ACQUIRED_COUNT] {
        headers.remove(note);
    }
    headers
}

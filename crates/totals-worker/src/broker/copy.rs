//! What a copy of a message keeps: the message's own properties and headers, as far as they may be published again.

use std::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, ShortString};

use crate::broker::identity::{encoded_len, naming};
use crate::broker::message::{Message, header};

/// All original headers are kept up to this size, beyond it those that can name an event: a frame must hold them and ours.
const MAX_KEPT_HEADER_BYTES: usize = 64 * 1024;

/// The message's own properties, without its headers, without `user_id` (the broker would refuse a copy whose user is not
/// this connection's) and without `expiration` (the copy would be gone after that time).
pub fn kept(original: &BasicProperties) -> BasicProperties {
    macro_rules! carry {
        ($from:expr, $to:expr, $($get:ident $set:ident)*) => {{
            let mut properties = $to;
            $(if let Some(value) = $from.$get() { properties = properties.$set(value.clone()); })*
            properties
        }};
    }
    let carried = carry!(original, BasicProperties::default(),
        content_type with_content_type content_encoding with_content_encoding correlation_id with_correlation_id
        reply_to with_reply_to message_id with_message_id timestamp with_timestamp kind with_type app_id with_app_id
        priority with_priority);
    carried.with_delivery_mode(2)
}

/// The properties of a fresh copy in the same queue: the same event for whoever reads it, and never delivered before. None
/// if the headers leave no room for those that a copy needs.
pub fn copied(message: &Message) -> Option<BasicProperties> {
    let mut headers = own_headers(message);
    for (name, value) in [
        (header::ORIGINAL_EXCHANGE, &message.exchange),
        (header::ORIGINAL_ROUTING_KEY, &message.routing_key),
    ] {
        headers.insert(name.into(), AMQPValue::LongString(value.as_str().into()));
    }
    let fits = encoded_len(&headers) <= MAX_KEPT_HEADER_BYTES;
    fits.then(|| kept(&message.properties).with_headers(headers.into()))
}

/// The headers that a message was published with, without those by which the broker would route the copy to further queues
/// (sender-selected distribution), and without those that a queue has noted on the message.
fn own_headers(message: &Message) -> BTreeMap<ShortString, AMQPValue> {
    let original = message.properties.headers().clone().unwrap_or_default();
    let mut headers: BTreeMap<_, _> = original.inner().clone();
    for name in ["CC", "BCC", header::DELIVERY_COUNT, header::ACQUIRED_COUNT] {
        headers.remove(name);
    }
    headers
}

/// Those of a message's own headers that fit beside a dead letter's. What can name the event always does: without it the
/// event would count a second time under another id, once its letter is replayed.
pub fn kept_headers(message: &Message) -> BTreeMap<ShortString, AMQPValue> {
    let headers = own_headers(message);
    if encoded_len(&headers) > MAX_KEPT_HEADER_BYTES {
        naming(&headers)
    } else {
        headers
    }
}

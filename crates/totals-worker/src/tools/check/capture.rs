//! A line of a file as a message.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use totals_core::domain::{CloudEventHeaders, HeaderValue, Received};

/// A message as the worker would get it.
#[derive(Debug)]
pub struct Message<'a> {
    /// Its routing key; empty if nobody knows it.
    pub routing_key: Cow<'a, str>,
    properties: Properties,
    body: Cow<'a, [u8]>,
}

/// A message as captures keep it. A member that is not known here is refused, because what it says would be lost.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "some members are known and say nothing of the event")]
struct Capture<'a> {
    #[serde(borrow, alias = "routing_key")]
    routing_key: Cow<'a, str>,
    properties: Option<Properties>,
    #[serde(borrow)]
    body: &'a RawValue,
    exchange: Option<IgnoredAny>,
    queue: Option<IgnoredAny>,
    redelivered: Option<IgnoredAny>,
    #[serde(alias = "delivery_tag")]
    delivery_tag: Option<IgnoredAny>,
    #[serde(alias = "consumer_tag")]
    consumer_tag: Option<IgnoredAny>,
}

/// The properties of AMQP, as the management API and as clients in JavaScript and Java spell them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "some properties are known and say nothing of the event")]
struct Properties {
    #[serde(alias = "messageId")]
    message_id: Option<String>,
    timestamp: Option<u64>,
    #[serde(alias = "contentType")]
    content_type: Option<String>,
    headers: Option<Map<String, Value>>,
    #[serde(alias = "contentEncoding")]
    content_encoding: Option<IgnoredAny>,
    #[serde(alias = "deliveryMode")]
    delivery_mode: Option<IgnoredAny>,
    priority: Option<IgnoredAny>,
    #[serde(alias = "correlationId")]
    correlation_id: Option<IgnoredAny>,
    #[serde(alias = "replyTo")]
    reply_to: Option<IgnoredAny>,
    expiration: Option<IgnoredAny>,
    r#type: Option<IgnoredAny>,
    #[serde(alias = "userId")]
    user_id: Option<IgnoredAny>,
    #[serde(alias = "appId")]
    app_id: Option<IgnoredAny>,
    #[serde(alias = "clusterId")]
    cluster_id: Option<IgnoredAny>,
}

/// The members that tell a capture from an event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marks<'a> {
    #[serde(borrow, alias = "routing_key")]
    routing_key: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    /// The message that a capture holds, or else the line is a body, with `routing_key`.
    ///
    /// # Errors
    /// What is wrong with a capture.
    pub fn of_line(line: &'a [u8], routing_key: &'a str) -> Result<Self, String> {
        let marks = serde_json::from_slice::<Marks<'a>>(line);
        if !marks.is_ok_and(|marks| marks.routing_key.is_some() && marks.body.is_some()) {
            return Ok(Self {
                routing_key: routing_key.into(),
                properties: Properties::default(),
                body: line.into(),
            });
        }
        let capture: Capture<'a> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        Ok(Self {
            routing_key: capture.routing_key,
            properties: capture.properties.unwrap_or_default(),
            body: match serde_json::from_str::<String>(capture.body.get()) {
                Ok(text) => text.into_bytes().into(),
                Err(_) => capture.body.get().as_bytes().into(),
            },
        })
    }

    /// The message as decoding takes it.
    pub fn received(&self) -> Received<'_> {
        let headers = || self.properties.headers.iter().flatten();
        let values = || headers().map(|(name, value)| (name.as_str(), header_value(value)));
        Received {
            message_id: self.properties.message_id.as_deref(),
            event_id: values().find_map(|(name, value)| (name == "eventId").then_some(value)),
            sent_at: self.properties.timestamp,
            content_type: self.properties.content_type.as_deref(),
            cloud_event: CloudEventHeaders::find(values()),
            ..Received::new(&self.body, &self.routing_key)
        }
    }
}

fn header_value(value: &Value) -> HeaderValue<'_> {
    match value {
        Value::String(text) => HeaderValue::Text(text),
        Value::Number(number) => number.as_i64().map_or(HeaderValue::Other, HeaderValue::Whole),
        _ => HeaderValue::Other,
    }
}

#[cfg(test)]
mod tests;

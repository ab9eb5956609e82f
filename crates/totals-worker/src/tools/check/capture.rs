//! A line of a file as a message.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use totals_core::domain::{AmountRules, Event, Invalid, decode};

/// A message, as the worker would get it.
pub struct Message<'a> {
    /// Its routing key; empty if nobody knows it.
    pub routing_key: Cow<'a, str>,
    message_id: Option<String>,
    body: Cow<'a, [u8]>,
}

/// A message as captures keep it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Capture<'a> {
    #[serde(borrow)]
    routing_key: Cow<'a, str>,
    #[serde(default)]
    properties: Option<Properties>,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Default, Deserialize)]
struct Properties {
    message_id: Option<String>,
}

impl<'a> Message<'a> {
    /// The message of a line: what a capture says, or else the line is the body.
    pub fn of_line(line: &'a [u8], routing_key: &'a str) -> Self {
        match serde_json::from_slice::<Capture<'a>>(line) {
            Ok(capture) => Self {
                routing_key: capture.routing_key,
                message_id: capture.properties.and_then(|properties| properties.message_id),
                body: match serde_json::from_str::<String>(capture.body.get()) {
                    Ok(text) => Cow::Owned(text.into_bytes()),
                    Err(_) => Cow::Borrowed(capture.body.get().as_bytes()),
                },
            },
            Err(_) => Self {
                routing_key: routing_key.into(),
                message_id: None,
                body: line.into(),
            },
        }
    }

    /// Decodes it, as the worker does.
    pub fn decode(&self, amounts: AmountRules) -> Result<Event, Invalid> {
        decode(&self.body, &self.routing_key, self.message_id.as_deref(), amounts)
    }
}

//! A message that can never be applied, on its way to the dead-letter queue.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::broker::copy::{kept, kept_headers};
use crate::broker::message::{Message, Reason, header};
use crate::broker::publisher::Publish;

/// A message and why it is dead-lettered.
#[derive(Debug)]
pub struct Parked {
    /// The message, still unacknowledged.
    pub message: Message,
    /// Why it is dead-lettered.
    pub reason: Reason,
}

impl Publish for Parked {
    fn body(&self) -> &[u8] {
        &self.message.body
    }

    fn properties(&self) -> BasicProperties {
        kept(&self.message.properties).with_headers(headers(self))
    }
}

fn headers(Parked { message, reason }: &Parked) -> FieldTable {
    let mut headers = kept_headers(message);
    for (name, value) in [
        (header::REASON_CODE, reason.code),
        (header::REASON, &reason.text),
        (header::ORIGINAL_EXCHANGE, &message.exchange),
        (header::ORIGINAL_ROUTING_KEY, &message.routing_key),
        (header::FAILED_AT, &now()),
    ] {
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    let attempts = message.attempts().saturating_add(1);
    headers.insert(header::ATTEMPTS.into(), AMQPValue::LongLongInt(attempts));
    headers.into()
}

/// The present moment in the form of [`header::FAILED_AT`].
fn now() -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
    let now = OffsetDateTime::now_utc();
    now.format(format).unwrap_or_else(|_| now.to_string())
}

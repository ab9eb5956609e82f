//! What producers publish, and what an operator finds in the dead-letter queue.

use lapin::BasicProperties;
use lapin::types::AMQPValue;
use totals_core::domain::{AmountRules, Event, Precision, Received, decode};

/// The rules for amounts of a service that is set to nothing else.
pub fn usd() -> AmountRules {
    AmountRules {
        currency: "USD".parse().unwrap(),
        precision: Precision::Reject,
    }
}

/// A message on its way in.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// By which the exchange routes it: the event's type.
    pub routing_key: String,
    /// Its content.
    pub body: Vec<u8>,
    /// Its AMQP properties and headers.
    pub properties: BasicProperties,
}

impl Outgoing {
    /// A persistent message without headers.
    pub fn new(routing_key: &str, body: impl Into<Vec<u8>>) -> Self {
        let properties = BasicProperties::default().with_delivery_mode(2);
        Self {
            routing_key: routing_key.to_owned(),
            body: body.into(),
            properties,
        }
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let mut headers = self.properties.headers().clone().unwrap_or_default();
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
        self.properties = self.properties.with_headers(headers);
        self
    }

    /// The event that a worker reads it as, if its headers have no more to say than its `eventId`.
    pub fn event(&self) -> Event {
        let headers = self.properties.headers().as_ref();
        let event_id = match headers.and_then(|headers| headers.inner().get("eventId")) {
            Some(AMQPValue::LongString(id)) => std::str::from_utf8(id.as_bytes()).ok(),
            _ => None,
        };
        let received = Received::new(&self.body, &self.routing_key);
        decode(
            &Received {
                event_id: event_id.map(Into::into),
                ..received
            },
            usd(),
        )
        .unwrap()
    }
}

/// A message from the dead-letter queue.
#[derive(Debug)]
pub struct DeadLetter {
    /// Its content.
    pub body: Vec<u8>,
    /// Its AMQP properties and headers.
    pub properties: BasicProperties,
}

impl DeadLetter {
    /// The text of a header.
    pub fn header(&self, name: &str) -> String {
        match self
            .properties
            .headers()
            .as_ref()
            .and_then(|headers| headers.inner().get(name))
        {
            Some(AMQPValue::LongString(text)) => text.to_string(),
            other => panic!("header {name} is {other:?}"),
        }
    }

    /// What a person reads.
    pub fn reason(&self) -> String {
        self.header("x-reason")
    }
}

//! A message in the worker's hands, from its delivery to its settlement.

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::AMQPValue;
use opentelemetry::propagation::Extractor;
use totals_core::domain::{Event, Invalid, InvalidCode, Quarantine, Subject};
use totals_core::store::StoreError;

/// A delivered message. Its tag is meaningful only within the epoch that delivered it.
#[derive(Debug)]
pub struct Message {
    /// What settles it.
    pub tag: u64,
    /// The exchange it was published to.
    pub exchange: String,
    /// The routing key it was published with.
    pub routing_key: String,
    /// Its AMQP properties and headers.
    pub properties: BasicProperties,
    /// Its content.
    pub body: Vec<u8>,
}

impl From<Delivery> for Message {
    fn from(delivery: Delivery) -> Self {
        Self {
            tag: delivery.delivery_tag,
            exchange: delivery.exchange.to_string(),
            routing_key: delivery.routing_key.to_string(),
            properties: delivery.properties,
            body: delivery.data,
        }
    }
}

impl Message {
    /// The producer's trace, if it sent one.
    pub fn trace(&self) -> Option<opentelemetry::trace::SpanContext> {
        use opentelemetry::trace::TraceContextExt;

        let headers = Headers(self.properties.headers().as_ref()?);
        let context =
            opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&headers));
        Some(context.span().span_context().clone()).filter(opentelemetry::trace::SpanContext::is_valid)
    }
}

struct Headers<'a>(&'a lapin::types::FieldTable);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        text(self.0.inner().get(key)?)
    }

    fn keys(&self) -> Vec<&str> {
        self.0
            .inner()
            .keys()
            .map(lapin::types::ShortString::as_str)
            .collect()
    }
}

fn text(value: &AMQPValue) -> Option<&str> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        AMQPValue::ShortString(text) => Some(text.as_str()),
        _ => None,
    }
}

/// Why a message is dead-lettered.
#[derive(Debug, Clone)]
pub struct Reason {
    /// Its class, for metrics and for selecting dead letters.
    pub code: &'static str,
    /// A sentence that a person understands.
    pub text: String,
    /// What the message is about, as far as it could be read.
    pub subject: Subject,
}

impl From<Invalid> for Reason {
    fn from(invalid: Invalid) -> Self {
        Self {
            code: InvalidCode::as_str(invalid.code),
            text: invalid.message,
            subject: *invalid.subject,
        }
    }
}

impl Reason {
    /// An event in conflict with what was seen before.
    pub fn quarantined(event: &Event, quarantine: &Quarantine) -> Self {
        Self {
            code: quarantine.code(),
            text: quarantine.to_string(),
            subject: subject(event),
        }
    }

    /// An event that the database refuses even when it is alone.
    pub fn refused(event: &Event, error: &StoreError) -> Self {
        Self {
            code: "DATABASE_REFUSED",
            text: error.to_string(),
            subject: subject(event),
        }
    }
}

fn subject(event: &Event) -> Subject {
    Subject {
        event_id: Some(event.id.clone()),
        event_type: Some(event.event_type().to_string()),
        campaign: event.campaign().cloned(),
        donation: Some(event.donation.clone()),
    }
}

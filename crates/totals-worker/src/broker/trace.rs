//! The trace of a message's producer, from the message's headers.

use lapin::types::{FieldTable, ShortString};
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use totals_core::domain::CloudEventHeaders;

use crate::broker::message::{Message, text};

impl Message {
    /// The producer's trace, if it sent one.
    pub fn trace(&self) -> Option<SpanContext> {
        let headers = MessageHeaders(self.properties.headers().as_ref()?);
        let context =
            opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&headers));
        Some(context.span().span_context().clone()).filter(SpanContext::is_valid)
    }
}

/// A message's headers, where OpenTelemetry looks for the producer's trace. In a CloudEvent the trace may be an attribute.
struct MessageHeaders<'a>(&'a FieldTable);

impl Extractor for MessageHeaders<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let headers = self.0.inner();
        let is_attribute = |name: &ShortString| CloudEventHeaders::attribute(name.as_str()) == Some(key);
        let attribute = || headers.iter().find(|(name, _)| is_attribute(name));
        text(headers.get(key).or_else(|| Some(attribute()?.1))?)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.inner().keys().map(ShortString::as_str).collect()
    }
}

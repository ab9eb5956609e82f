//! A message in the worker's hands, from its delivery to its settlement.

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, ShortString};
use totals_core::domain::{CloudEventHeaders, HeaderValue, Received, Timestamp};

use crate::broker::byte_budget::Held;
pub use crate::broker::reason::{Reason, subject};

/// The headers of a dead letter. A replay keeps them. A producer may set any of them as well, with a meaning of its own, so
/// the worker believes each only where a producer's message cannot have it.
pub mod header {
    pub use totals_core::contract::dead_letter::{
        ATTEMPTS, FAILED_AT, ORIGINAL_EXCHANGE, ORIGINAL_ROUTING_KEY, REASON, REASON_CODE, TEXTS,
    };

    /// How often a quorum queue has delivered a message before. The queue notes it on a message that it delivers again, and
    /// drops a message whose count goes beyond its delivery limit.
    pub const DELIVERY_COUNT: &str = "x-delivery-count";
    /// A note of RabbitMQ 4 beside it.
    pub const ACQUIRED_COUNT: &str = "x-acquired-count";

    /// Where producers name an event whose body does not.
    pub const EVENT_ID: &str = "eventId";
}

/// A delivered message. Its tag is meaningful only within the epoch that delivered it.
#[derive(Debug)]
pub struct Message {
    /// Its delivery tag, which settles it.
    pub tag: u64,
    /// The exchange it was first published to.
    pub exchange: String,
    /// The routing key it was first published with.
    pub routing_key: String,
    /// Its AMQP properties and headers.
    pub properties: BasicProperties,
    /// Its content.
    pub body: Vec<u8>,
    /// When it came.
    received_at: Timestamp,
    /// True if its queue has delivered it before.
    redelivered: bool,
    /// Its share of the bytes in hand; none in the tools, which have no budget.
    share: Option<Held>,
}

impl From<Delivery> for Message {
    fn from(delivery: Delivery) -> Self {
        let mut message = Self {
            tag: delivery.delivery_tag,
            exchange: delivery.exchange.to_string(),
            routing_key: delivery.routing_key.to_string(),
            properties: delivery.properties,
            body: delivery.data,
            received_at: Timestamp::now(),
            redelivered: delivery.redelivered,
            share: None,
        };
        // A dead letter that was moved straight back into the queue (the management page can do that) carries the
        // queue's name for its routing key.
        if let (true, Some(exchange), Some(key)) = (
            message.exchange.is_empty(),
            message.header(header::ORIGINAL_EXCHANGE),
            message.header(header::ORIGINAL_ROUTING_KEY),
        ) {
            (message.exchange, message.routing_key) = (exchange.to_owned(), key.to_owned());
        }
        message
    }
}

impl Message {
    /// The message with its share of the bytes in hand, which ends when the message is dropped.
    pub fn held(mut self, held: Held) -> Self {
        self.share = Some(held);
        self
    }

    /// The message as decoding reads it.
    pub fn received(&self) -> Received<'_> {
        let properties = &self.properties;
        let headers = properties
            .headers()
            .iter()
            .flat_map(lapin::types::FieldTable::inner);
        let values = headers.map(|(name, value)| (name.as_str(), header_value(value)));
        Received {
            body: &self.body,
            routing_key: &self.routing_key,
            message_id: properties.message_id().as_ref().map(ShortString::as_str),
            event_id: values
                .clone()
                .find_map(|(name, value)| (name == header::EVENT_ID).then_some(value)),
            sent_at: *properties.timestamp(),
            content_type: properties.content_type().as_ref().map(ShortString::as_str),
            cloud_event: CloudEventHeaders::find(values),
            received_at: self.received_at,
        }
    }

    /// How often it was dead-lettered before. A number on a message without the other headers of a dead letter is a
    /// producer's own.
    pub fn attempts(&self) -> i64 {
        let is_letter = header::TEXTS.iter().all(|(name, _)| self.header(name).is_some());
        if is_letter {
            self.count(header::ATTEMPTS).max(0)
        } else {
            0
        }
    }

    /// How often its queue has delivered it before. The queue notes that on a message that it delivers again; on any other
    /// message it is a producer's own number.
    pub fn deliveries_before(&self) -> i64 {
        if self.redelivered {
            self.count(header::DELIVERY_COUNT)
        } else {
            0
        }
    }

    fn count(&self, name: &str) -> i64 {
        let headers = self.properties.headers().as_ref();
        headers
            .and_then(|headers| whole(headers.inner().get(name)?))
            .unwrap_or(0)
    }

    /// The text of one of its headers.
    pub fn header(&self, name: &str) -> Option<&str> {
        text(self.properties.headers().as_ref()?.inner().get(name)?)
    }
}

fn header_value(value: &AMQPValue) -> HeaderValue<'_> {
    match (text(value), whole(value)) {
        (Some(text), _) => HeaderValue::Text(text),
        (None, Some(number)) => HeaderValue::Whole(number),
        (None, None) => HeaderValue::Other,
    }
}

/// The whole number that a header's value is; none if it is something else.
pub fn whole(value: &AMQPValue) -> Option<i64> {
    Some(match value {
        AMQPValue::LongLongInt(number) => *number,
        AMQPValue::LongInt(number) => i64::from(*number),
        AMQPValue::LongUInt(number) => i64::from(*number),
        AMQPValue::ShortInt(number) => i64::from(*number),
        AMQPValue::ShortUInt(number) => i64::from(*number),
        AMQPValue::ShortShortInt(number) => i64::from(*number),
        AMQPValue::ShortShortUInt(number) => i64::from(*number),
        _ => return None,
    })
}

/// The text that a header's value is; none if it is something else.
pub fn text(value: &AMQPValue) -> Option<&str> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        AMQPValue::ShortString(text) => Some(text.as_str()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldTable;

    use super::*;

    fn message(exchange: &str, redelivered: bool, texts: &[&str], counts: &[&str]) -> Message {
        let mut headers = FieldTable::default();
        for name in texts {
            headers.insert((*name).into(), AMQPValue::LongString("producer".into()));
        }
        for name in counts {
            headers.insert((*name).into(), AMQPValue::LongLongInt(7));
        }
        let mut delivery = Delivery::mock(
            1,
            exchange.into(),
            "donation.created".into(),
            redelivered,
            Vec::new(),
        );
        delivery.properties = BasicProperties::default().with_headers(headers);
        delivery.into()
    }

    #[test]
    fn what_a_producer_sets_is_not_taken_for_ours() {
        let counts = [header::ATTEMPTS, header::DELIVERY_COUNT];
        let letter = header::TEXTS.map(|(name, _)| name);
        for left_out in letter {
            let texts = letter.into_iter().filter(|name| *name != left_out);
            let producers = message("care-for-all", false, &texts.collect::<Vec<_>>(), &counts);
            assert_eq!(
                (producers.attempts(), producers.deliveries_before()),
                (0, 0),
                "{left_out}"
            );
            assert_eq!(
                (producers.exchange.as_str(), producers.routing_key.as_str()),
                ("care-for-all", "donation.created")
            );
        }
    }

    #[test]
    fn a_letter_that_comes_back_and_what_is_delivered_again_are_known() {
        let counts = [header::ATTEMPTS, header::DELIVERY_COUNT];
        let letter = message("", true, &header::TEXTS.map(|(name, _)| name), &counts);
        assert_eq!((letter.attempts(), letter.deliveries_before()), (7, 7));
        assert_eq!(
            (letter.exchange.as_str(), letter.routing_key.as_str()),
            ("producer", "producer")
        );
    }
}

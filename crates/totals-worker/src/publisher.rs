//! Publishing dead letters: confirmed, on a connection of their own, and as the operator will read them.

use std::collections::BTreeMap;

use futures::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use totals_core::domain::Timestamp;
use totals_core::runtime::config::Broker;

use crate::connection::{Address, BrokerError, call, close};
use crate::dead_letter::Parked;
use crate::message::header;
use crate::topology;

/// The original headers are kept up to about this size: a frame must hold them and ours.
const MAX_KEPT_HEADER_BYTES: usize = 64 * 1024;

/// A connection that is opened when the first dead letter needs it.
pub struct Publisher {
    address: Address,
    config: Broker,
    open: Option<(Connection, Channel)>,
}

impl Publisher {
    /// Connects later.
    pub fn new(address: Address, config: Broker) -> Self {
        Self {
            address,
            config,
            open: None,
        }
    }

    /// Lets go of the connection; the next dead letter opens another.
    pub async fn disconnect(&mut self) {
        if let Some((connection, _)) = self.open.take() {
            close(connection).await;
        }
    }

    /// Publishes all, and takes out of `batch` what the broker has confirmed: all of it, or it is an error.
    ///
    /// # Errors
    /// [`BrokerError`]; if it [is a refusal](BrokerError::is_refusal), what is left in `batch` was refused, else
    /// disconnect, and publish it again.
    pub async fn publish(&mut self, batch: &mut Vec<&Parked>) -> Result<(), BrokerError> {
        if batch.is_empty() {
            return Ok(());
        }
        let queue = self.config.dead_letter_queue();
        let channel = self.channel(&queue).await?;
        let mut confirmations = Vec::with_capacity(batch.len());
        for parked in batch.iter() {
            let options = BasicPublishOptions {
                mandatory: true,
                ..BasicPublishOptions::default()
            };
            let (body, properties) = (&parked.message.body, properties(parked));
            let publish = channel.basic_publish("".into(), queue.as_str().into(), options, body, properties);
            confirmations.push(call("publishing a dead letter", publish).await?);
        }
        // All of them, together, even if one fails: see `judge`.
        let confirming = confirmations
            .into_iter()
            .map(|confirmation| call("confirming a dead letter", confirmation));
        let judged = judge(batch, join_all(confirming).await, &queue);
        if matches!(judged, Err(BrokerError::Unroutable { .. })) {
            // The next one declares the queue.
            self.disconnect().await;
        }
        judged
    }

    async fn channel(&mut self, queue: &str) -> Result<&Channel, BrokerError> {
        let (_, channel) = match &mut self.open {
            Some(open) => open,
            closed => {
                let connection = self.address.connect("totals-worker dead letters").await?;
                topology::declare_queue(&connection, queue).await?;
                let channel = call("opening a channel", connection.create_channel()).await?;
                let confirm = channel.confirm_select(ConfirmSelectOptions::default());
                call("asking for publisher confirms", confirm).await?;
                closed.insert((connection, channel))
            }
        };
        Ok(channel)
    }
}

/// Takes out of `batch` what is confirmed, each by its answer of `answers`.
///
/// lapin hands a returned message to whichever confirmation completes next, and that can be its neighbour's. So if any
/// was returned, none counts as confirmed; a copy is harmless, a loss is not.
fn judge<T>(
    batch: &mut Vec<T>,
    answers: Vec<Result<Confirmation, BrokerError>>,
    queue: &str,
) -> Result<(), BrokerError> {
    let returned = |answer: &Result<_, _>| {
        matches!(
            answer,
            Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) | Confirmation::NotRequested)
        )
    };
    let any_returned = answers.iter().any(returned);
    if !any_returned {
        let mut confirmed = answers
            .iter()
            .map(|answer| matches!(answer, Ok(Confirmation::Ack(_))));
        batch.retain(|_| !confirmed.next().unwrap_or(false));
    }
    let queue = queue.to_owned();
    let mut refused = false;
    for answer in answers {
        refused |= matches!(answer?, Confirmation::Nack(_));
    }
    match (any_returned, refused) {
        (true, _) => Err(BrokerError::Unroutable { queue }),
        (false, true) => Err(BrokerError::Refused { queue }),
        (false, false) => Ok(()),
    }
}

/// The message's own properties with our headers, and without those that would make the broker refuse the dead letter
/// (`user_id`, which it checks against this connection's), expire it or copy it.
fn properties(parked: &Parked) -> BasicProperties {
    macro_rules! carry {
        ($from:expr, $to:expr, $($get:ident $set:ident)*) => {{
            let mut properties = $to;
            $(if let Some(value) = $from.$get() { properties = properties.$set(value.clone()); })*
            properties
        }};
    }
    let original = &parked.message.properties;
    let carried = carry!(original, BasicProperties::default(),
        content_type with_content_type content_encoding with_content_encoding correlation_id with_correlation_id
        reply_to with_reply_to message_id with_message_id timestamp with_timestamp kind with_type app_id with_app_id
        priority with_priority);
    carried.with_delivery_mode(2).with_headers(headers(parked))
}

fn headers(Parked { message, reason }: &Parked) -> FieldTable {
    let original = message.properties.headers().clone().unwrap_or_default();
    let mut headers: BTreeMap<_, _> = original.inner().clone();
    if format!("{headers:?}").len() > MAX_KEPT_HEADER_BYTES {
        headers.clear();
    }
    // The broker would route copies by these (sender-selected distribution).
    headers.remove("CC");
    headers.remove("BCC");
    for (name, value) in [
        (header::REASON_CODE, reason.code),
        (header::REASON, &reason.text),
        (header::ORIGINAL_EXCHANGE, &message.exchange),
        (header::ORIGINAL_ROUTING_KEY, &message.routing_key),
        (header::FAILED_AT, &Timestamp::now().to_string()),
    ] {
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    let attempts = message.attempts().saturating_add(1);
    headers.insert(header::ATTEMPTS.into(), AMQPValue::LongLongInt(attempts));
    headers.into()
}

#[cfg(test)]
mod tests {
    use lapin::message::{BasicReturnMessage, Delivery};

    use super::*;

    fn returned() -> BasicReturnMessage {
        BasicReturnMessage {
            delivery: Delivery::mock(0, "".into(), "dlq".into(), false, Vec::new()),
            reply_code: 312,
            reply_text: "NO_ROUTE".into(),
        }
    }

    /// What is left of the messages 0, 1 and 2, and the error.
    fn left(answers: [Result<Confirmation, BrokerError>; 3]) -> (Vec<u8>, Option<BrokerError>) {
        let mut batch = vec![0, 1, 2];
        let judged = judge(&mut batch, answers.into(), "dlq");
        (batch, judged.err())
    }

    #[test]
    fn the_broker_takes_what_it_confirms() {
        let ack = || Ok(Confirmation::Ack(None));
        assert!(matches!(left([ack(), ack(), ack()]), (left, None) if left.is_empty()));
        let (left, error) = left([ack(), Ok(Confirmation::Nack(None)), ack()]);
        assert_eq!(left, [1]);
        assert!(matches!(error, Some(BrokerError::Refused { .. })));
    }

    #[test]
    fn a_failure_leaves_what_is_not_confirmed() {
        let silent = Err(BrokerError::Silent { doing: "confirming" });
        let (left, error) = left([Ok(Confirmation::Nack(None)), silent, Ok(Confirmation::Ack(None))]);
        assert_eq!(left, [0, 1]);
        assert!(matches!(error, Some(BrokerError::Silent { .. })));
    }

    #[test]
    fn none_is_confirmed_beside_one_that_came_back() {
        for carrier in [Confirmation::Ack, Confirmation::Nack] {
            let answers = [
                Ok(Confirmation::Ack(None)),
                Ok(carrier(Some(returned()))),
                Ok(Confirmation::Ack(None)),
            ];
            let (left, error) = left(answers);
            assert_eq!(left, [0, 1, 2]);
            assert!(matches!(error, Some(BrokerError::Unroutable { .. })));
        }
    }
}

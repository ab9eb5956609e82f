//! Messages that can never be applied: to the dead-letter queue with their reason, and then done with.
//!
//! They are published on a connection of their own, because a broker in an alarm blocks connections that publish,
//! and acknowledgements with them. Publishing is confirmed, and `mandatory`, so that a queue deleted meanwhile is
//! noticed. Only then is the failure logged, and only then is the delivery settled. A message that is in the queue
//! already, from an earlier delivery, is not put there twice.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use totals_core::domain::{ContentHash, Timestamp};
use totals_core::runtime::backoff::Backoff;
use totals_core::runtime::config::Broker;
use totals_core::store::{Failure, Store};

use crate::connection::{Address, BrokerError, call, close};
use crate::message::{Message, Reason};
use crate::metrics::Metrics;
use crate::settle::Settle;
use crate::topology;

/// Header: the reason's class.
pub const REASON_CODE: &str = "x-reason-code";
/// Header: the reason as a sentence.
pub const REASON: &str = "x-reason";
/// Header: the exchange the message was published to.
pub const ORIGINAL_EXCHANGE: &str = "x-original-exchange";
/// Header: the routing key it was published with.
pub const ORIGINAL_ROUTING_KEY: &str = "x-original-routing-key";
/// Header: when it was dead-lettered, RFC 3339.
pub const FAILED_AT: &str = "x-failed-at";
/// Header: how often it was dead-lettered. Whoever replays a message keeps this header.
pub const ATTEMPTS: &str = "x-attempts";

/// Messages parked together, at most.
const MAX_BATCH: usize = 200;

/// The original headers are kept up to about this size: a frame must hold them and ours.
const MAX_KEPT_HEADER_BYTES: usize = 64 * 1024;

/// A message and why it is dead-lettered.
#[derive(Debug)]
pub struct Parked {
    /// The message.
    pub message: Message,
    /// Why.
    pub reason: Reason,
}

/// What parking needs.
pub struct DeadLetters {
    /// The broker.
    pub address: Address,
    /// Queue names.
    pub config: Broker,
    /// Where failures are logged.
    pub store: Store,
    /// Where they are counted.
    pub metrics: Arc<Metrics>,
    /// Where they are settled.
    pub settle: Settle,
    /// Gives up at once when this is cancelled; what is not settled then is delivered again.
    pub epoch: CancellationToken,
}

/// The epoch ended before a message was safe.
struct Abandoned;

impl DeadLetters {
    /// Parks what arrives until the last sender is gone.
    pub async fn run(self, mut arriving: mpsc::UnboundedReceiver<Parked>) {
        let mut publisher = Publisher::new(self.address.clone(), self.config.clone());
        let mut batch = Vec::with_capacity(MAX_BATCH);
        while arriving.recv_many(&mut batch, MAX_BATCH).await > 0 {
            if self.park(&mut publisher, &batch).await.is_err() {
                break;
            }
            self.settle
                .done(batch.drain(..).map(|parked| parked.message.tag).collect());
        }
        publisher.disconnect().await;
    }

    async fn park(&self, publisher: &mut Publisher, batch: &[Parked]) -> Result<(), Abandoned> {
        let failures: Vec<Option<Failure>> = batch.iter().map(failure).collect();
        let identified: Vec<Failure> = failures.iter().flatten().cloned().collect();
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        let known = loop {
            match self.store.known_failures(&identified).await {
                Ok(known) => break known,
                Err(error) => self.pause(&mut backoff, "find_failures", &error).await?,
            }
        };

        let mut known = known.into_iter();
        let mut seen = HashSet::new();
        let (mut publish, mut record) = (Vec::new(), Vec::new());
        for (parked, failure) in batch.iter().zip(failures) {
            let event_type = parked.reason.subject.event_type.as_deref();
            let Some(failure) = failure else {
                publish.push(parked);
                continue;
            };
            let recorded = known.next().unwrap_or(false);
            let repeated = !seen.insert((failure.event_id.clone(), ContentHash::of_bytes(&failure.body)));
            if (recorded || repeated) && attempts(&parked.message) == 0 {
                self.metrics.dead_lettered_before(event_type);
            } else {
                publish.push(parked);
                record.push(failure);
            }
        }
        while let Err(error) = publisher.publish(&publish).await {
            publisher.disconnect().await;
            self.pause(&mut backoff, "publish_dead_letters", &error).await?;
        }
        while let Err(error) = self.store.record_failures(&record).await {
            self.pause(&mut backoff, "record_failures", &error).await?;
        }
        for Parked { reason, .. } in &publish {
            self.metrics
                .dead_lettered(reason.subject.event_type.as_deref(), reason.code);
        }
        if let Some(Parked { reason, .. }) = publish.first() {
            // One line a batch: a flood of poison must not become a flood of lines.
            tracing::warn!(
                count = publish.len(),
                first.event.id = reason.subject.event_id.as_ref().map(tracing::field::display),
                first.reason = reason.text,
                "dead-lettered"
            );
        }
        Ok(())
    }

    async fn pause(
        &self,
        backoff: &mut Backoff,
        operation: &'static str,
        error: &(dyn std::error::Error + Sync),
    ) -> Result<(), Abandoned> {
        self.metrics.retried(operation);
        let delay = backoff.next_delay();
        if backoff.is_worth_a_line() {
            tracing::warn!(operation, attempt = backoff.failures(), %error, "dead letters have to wait");
        }
        tokio::select! {
            () = self.epoch.cancelled() => Err(Abandoned),
            () = tokio::time::sleep(delay) => Ok(()),
        }
    }
}

/// The log row of a message whose event id is readable.
fn failure(parked: &Parked) -> Option<Failure> {
    let subject = &parked.reason.subject;
    Some(Failure {
        event_id: subject.event_id.clone()?,
        event_type: subject.event_type.clone(),
        campaign: subject.campaign.clone(),
        donation: subject.donation.clone(),
        code: parked.reason.code,
        error: parked.reason.text.clone(),
        body: parked.message.body.clone(),
    })
}

/// A connection that is opened when the first dead letter needs it.
struct Publisher {
    address: Address,
    config: Broker,
    open: Option<(Connection, Channel)>,
}

impl Publisher {
    fn new(address: Address, config: Broker) -> Self {
        Self {
            address,
            config,
            open: None,
        }
    }

    async fn disconnect(&mut self) {
        if let Some((connection, _)) = self.open.take() {
            close(connection).await;
        }
    }

    /// Publishes all, and returns once the broker has confirmed all.
    async fn publish(&mut self, batch: &[&Parked]) -> Result<(), BrokerError> {
        if batch.is_empty() {
            return Ok(());
        }
        let queue = self.config.dead_letter_queue();
        let (_, channel) = match &mut self.open {
            Some(open) => open,
            closed => {
                let connection = self.address.connect("totals-worker dead letters").await?;
                topology::declare_queue(&connection, &queue).await?;
                let channel = call("opening a channel", connection.create_channel()).await?;
                let confirm = channel.confirm_select(ConfirmSelectOptions::default());
                call("asking for publisher confirms", confirm).await?;
                closed.insert((connection, channel))
            }
        };
        let mut confirmations = Vec::with_capacity(batch.len());
        for parked in batch {
            let options = BasicPublishOptions {
                mandatory: true,
                ..BasicPublishOptions::default()
            };
            let (body, properties) = (&parked.message.body, properties(parked));
            let publish = channel.basic_publish("".into(), queue.as_str().into(), options, body, properties);
            confirmations.push(call("publishing a dead letter", publish).await?);
        }
        for confirmation in confirmations {
            match call("confirming a dead letter", confirmation).await? {
                Confirmation::Ack(None) => {}
                Confirmation::Ack(Some(_)) | Confirmation::Nack(_) | Confirmation::NotRequested => {
                    return Err(BrokerError::Unroutable { queue });
                }
            }
        }
        Ok(())
    }
}

/// How often the message was dead-lettered before.
fn attempts(message: &Message) -> i64 {
    let headers = message.properties.headers().as_ref();
    match headers.and_then(|headers| headers.inner().get(ATTEMPTS)) {
        Some(AMQPValue::LongLongInt(attempts)) => *attempts,
        Some(AMQPValue::LongInt(attempts)) => i64::from(*attempts),
        _ => 0,
    }
}

/// The message's own properties, without those that would make the broker refuse, expire or copy the dead letter.
fn properties(parked: &Parked) -> BasicProperties {
    let Parked { message, reason } = parked;
    let original = &message.properties;
    let mut headers = original.headers().clone().unwrap_or_default();
    if format!("{headers:?}").len() > MAX_KEPT_HEADER_BYTES {
        headers = FieldTable::default();
    }
    // The broker would route copies by these (sender-selected distribution).
    let kept = headers
        .inner()
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "CC" | "BCC"));
    let mut headers = kept
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<std::collections::BTreeMap<_, _>>();
    for (name, value) in [
        (REASON_CODE, reason.code),
        (REASON, &reason.text),
        (ORIGINAL_EXCHANGE, &message.exchange),
        (ORIGINAL_ROUTING_KEY, &message.routing_key),
        (FAILED_AT, &Timestamp::now().to_string()),
    ] {
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    headers.insert(
        ATTEMPTS.into(),
        AMQPValue::LongLongInt(attempts(message).saturating_add(1)),
    );

    // Left out: `user_id`, which the broker checks against this connection's, and `expiration`.
    let mut properties = BasicProperties::default()
        .with_delivery_mode(2)
        .with_headers(FieldTable::from(headers));
    if let Some(id) = original.message_id() {
        properties = properties.with_message_id(id.clone());
    }
    if let Some(content_type) = original.content_type() {
        properties = properties.with_content_type(content_type.clone());
    }
    if let Some(timestamp) = original.timestamp() {
        properties = properties.with_timestamp(*timestamp);
    }
    properties
}

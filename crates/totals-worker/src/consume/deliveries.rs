//! The deliveries of an epoch: few messages at first, the whole prefetch once that is safe.
//!
//! A crash counts as a delivery of every message that the worker had in hand, and a quorum queue drops a message whose
//! count goes beyond the delivery limit. A worker that is killed again and again, each time before it could
//! [renew](crate::consume::renew) its messages, would lose a whole prefetch in this way. A worker with few messages in hand
//! renews them within milliseconds, and those that a crash returns go behind the others that were returned. So the
//! consumer stays narrow until for a while no message has come that must be renewed.
//!
//! Rejected: another prefetch for the same consumer (quorum queues know it for new consumers only), and fetching one by
//! one (a queue with a single active consumer allows no `basic.get`).

use std::pin::Pin;
use std::time::Duration;

use crate::config::Broker;
use futures::StreamExt;
use futures::stream::SelectAll;
use lapin::message::Delivery;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::time::{Instant, sleep_until};

use crate::broker::call::{BrokerError, call, call_behind_deliveries};

/// The consumer's name in the broker's management.
const CONSUMER_TAG: &str = "totals-worker";

/// The consumer's name while it is narrow.
const NARROW_TAG: &str = "totals-worker starting";

/// The prefetch of the narrow consumer: few enough to be renewed at once. The messages that it has in hand when the wide
/// consumer takes over come on top of that one's prefetch.
pub const NARROW_PREFETCH: u16 = 256;

/// Names the call that starts a consumer.
const STARTING: &str = "starting to consume";

/// The consumer is widened when for so long no message has come that must be renewed. It is many times the time that it
/// takes to renew all messages of a narrow consumer. The start of every epoch is slower for so long.
const CALM: Duration = Duration::from_millis(250);

type Consuming = Pin<Box<dyn Future<Output = Result<Consumer, BrokerError>> + Send>>;

/// How much the consumer asks for.
enum Width {
    /// Few messages, until this moment.
    Narrow { until: Instant },
    /// Few messages, while the broker starts the wide consumer.
    Widening(Consuming),
    /// The whole prefetch.
    Full,
}

/// The deliveries of an epoch's channel.
pub struct Deliveries {
    channel: Channel,
    queue: String,
    prefetch: u16,
    consumers: SelectAll<Consumer>,
    width: Width,
}

impl Deliveries {
    /// Starts to consume from the queue.
    ///
    /// # Errors
    /// [`BrokerError`] if the broker does not let it.
    pub async fn start(channel: Channel, broker: &Broker) -> Result<Self, BrokerError> {
        let (queue, prefetch) = (broker.queue.clone(), broker.prefetch);
        let (tag, first, width) = if prefetch > NARROW_PREFETCH {
            let until = Instant::now() + CALM;
            (NARROW_TAG, NARROW_PREFETCH, Width::Narrow { until })
        } else {
            (CONSUMER_TAG, prefetch, Width::Full)
        };
        let consuming = consume(channel.clone(), queue.clone(), tag, first);
        let consumer = call(STARTING, consuming).await?;
        Ok(Self {
            channel,
            queue,
            prefetch,
            consumers: SelectAll::from_iter([consumer]),
            width,
        })
    }

    /// The next delivery; none when the broker has ended the consumer. No delivery is lost when this future is dropped.
    pub async fn next(&mut self) -> Option<Result<Delivery, String>> {
        loop {
            tokio::select! {
                delivery = self.consumers.next() => {
                    return delivery.map(|delivery| delivery.map_err(|error| error.to_string()));
                }
                consumer = self.width.change() => match consumer {
                    None => self.width = Width::Widening(self.widen()),
                    Some(Ok(consumer)) => {
                        self.consumers.push(consumer);
                        self.width = Width::Full;
                        // Not here: the answer is behind deliveries that have to be taken first.
                        tokio::spawn(cancel(self.channel.clone(), NARROW_TAG));
                    }
                    Some(Err(error)) => return Some(Err(error.to_string())),
                },
            }
        }
    }

    /// Starts the wide consumer, however long the answer takes: the narrow one's deliveries come before it.
    fn widen(&self) -> Consuming {
        let (channel, queue) = (self.channel.clone(), self.queue.clone());
        let consuming = consume(channel, queue, CONSUMER_TAG, self.prefetch);
        Box::pin(call_behind_deliveries(STARTING, consuming))
    }

    /// Keeps the consumer narrow for a while, because a message came that must be renewed.
    pub fn stay_narrow(&mut self) {
        if let Width::Narrow { until } = &mut self.width {
            *until = Instant::now() + CALM;
        }
    }

    /// Asks the broker for no more. Somebody has to take the deliveries that still arrive meanwhile.
    pub async fn cancel(channel: &Channel) {
        for tag in [NARROW_TAG, CONSUMER_TAG] {
            cancel(channel.clone(), tag).await;
        }
    }

    /// Drops the deliveries that still arrive, until this future is dropped.
    pub async fn discard(self) -> std::convert::Infallible {
        self.consumers.for_each(async |_| ()).await;
        std::future::pending().await
    }
}

impl Width {
    /// Waits until the narrow consumer may be widened (then returns none), or until the wide consumer is there.
    async fn change(&mut self) -> Option<Result<Consumer, BrokerError>> {
        match self {
            Self::Narrow { until } => sleep_until(*until).await,
            Self::Widening(consuming) => return Some(consuming.await),
            Self::Full => std::future::pending().await,
        }
        None
    }
}

async fn consume(
    channel: Channel,
    queue: String,
    tag: &'static str,
    prefetch: u16,
) -> lapin::Result<Consumer> {
    // Before the consumer: without a limit the broker would send the whole queue.
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    channel
        .basic_consume(queue.into(), tag.into(), options, FieldTable::default())
        .await
}

async fn cancel(channel: Channel, tag: &'static str) {
    let cancelling = channel.basic_cancel(tag.into(), BasicCancelOptions::default());
    if let Err(error) = call("cancelling a consumer", cancelling).await {
        tracing::debug!(%error, tag, "a consumer was not cancelled in order");
    }
}

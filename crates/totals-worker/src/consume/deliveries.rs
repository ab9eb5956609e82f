//! The deliveries of an epoch: few messages at first, the whole prefetch once that is safe.
//!
//! A crash counts as a delivery of every message that the worker had in hand, and a quorum queue drops a message whose
//! count goes beyond the delivery limit. A worker that is killed again and again, each time before it could
//! [renew](crate::consume::renew) its messages, would lose a whole prefetch in this way. A worker with few messages in hand
//! renews them within milliseconds, and those that a crash returns go behind the others that were returned. So the
//! consumer stays narrow until for a while no message has come that must be renewed.
//!
//! On a queue with a single active consumer a standby may wait for hours, so there the time runs from the first message.
//! RabbitMQ activates consumers in the order in which they came. So both consumers take their places at the start, the wide one
//! behind the narrow one, and to widen means to cancel the narrow one. If the wide one came only then, each standby would be
//! before it in the order, and would get the queue for a moment. Tried on RabbitMQ 3.10; a broker that activates the wide one
//! first makes the start less careful, and nothing else.
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
    /// Few messages, while the broker starts the wide consumer, which then waits for its turn.
    Queueing(Consuming),
    /// Few messages, until this moment, while the wide consumer waits for its turn. None before the first message.
    Queued { until: Option<Instant> },
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
    /// True once a message has come.
    delivered: bool,
}

impl Deliveries {
    /// Starts to consume from the queue. `single_active` is true if the queue has a single active consumer.
    ///
    /// # Errors
    /// [`BrokerError`] if the broker does not let it.
    pub async fn start(channel: Channel, broker: &Broker, single_active: bool) -> Result<Self, BrokerError> {
        let (queue, prefetch) = (broker.queue.clone(), broker.prefetch);
        let (tag, first, width) = if prefetch > NARROW_PREFETCH {
            let until = Instant::now() + CALM;
            (NARROW_TAG, NARROW_PREFETCH, Width::Narrow { until })
        } else {
            (CONSUMER_TAG, prefetch, Width::Full)
        };
        let consuming = consume(channel.clone(), queue.clone(), tag, first);
        let consumer = call(STARTING, consuming).await?;
        let mut deliveries = Self {
            channel,
            queue,
            prefetch,
            consumers: SelectAll::from_iter([consumer]),
            width,
            delivered: false,
        };
        if single_active && matches!(deliveries.width, Width::Narrow { .. }) {
            deliveries.width = Width::Queueing(deliveries.widen());
        }
        Ok(deliveries)
    }

    /// The next delivery; none when the broker has ended the consumer. No delivery is lost when this future is dropped.
    pub async fn next(&mut self) -> Option<Result<Delivery, String>> {
        loop {
            tokio::select! {
                delivery = self.consumers.next() => {
                    self.arrived();
                    return delivery.map(|delivery| delivery.map_err(|error| error.to_string()));
                }
                change = self.width.change() => match change {
                    Change::Calm => self.calm(),
                    Change::Started(Ok(consumer)) => self.started(consumer),
                    Change::Started(Err(error)) => return Some(Err(error.to_string())),
                },
            }
        }
    }

    /// A message has come.
    fn arrived(&mut self) {
        self.delivered = true;
        if let Width::Queued { until } = &mut self.width {
            until.get_or_insert_with(|| Instant::now() + CALM);
        }
    }

    /// The consumer may be widened.
    fn calm(&mut self) {
        match self.width {
            Width::Narrow { .. } => self.width = Width::Widening(self.widen()),
            Width::Queued { .. } => self.leave_narrow(),
            Width::Widening(_) | Width::Queueing(_) | Width::Full => {}
        }
    }

    /// The wide consumer is there.
    fn started(&mut self, consumer: Consumer) {
        self.consumers.push(consumer);
        if let Width::Queueing(_) = self.width {
            let until = self.delivered.then(|| Instant::now() + CALM);
            self.width = Width::Queued { until };
        } else {
            self.leave_narrow();
        }
    }

    fn leave_narrow(&mut self) {
        self.width = Width::Full;
        // Not here: the answer is behind deliveries that have to be taken first.
        tokio::spawn(cancel(self.channel.clone(), NARROW_TAG));
    }

    /// Starts the wide consumer, however long the answer takes: the narrow one's deliveries come before it.
    fn widen(&self) -> Consuming {
        let (channel, queue) = (self.channel.clone(), self.queue.clone());
        let consuming = consume(channel, queue, CONSUMER_TAG, self.prefetch);
        Box::pin(call_behind_deliveries(STARTING, consuming))
    }

    /// Keeps the consumer narrow for a while, because a message came that must be renewed.
    pub fn stay_narrow(&mut self) {
        match &mut self.width {
            Width::Narrow { until } | Width::Queued { until: Some(until) } => *until = Instant::now() + CALM,
            Width::Queued { until: None } | Width::Widening(_) | Width::Queueing(_) | Width::Full => {}
        }
    }

    /// Asks the broker for no more. Somebody has to take the deliveries that still arrive meanwhile.
    pub async fn cancel(channel: &Channel) {
        // The narrow one last: without it, a wide one that waits for its turn would have it.
        for tag in [CONSUMER_TAG, NARROW_TAG] {
            cancel(channel.clone(), tag).await;
        }
    }

    /// Drops the deliveries that still arrive, until this future is dropped.
    pub async fn discard(self) -> std::convert::Infallible {
        self.consumers.for_each(async |_| ()).await;
        std::future::pending().await
    }
}

/// What has become of the consumer's width.
enum Change {
    /// For a while no message has come that must be renewed.
    Calm,
    /// The broker has started the wide consumer, or has not.
    Started(Result<Consumer, BrokerError>),
}

impl Width {
    async fn change(&mut self) -> Change {
        match self {
            Self::Narrow { until } | Self::Queued { until: Some(until) } => sleep_until(*until).await,
            Self::Widening(consuming) | Self::Queueing(consuming) => return Change::Started(consuming.await),
            Self::Queued { until: None } | Self::Full => std::future::pending().await,
        }
        Change::Calm
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

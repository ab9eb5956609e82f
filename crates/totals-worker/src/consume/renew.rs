//! Fresh copies in place of messages that were delivered before, so that no delivery limit is ever reached.
//!
//! A quorum queue counts how often it has delivered a message, and drops the message once the count goes beyond its limit.
//! Every crash of a worker counts for all messages that the worker had in hand. The limit may be small: 20 by default from
//! RabbitMQ 4.0 on, or whatever a policy says, and no client can read it. So the worker does not handle a message that
//! comes with a count of [`RENEWED_FROM`] or more. It publishes a copy to the end of the same queue, and acknowledges the
//! old message after the confirm. A crash in between leaves both, and one is a duplicate. The worker does this before
//! anything else with the message, because the message may be the one that makes it crash. Until all such messages are
//! renewed, the worker [takes few at once](crate::consume::deliveries), so that a crash meanwhile counts for few.
//!
//! If no copy can be published (the queue is full, the broker blocks publishers), the worker handles the message as it is:
//! a worker that waited would keep the queue full.
//!
//! Rejected: raising the limit by an argument (a queue that exists keeps its own, and a policy's smaller limit wins), and
//! asking the management plugin (it may not be there, or not be reachable).

use std::sync::Arc;
use std::time::Duration;

use lapin::BasicProperties;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::broker::call::BrokerError;
use crate::broker::copy::copied;
use crate::broker::message::Message;
use crate::broker::publisher::{Publish, Publisher};
use crate::consume::settle::Settle;
use crate::metrics::{Metrics, Operation};

/// A message that was delivered this often before is renewed, so a single crash costs no copies. Delivery limits below this
/// number are not covered.
const RENEWED_FROM: i64 = 2;

/// The most copies published together.
const MAX_BATCH: usize = 256;

/// For so long after a failure the worker handles messages as they are, because each attempt may have to time out.
const PAUSE: Duration = Duration::from_secs(10);

/// What renewing needs.
pub struct Renewer {
    /// Publishes to the queue that the messages came from.
    pub publisher: Publisher,
    /// Where renewals are counted.
    pub metrics: Arc<Metrics>,
    /// Where the old messages are settled.
    pub settle: Settle,
    /// Takes the messages that could not be renewed.
    pub as_they_are: mpsc::UnboundedSender<Message>,
}

/// A message and the properties of its copy.
struct FreshCopy {
    message: Message,
    properties: BasicProperties,
}

impl Publish for FreshCopy {
    fn body(&self) -> &[u8] {
        &self.message.body
    }

    fn properties(&self) -> BasicProperties {
        self.properties.clone()
    }
}

/// Returns true if the message must be renewed before the worker does anything else with it.
pub fn is_due(message: &Message) -> bool {
    message.deliveries_before() >= RENEWED_FROM
}

impl Renewer {
    /// Renews what arrives until the last sender is gone. May be dropped at any moment: the broker delivers again what is
    /// not settled then.
    pub async fn run(mut self, mut arriving: mpsc::UnboundedReceiver<Message>) {
        let mut paused_until = Instant::now();
        loop {
            let mut batch = Vec::new();
            if arriving.recv_many(&mut batch, MAX_BATCH).await == 0 {
                break;
            }
            if Instant::now() < paused_until {
                self.hand_over(batch);
                continue;
            }
            if let Err(error) = self.renew(batch).await {
                paused_until = Instant::now() + PAUSE;
                self.metrics.retried(Operation::RenewMessages);
                tracing::warn!(
                    %error,
                    "messages that were delivered before cannot be renewed and are handled as they are; should the worker \
                     crash again and again, a delivery limit of the queue may drop them"
                );
                self.publisher.disconnect().await;
            }
        }
        self.publisher.disconnect().await;
    }

    async fn renew(&mut self, batch: Vec<Message>) -> Result<(), BrokerError> {
        let (mut copies, mut without_room) = (Vec::new(), Vec::new());
        for message in batch {
            match copied(&message) {
                Some(properties) => copies.push(FreshCopy { message, properties }),
                None => without_room.push(message),
            }
        }
        self.hand_over(without_room);
        let mut left: Vec<&FreshCopy> = copies.iter().collect();
        let outcome = self.publisher.publish(&mut left).await;
        let left: Vec<u64> = left.iter().map(|copy| copy.message.tag).collect();
        let (left, renewed): (Vec<_>, Vec<_>) = copies
            .into_iter()
            .map(|copy| copy.message)
            .partition(|message| left.contains(&message.tag));
        self.metrics.renewed(renewed.len());
        self.settle
            .done(renewed.iter().map(|message| message.tag).collect());
        self.hand_over(left);
        outcome
    }

    /// Has the messages handled as they are. An epoch that is over takes none, and the broker delivers them again.
    fn hand_over(&self, messages: Vec<Message>) {
        for message in messages {
            let _ = self.as_they_are.send(message);
        }
    }
}

//! The part of the dead-letter queue that one channel holds.

use std::time::Duration;

use futures::StreamExt;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};
use tokio::time::timeout;

use crate::broker::call::{BrokerError, call};
use crate::broker::connection::open_channel;
use crate::broker::message::Message;

/// The letters that a channel is sent before the scan goes on with another. Brokers commonly allow 2047 channels.
const WINDOW: u16 = 1000;

/// After so long without a letter it is time to ask whether there are any left.
pub const QUIET: Duration = Duration::from_millis(500);

/// How long the broker may leave the scan without a letter while it says that there are some.
pub const SILENCE: Duration = Duration::from_secs(10);

/// The letters of one channel.
pub struct ScanWindow {
    /// The channel, which keeps the window's unsettled letters until it is closed.
    pub channel: Channel,
    consumer: Consumer,
    taken: u16,
}

/// What a window comes to next.
pub enum ScanStep {
    /// A letter.
    Letter(Box<Message>),
    /// Its end: the next letters are another window's.
    End,
    /// Nothing for [`QUIET`].
    Quiet,
}

impl ScanWindow {
    /// Starts to consume on a channel of its own.
    ///
    /// # Errors
    /// [`BrokerError`] if the broker is away or refuses.
    pub async fn open(connection: &Connection, queue: &str) -> Result<Self, BrokerError> {
        let channel = open_channel(connection).await?;
        let qos = channel.basic_qos(WINDOW, BasicQosOptions::default());
        call("setting the prefetch", qos).await?;
        let consume = channel.basic_consume(
            queue.into(),
            ShortString::default(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer = call("starting to consume", consume).await?;
        Ok(Self {
            channel,
            consumer,
            taken: 0,
        })
    }

    /// Waits for the next letter.
    ///
    /// # Errors
    /// [`BrokerError`] if the broker has ended the consumer.
    pub async fn next(&mut self) -> Result<ScanStep, BrokerError> {
        match timeout(QUIET, self.consumer.next()).await {
            Ok(Some(Ok(delivery))) => {
                self.taken += 1;
                if self.taken == WINDOW {
                    // Settled letters have made room for more, which may be on their way: the consumer's end shows when
                    // they are here.
                    self.cancel().await?;
                }
                Ok(ScanStep::Letter(Box::new(delivery.into())))
            }
            Ok(Some(Err(error))) => Err(lost(error.to_string())),
            Ok(None) if self.taken >= WINDOW => Ok(ScanStep::End),
            Ok(None) => Err(lost("the consumer was cancelled".to_owned())),
            Err(_elapsed) => Ok(ScanStep::Quiet),
        }
    }

    /// Asks the broker for no more letters.
    ///
    /// # Errors
    /// [`BrokerError`] if the broker does not answer.
    pub async fn cancel(&self) -> Result<(), BrokerError> {
        let cancel = self
            .channel
            .basic_cancel(self.consumer.tag(), BasicCancelOptions::default());
        call("cancelling the consumer", cancel).await
    }

    /// The next of the letters that came before the consumer was cancelled; none behind the last.
    pub async fn rest(&mut self) -> Option<Message> {
        match timeout(SILENCE, self.consumer.next()).await {
            Ok(Some(Ok(delivery))) => Some(delivery.into()),
            _ => None,
        }
    }
}

/// Makes the broker do what it has put off on a channel. It answers a fetch only after everything that the channel sent to
/// the queue before is done, and then sends what it has put off. So the second answer means that this is done too. The
/// letters that were fetched go back when the channel closes.
///
/// # Errors
/// [`BrokerError`] if the broker does not answer.
pub async fn flush(channel: &Channel, queue: &str) -> Result<(), BrokerError> {
    for _ in 0..2 {
        let fetched = channel.basic_get(queue.into(), BasicGetOptions::default());
        call("settling dead letters", fetched).await?;
    }
    Ok(())
}

/// The scan cannot go on.
fn lost(problem: String) -> BrokerError {
    BrokerError::Failed {
        doing: "reading the dead letters",
        code: None,
        problem,
        advice: "; run the command again",
    }
}

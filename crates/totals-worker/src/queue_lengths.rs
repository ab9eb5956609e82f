//! How many messages wait in the worker's queue and in that of its dead letters, for `/metrics`.
//!
//! The broker is asked again and again, also while the worker cannot consume: that is when a queue grows. So the question has a
//! connection of its own, which outlives the epochs. What is not known is not shown: an old number would look like a queue
//! that stands still.

use std::sync::Arc;
use std::time::Duration;

use lapin::Connection;
use lapin::types::ShortString;
use totals_core::runtime::lifecycle::Shutdown;

use crate::broker::call::{BrokerError, call};
use crate::broker::connection::{Address, close, open_channel};
use crate::broker::occupancy::count;
use crate::config::Broker;
use crate::metrics::Metrics;

/// The time from one answer to the next question.
const PERIOD: Duration = Duration::from_secs(10);

/// What the question needs.
pub struct QueueLengths {
    /// The broker.
    pub address: Address,
    /// The names of the queues.
    pub config: Broker,
    /// Where the answers are shown.
    pub metrics: Arc<Metrics>,
}

impl QueueLengths {
    /// Asks until the soft shutdown.
    pub async fn follow(self, shutdown: &Shutdown) {
        let mut open = None;
        let asking = async {
            loop {
                if let Err(error) = self.ask(&mut open).await {
                    tracing::debug!(%error, "cannot see how many messages are in the queues");
                    self.metrics.queue_length.set(None);
                    self.metrics.dead_letter_queue_length.set(None);
                    if let Some(connection) = open.take() {
                        close(connection).await;
                    }
                }
                tokio::time::sleep(PERIOD).await;
            }
        };
        tokio::select! {
            () = shutdown.soft.cancelled() => {}
            () = asking => {}
        }
        if let Some(connection) = open {
            tokio::select! {
                () = close(connection) => {}
                () = shutdown.hard.cancelled() => {}
            }
        }
    }

    async fn ask(&self, open: &mut Option<Connection>) -> Result<(), BrokerError> {
        let connection = match open {
            Some(connection) => connection,
            closed => closed.insert(self.address.connect("totals-worker queue lengths").await?),
        };
        let (metrics, config) = (&self.metrics, &self.config);
        metrics.queue_length.set(length(connection, &config.queue).await?);
        let letters = length(connection, &config.dead_letter_queue()).await?;
        metrics.dead_letter_queue_length.set(letters);
        Ok(())
    }
}

/// How many messages are ready in a queue; `None` if there is no such queue. On a channel of its own, because the broker closes
/// one on which a missing queue is named.
async fn length(connection: &Connection, queue: &str) -> Result<Option<u32>, BrokerError> {
    let channel = open_channel(connection).await?;
    match count(&channel, queue).await {
        Ok(counts) => {
            call(
                "closing a channel",
                channel.close(200, ShortString::from("counted")),
            )
            .await?;
            Ok(Some(counts.ready))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

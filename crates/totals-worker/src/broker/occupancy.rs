//! How full a queue is: empty, or only seemingly so because somebody holds what is in it.
//!
//! The broker tells a client how many messages are ready and how many consumers there are. Whoever holds unacknowledged
//! messages of a quorum queue counts as a consumer until they are settled or back: also after it has cancelled, and also if
//! it has fetched them (`basic.get`). So a queue without ready messages and without consumers is empty. While there are
//! consumers, a queue without ready messages may hold some.
//! (A classic queue counts real consumers alone, so nobody can notice what was fetched from it.)

use std::time::Duration;

use lapin::Channel;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use tokio::time::Instant;

use crate::broker::call::{BrokerError, call};

/// Most others who look through a queue have finished within this time.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// The time between two counts that wait for others to finish.
pub const POLL: Duration = Duration::from_millis(100);

/// What the broker tells a client of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueCounts {
    /// Messages that nobody holds.
    pub ready: u32,
    /// Those who may hold others.
    pub consumers: u32,
}

/// How full a queue is, as far as it can be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occupancy {
    /// Nothing is in it.
    Empty,
    /// Messages are in it, or somebody has been holding what there may be for longer than [`PATIENCE`].
    Occupied,
    /// No message is ready, and somebody may hold some: ask again.
    Unknown,
}

impl QueueCounts {
    /// Returns true if no message is ready, and somebody may hold some.
    pub fn is_in_doubt(self) -> bool {
        self.ready == 0 && self.consumers > 0
    }
}

/// Counts a queue's messages and consumers.
///
/// # Errors
/// [`BrokerError`], also if there is no such queue; then the channel is closed.
pub async fn count(channel: &Channel, queue: &str) -> Result<QueueCounts, BrokerError> {
    let options = QueueDeclareOptions::default().passive();
    let declared = channel.queue_declare(queue.into(), options, FieldTable::default());
    let counted = call("counting the messages of a queue", declared).await?;
    Ok(QueueCounts {
        ready: counted.message_count(),
        consumers: counted.consumer_count(),
    })
}

/// Counts until nobody else may hold messages of the queue, for [`PATIENCE`] at most.
///
/// # Errors
/// As [`count`].
pub async fn count_alone(channel: &Channel, queue: &str) -> Result<QueueCounts, BrokerError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let counts = count(channel, queue).await?;
        if counts.consumers == 0 || Instant::now() >= deadline {
            return Ok(counts);
        }
        tokio::time::sleep(POLL).await;
    }
}

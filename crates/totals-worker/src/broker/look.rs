//! Whether a queue is empty, or only looks so because somebody holds what is in it.
//!
//! A client is told how many messages are ready and how many consumers there are. Whoever holds unacknowledged messages of
//! a quorum queue counts as a consumer until they are settled or back: also after it has cancelled, and if it has fetched
//! them (`basic.get`). So a queue without ready messages and without consumers is empty. With consumers nothing is known.
//! (A classic queue counts real consumers alone; what somebody has fetched from it cannot be noticed.)

use std::time::Duration;

use lapin::Channel;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use tokio::time::Instant;

use crate::broker::connection::{BrokerError, call};

/// Most looks of others end within this time.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// How often to look whether others have finished.
pub const POLL: Duration = Duration::from_millis(100);

/// What a client is told of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Messages that nobody holds.
    pub ready: u32,
    /// Those who may hold others.
    pub consumers: u32,
}

impl Seen {
    /// Returns true if there is no message that nobody holds, and somebody may hold some.
    pub fn is_in_doubt(self) -> bool {
        self.ready == 0 && self.consumers > 0
    }
}

/// Looks at a queue.
///
/// # Errors
/// [`BrokerError`], also if there is no such queue; then the channel is closed.
pub async fn look(channel: &Channel, queue: &str) -> Result<Seen, BrokerError> {
    let options = QueueDeclareOptions::default().passive();
    let declared = channel.queue_declare(queue.into(), options, FieldTable::default());
    let counted = call("counting the dead letters", declared).await?;
    Ok(Seen {
        ready: counted.message_count(),
        consumers: counted.consumer_count(),
    })
}

/// Looks at a queue until nobody else may hold messages of it, for [`PATIENCE`] at most.
///
/// # Errors
/// As [`look`].
pub async fn look_alone(channel: &Channel, queue: &str) -> Result<Seen, BrokerError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = look(channel, queue).await?;
        if seen.consumers == 0 || Instant::now() >= deadline {
            return Ok(seen);
        }
        tokio::time::sleep(POLL).await;
    }
}

//! What a walk asks of the dead-letter queue beside its letters.

use lapin::Channel;
use lapin::options::BasicGetOptions;

use crate::broker::connection::{BrokerError, call};
use crate::broker::look::look;

/// Makes the broker do what it has put off. A fetch is answered only after all that the channel sent to the queue
/// before it is done, and then what was put off is sent; so the second answer means that this is done too. What they
/// fetch goes back when the channel closes.
pub async fn flush(channel: &Channel, queue: &str) -> Result<(), BrokerError> {
    for _ in 0..2 {
        let fetched = channel.basic_get(queue.into(), BasicGetOptions::default());
        call("settling dead letters", fetched).await?;
    }
    Ok(())
}

/// How many letters nobody holds.
pub async fn ready(channel: &Channel, queue: &str) -> Result<u32, BrokerError> {
    Ok(look(channel, queue).await?.ready)
}

/// The walk cannot go on.
pub fn lost(problem: String) -> BrokerError {
    BrokerError::Failed {
        doing: "reading the dead letters",
        code: None,
        problem,
        advice: "; run the command again",
    }
}

//! Tells when the worker has lost MongoDB, so that it gives up its consumer.
//!
//! A worker that is cut off from MongoDB and not from RabbitMQ would keep the queue and count nothing, while a standby that
//! reaches both waits for its turn. So it gives the queue up, with everything that it has in hand, and takes a place in the queue
//! again only when MongoDB answers. That question is the same one as here, so a worker never comes back only to give up again.
//!
//! If MongoDB is away for all, each worker gives up once and then none consumes, so nothing is delivered again and again. What it
//! had in hand comes once more, which counts as one delivery; [`renew`](crate::consume::renew) deals with those.
//!
//! The worker does this whatever its queue. Where workers compete, the others get what it has in hand. A worker that is alone
//! gains nothing and loses a second; it cannot know that it is alone.
//!
//! Rejected: to judge by the lanes' failures. A worker with nothing in hand has none, and would fail with the first message;
//! and a MongoDB that refuses writes refuses them to the standby as well.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use totals_core::store::{Store, Unhealthy};

/// A worker gives up when MongoDB has not answered for so long. All that time the totals stand still. A planned election takes a
/// second or two, and giving up costs a delivery of what is in hand. (After the loss of a primary MongoDB waits 10 s by default
/// before it elects, so then each worker gives up once.)
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The time from an answer to the next question. It costs MongoDB one `hello`.
const PERIOD: Duration = Duration::from_secs(1);

/// The time from a failure to the next question.
const AGAIN: Duration = Duration::from_millis(200);

/// Returns when MongoDB has not answered for [`PATIENCE`], with what is wrong. May be dropped at any moment.
pub async fn lost(store: &Store) -> Unhealthy {
    let mut problem = Unhealthy::Silent;
    while timeout(PATIENCE, answer(store, &mut problem)).await.is_ok() {
        sleep(PERIOD).await;
    }
    problem
}

/// Asks until MongoDB answers, and keeps what was wrong.
async fn answer(store: &Store, problem: &mut Unhealthy) {
    while let Err(found) = store.check().await {
        *problem = found;
        sleep(AGAIN).await;
    }
}

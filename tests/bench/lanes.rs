//! The fold by itself: events split by campaign as the worker splits them, and applied in full batches.

use harness::Outgoing;
use totals_core::domain::{Currency, Event, decode};
use totals_core::store::Store;

/// What the worker has by default.
pub const BATCH_SIZE: usize = 1_000;
const LANES: usize = 2;

/// Events of the same campaign in the same lane, in their order.
pub struct Lanes([Vec<Event>; LANES]);

impl Lanes {
    /// Reads the messages.
    pub fn of(messages: impl IntoIterator<Item = Outgoing>) -> Self {
        let currency = currency();
        let mut lanes: [Vec<Event>; LANES] = Default::default();
        for message in messages {
            let event = decode(&message.body, &message.routing_key, None, currency).unwrap();
            // Any even split by campaign will do.
            let lane = event.routing_text().bytes().map(usize::from).sum::<usize>() % LANES;
            lanes[lane].push(event);
        }
        Self(lanes)
    }

    /// Applies all of them.
    pub async fn apply(&self, store: &Store) {
        let lanes = self.0.iter().map(async |events| {
            for batch in events.chunks(BATCH_SIZE) {
                store.apply(batch).await.unwrap();
            }
        });
        futures::future::join_all(lanes).await;
    }
}

/// The service's, unless it is told otherwise.
pub fn currency() -> Currency {
    "USD".parse().unwrap()
}

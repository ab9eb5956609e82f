//! The worker's transactions without a broker: events split by campaign as the worker splits them, folded in full batches,
//! and each batch looked up while the one before commits.

use futures::future::{join, join_all};
use harness::Outgoing;
use totals_core::domain::{Currency, Event};
use totals_core::runtime::config::{BATCH_SIZE, LANES, Variable};
use totals_core::store::Store;

/// Events of the same campaign in the same lane, in their order.
pub struct Lanes(Vec<Vec<Event>>);

impl Lanes {
    /// Reads the messages.
    pub fn of(messages: impl IntoIterator<Item = Outgoing>) -> Self {
        let mut lanes = vec![Vec::new(); default_of(&LANES)];
        for message in messages {
            let event = message.event();
            // Any even split by campaign will do.
            let sum: usize = event.routing_text().bytes().map(usize::from).sum();
            let lane = sum % lanes.len();
            lanes[lane].push(event);
        }
        Self(lanes)
    }

    /// Applies all of them, each lane in a task of its own.
    pub async fn apply(self, store: &Store) {
        let lanes = self.0.into_iter();
        let lanes = lanes.map(|events| tokio::spawn(apply(store.clone(), events)));
        join_all(lanes).await.into_iter().for_each(Result::unwrap);
    }
}

async fn apply(store: Store, events: Vec<Event>) {
    let mut batches = events.chunks(default_of(&BATCH_SIZE)).peekable();
    let mut ahead = None;
    while let Some(batch) = batches.next() {
        let read_set = match ahead.take() {
            Some(read_set) => read_set,
            None => store.prefetch(batch).await.unwrap(),
        };
        let next = batches.peek().copied().unwrap_or_default();
        let (applied, seen) = join(store.apply_seen(batch, &read_set), store.prefetch(next)).await;
        ahead = seen.unwrap().rebase(applied.unwrap().delta);
    }
}

/// The default of a variable that is a number.
pub fn default_of(variable: &Variable) -> usize {
    variable.default.unwrap().parse().unwrap()
}

/// The service's, unless it is told otherwise.
pub fn currency() -> Currency {
    "USD".parse().unwrap()
}

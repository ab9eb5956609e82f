//! The worker's transactions without a broker: events split by campaign as the worker splits them, folded in full batches,
//! and each batch looked up while the one before commits.

use std::sync::Arc;

use futures::future::{join, join_all};
use harness::Outgoing;
use totals_core::domain::Event;
use totals_core::runtime::config::{BATCH_SIZE, LANES, Variable};
use totals_core::store::Store;

/// Events of the same campaign in the same lane, in their order, and in full batches.
pub struct Lanes(Vec<Vec<Arc<[Event]>>>);

impl Lanes {
    /// Reads the messages.
    pub fn of(messages: impl IntoIterator<Item = Outgoing>) -> Self {
        let (batch_size, mut lanes) = (default_of(&BATCH_SIZE), vec![Vec::new(); default_of(&LANES)]);
        for message in messages {
            let event = message.event();
            // Any even split by campaign will do.
            let sum: usize = event.routing_text().bytes().map(usize::from).sum();
            let lane = sum % lanes.len();
            lanes[lane].push(event);
        }
        let batches = |events: Vec<Event>| events.chunks(batch_size).map(Arc::from).collect();
        Self(lanes.into_iter().map(batches).collect())
    }

    /// Applies all of them, each lane in a task of its own.
    pub async fn apply(self, store: &Store) {
        let lanes = self.0.into_iter();
        let lanes = lanes.map(|batches| tokio::spawn(apply(store.clone(), batches)));
        join_all(lanes).await.into_iter().for_each(Result::unwrap);
    }
}

async fn apply(store: Store, batches: Vec<Arc<[Event]>>) {
    let (mut batches, mut ahead) = (batches.into_iter().peekable(), None);
    while let Some(batch) = batches.next() {
        let next = batches.peek().cloned().unwrap_or_default();
        let (applied, seen) = join(store.apply(batch, ahead), store.prefetch(next)).await;
        ahead = seen.unwrap().rebase(applied.unwrap().delta);
    }
}

/// The default of a variable that is a number.
pub fn default_of(variable: &Variable) -> usize {
    variable.default.unwrap().parse().unwrap()
}

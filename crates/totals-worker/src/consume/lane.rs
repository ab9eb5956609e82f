//! A lane commits events in batches: the events that have arrived when one batch is committed are the next batch.
//!
//! So an idle service commits a lone event at once, and a busy one commits hundreds at a time, without a timer. A lane
//! commits first and settles after that. It dead-letters an event that the database refuses, or that contradicts an earlier
//! one, and commits all others.
//!
//! If a whole batch waits already, the lane reads what that batch needs while it commits the one before.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use futures::future::join;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use totals_core::domain::{Event, Outcome};
use totals_core::store::{CommitDelta, ReadSet, StoreError};
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::broker::message::{Message, Reason};
use crate::commit::{Batch, Committer, GaveUp};
use crate::consume::parked::Parked;
use crate::consume::settle::Settle;

/// How long a read set that was prefetched is of use. A commit takes a fraction of it. During an outage much may happen:
/// a campaign may even be removed and begun anew.
const FRESH: Duration = Duration::from_secs(1);

/// What an operator can do about a lane that stalls.
pub const REMEDY: &str = "let MongoDB take the writes of the user in DATABASE_URL (rights, disk space, validators); the \
                          worker then goes on by itself";

/// A message and the event that it holds.
pub type DecodedMessage = (Event, Message);

/// What a lane needs.
pub struct Lane {
    /// The most events in a transaction.
    pub batch_size: usize,
    /// How it commits. It gives up when the epoch is lost (the broker delivers again what is in hand), and when the process
    /// stops while the database is away.
    pub committer: Committer,
    /// Where it settles what it has committed.
    pub settle: Settle,
    /// Where it sends what cannot be committed.
    pub park: mpsc::UnboundedSender<Parked>,
    /// Cancelled when the epoch is lost.
    pub epoch: CancellationToken,
}

impl Lane {
    /// Commits what arrives until the last sender is gone or the epoch is.
    pub async fn run(self, mut arriving: mpsc::Receiver<DecodedMessage>) {
        let mut ahead = None;
        loop {
            let (batch, read_set) = match ahead.take() {
                Some(ahead) => ahead,
                None => (self.batch(&mut arriving).await, None),
            };
            if batch.events.is_empty() || self.epoch.is_cancelled() {
                return;
            }
            self.committer.progress.begin();
            if arriving.len() < self.batch_size {
                let Ok(_) = self.commit(batch, read_set).await else {
                    return;
                };
                self.committer.progress.rest();
                continue;
            }
            let next = self.batch(&mut arriving).await;
            let (prefetch, since) = (self.committer.store.prefetch(next.events.clone()), Instant::now());
            let (committed, fetched) = join(self.commit(batch, read_set), prefetch).await;
            let Ok(delta) = committed else {
                return;
            };
            // A prefetch that failed is made again with the batch, and a failure is dealt with there.
            let fetched = fetched.ok().filter(|_| since.elapsed() < FRESH);
            let read_set = delta
                .zip(fetched)
                .and_then(|(delta, fetched)| fetched.rebase(delta));
            ahead = Some((next, read_set));
        }
    }

    /// The messages that have arrived, or else the first one that arrives; empty if none can come any more.
    async fn batch(&self, arriving: &mut mpsc::Receiver<DecodedMessage>) -> Batch<Message> {
        let mut items = Vec::with_capacity(self.batch_size);
        arriving.recv_many(&mut items, self.batch_size).await;
        items.into_iter().collect()
    }

    async fn commit(
        &self,
        batch: Batch<Message>,
        read_set: Option<ReadSet>,
    ) -> Result<Option<CommitDelta>, GaveUp> {
        let lane = self.committer.lane;
        let span = tracing::info_span!("batch", lane, batch.size = batch.events.len());
        for trace in batch.sources.iter().filter_map(Message::trace) {
            span.add_link(trace);
        }
        let finish = |batch, answer| self.finish(batch, answer);
        self.committer
            .commit(batch, read_set, finish)
            .instrument(span)
            .await
    }

    fn finish(&self, batch: Batch<Message>, answer: Result<Vec<Outcome>, StoreError>) {
        let mut committed = Vec::with_capacity(batch.sources.len());
        let events = batch.events.iter().zip(batch.sources);
        match answer {
            Ok(outcomes) => {
                for ((event, message), outcome) in events.zip(outcomes) {
                    match outcome {
                        Outcome::Applied { .. } | Outcome::Duplicate => committed.push(message.tag),
                        Outcome::Quarantined(quarantine) => {
                            self.park(message, Reason::quarantined(event, &quarantine));
                        }
                    }
                }
            }
            Err(error) => {
                events.for_each(|(event, message)| self.park(message, Reason::refused(event, &error)));
            }
        }
        self.settle.done(committed);
        self.committer.progress.advance();
    }

    fn park(&self, message: Message, reason: Reason) {
        // The receiver outlives the lanes unless the epoch is over; then the message will be delivered again.
        let _ = self.park.send(Parked { message, reason });
    }
}

/// The lane of a campaign: always the same one, so that lanes never contend for a campaign.
pub fn lane_of(routing_text: &str, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    routing_text.hash(&mut hasher);
    // The remainder is below `lanes`, which is a usize.
    usize::try_from(hasher.finish() % lanes as u64).unwrap_or_default()
}

//! A lane commits events in batches: whatever has arrived when the last batch is committed is the next one.
//!
//! So an idle service commits a lone event at once and a busy one commits hundreds at a time, without a timer.
//! Commit first, settle after; what the database refuses, and what is in conflict with what was seen before, is
//! dead-lettered, and everything else is committed.
//!
//! Where a whole batch waits already, what it needs to know is looked up while the one before is committed.

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
use crate::commit::{Abandoned, Batch, Committer};
use crate::consume::parked::Parked;
use crate::consume::settle::Settle;

/// How long what was looked up ahead is of use. A commit takes a fraction of it; after an outage much may have happened,
/// even a campaign be removed and begun anew.
const FRESH: Duration = Duration::from_secs(1);

/// What an operator can do about a lane that stalls.
pub const REMEDY: &str = "let MongoDB take the writes of the user in DATABASE_URL (rights, disk space, validators); the \
                          worker then goes on by itself";

/// A decoded message.
pub type Item = (Event, Message);

/// What a lane needs.
pub struct Lane {
    /// Most events in a transaction.
    pub batch_size: usize,
    /// How it commits. It gives up when the epoch is lost (what is in hand will be delivered again), and when the
    /// process stops and the database is away.
    pub committer: Committer,
    /// Where it settles what is committed.
    pub settle: Settle,
    /// Where it sends what cannot be committed.
    pub park: mpsc::UnboundedSender<Parked>,
    /// Cancelled when the epoch is lost.
    pub epoch: CancellationToken,
}

impl Lane {
    /// Commits what arrives until the last sender is gone or the epoch is.
    pub async fn run(self, mut arriving: mpsc::Receiver<Item>) {
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
            let look = self.committer.store.prefetch(next.events.clone());
            let since = Instant::now();
            let (committed, seen) = join(self.commit(batch, read_set), look).await;
            let Ok(delta) = committed else {
                return;
            };
            // A look that failed is done again with the batch, and what fails then is dealt with there.
            let seen = seen.ok().filter(|_| since.elapsed() < FRESH);
            let read_set = delta.zip(seen).and_then(|(delta, seen)| seen.rebase(delta));
            ahead = Some((next, read_set));
        }
    }

    /// What has arrived, or else arrives first; empty if nothing can any more.
    async fn batch(&self, arriving: &mut mpsc::Receiver<Item>) -> Batch<Message> {
        let mut items = Vec::with_capacity(self.batch_size);
        arriving.recv_many(&mut items, self.batch_size).await;
        items.into_iter().collect()
    }

    async fn commit(
        &self,
        batch: Batch<Message>,
        read_set: Option<ReadSet>,
    ) -> Result<Option<CommitDelta>, Abandoned> {
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

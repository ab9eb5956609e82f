//! Committing a batch, whatever happens: a failure that may pass is tried again, and a batch that the database refuses is
//! halved until the refused event stands alone.
//!
//! This is the one rule for everything that feeds the store. An event that the database refuses never keeps its neighbours
//! from being committed, and while the database is away the batch waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::select_all;
use tokio_util::sync::CancellationToken;
use totals_core::domain::{Event, Outcome};
use totals_core::runtime::backoff::Backoff;
use totals_core::store::{Applied, CommitDelta, Decision, ReadSet, Store, StoreError};

use crate::metrics::Metrics;
use crate::stall::Task;

/// The most bytes of events' payloads in a transaction. A batch with more is halved, unless it is one event.
const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// So many failures in a row are part of normal life (two workers on one campaign) and not worth a line in the log.
const QUIET_FAILURES: u32 = 3;

/// What committing needs.
pub struct Committer {
    /// The lane's number, from 0, for the log.
    pub lane: usize,
    /// Where it commits.
    pub store: Store,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
    /// Where it says what it waits for.
    pub progress: Task,
    /// One at least. When any is cancelled, the committer no longer waits for a database that is away.
    pub give_up: Vec<CancellationToken>,
}

/// Events, and in the same order what each of them came from.
#[derive(Debug)]
pub struct Batch<T> {
    /// The events.
    pub events: Arc<[Event]>,
    /// For example the messages.
    pub sources: Vec<T>,
}

/// Work on a batch ended early, because the epoch is lost or the process stops.
#[derive(Debug)]
pub struct GaveUp;

impl<T> Batch<T> {
    fn is_too_large(&self) -> bool {
        let bytes = self.events.iter().map(|event| event.payload.get().len());
        bytes.sum::<usize>() > MAX_BATCH_BYTES
    }

    fn split(mut self) -> [Self; 2] {
        let middle = self.events.len() / 2;
        let (first, second) = self.events.split_at(middle);
        let sources = self.sources.split_off(middle);
        [(first, self.sources), (second, sources)].map(|(events, sources)| Self {
            events: events.into(),
            sources,
        })
    }
}

impl<T> FromIterator<(Event, T)> for Batch<T> {
    fn from_iter<I: IntoIterator<Item = (Event, T)>>(items: I) -> Self {
        let (events, sources): (Vec<_>, _) = items.into_iter().unzip();
        let events = events.into();
        Self { events, sources }
    }
}

impl Committer {
    /// Commits all of a batch, in pieces if it must. It tells `settle` for each piece what became of its events, or why
    /// the piece's one event is refused. `read_set` is what was prefetched for the batch, if anything was. Returns what the
    /// commit changed, if the batch was committed in one piece.
    ///
    /// # Errors
    /// [`GaveUp`] if it was told to give up. Pieces that `settle` was not told of are not committed.
    pub async fn commit<T>(
        &self,
        batch: Batch<T>,
        mut read_set: Option<ReadSet>,
        mut settle: impl FnMut(Batch<T>, Result<Vec<Outcome>, StoreError>),
    ) -> Result<Option<CommitDelta>, GaveUp> {
        let (mut open, mut delta, mut whole) = (vec![batch], None, true);
        while let Some(batch) = open.pop() {
            let divisible = batch.events.len() > 1;
            if !(divisible && batch.is_too_large()) {
                let answer = self.apply(&batch.events, read_set.take()).await?;
                if answer.is_ok() || !divisible {
                    let outcomes = answer.map(|applied| {
                        delta = Some(applied.delta).filter(|_| whole);
                        applied.outcomes
                    });
                    settle(batch, outcomes);
                    continue;
                }
            }
            whole = false;
            let [first, second] = batch.split();
            open.extend([second, first]);
        }
        Ok(delta)
    }

    /// Applies a piece. Tries again while that may help.
    async fn apply(
        &self,
        events: &Arc<[Event]>,
        mut read_set: Option<ReadSet>,
    ) -> Result<Result<Applied, StoreError>, GaveUp> {
        let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_secs(1));
        loop {
            let started = Instant::now();
            let mut error = match self.store.apply(events.clone(), read_set.take()).await {
                Ok(applied) => {
                    self.metrics
                        .committed(started.elapsed(), events.iter().zip(&applied.outcomes));
                    return Ok(Ok(applied));
                }
                Err(error) => error,
            };
            match error.decision() {
                Decision::Reject => {
                    tracing::debug!(batch.size = events.len(), %error, "MongoDB refuses the batch");
                    return Ok(Err(error));
                }
                Decision::Retry => {}
            }
            self.metrics.retried("commit");
            if error.is_lost_structure() {
                let prepared = tokio::select! {
                    prepared = self.store.prepare() => prepared,
                    () = self.told_to_give_up() => return Err(GaveUp),
                };
                error = prepared.err().unwrap_or(error);
            }
            self.progress.fail(&error);
            let delay = backoff.next_delay();
            if backoff.failures() > QUIET_FAILURES && backoff.is_worth_a_line() {
                let (attempt, lane) = (backoff.failures(), self.lane);
                tracing::warn!(lane, attempt, batch.size = events.len(), %error, "the batch has to wait");
            }
            if backoff.failures() > QUIET_FAILURES
                && error.is_write_conflict()
                && self.end_abandoned_transactions().await
            {
                // Nothing is in the way any more, and a standby that takes over must not pause longer.
                backoff.reset();
                continue;
            }
            tokio::select! {
                () = self.told_to_give_up() => return Err(GaveUp),
                () = tokio::time::sleep(delay) => {}
            }
        }
    }

    async fn told_to_give_up(&self) {
        let give_up = self.give_up.iter().map(|token| Box::pin(token.cancelled()));
        select_all(give_up).await;
    }

    /// Returns true if there were any.
    async fn end_abandoned_transactions(&self) -> bool {
        match self.store.end_abandoned_transactions().await {
            Ok(0) => return false,
            Ok(count) => tracing::info!(count, "ended transactions that a dead worker left open"),
            Err(error) => {
                tracing::debug!(%error, "abandoned transactions cannot be ended");
                return false;
            }
        }
        true
    }
}

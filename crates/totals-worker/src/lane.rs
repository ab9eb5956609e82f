//! A lane commits events in batches: whatever has arrived when the last batch is committed is the next one.
//!
//! So an idle service commits a lone event at once and a busy one commits hundreds at a time, without a timer.
//! Commit first, settle after. A batch that the database refuses is halved until the culprit stands alone and is
//! dead-lettered, and everything else is committed. While the database is away the batch is held.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use totals_core::domain::{Event, Outcome};
use totals_core::runtime::backoff::Backoff;
use totals_core::store::{Decision, Store, StoreError};
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::dead_letter::Parked;
use crate::message::{Message, Reason};
use crate::metrics::Metrics;
use crate::settle::Settle;

/// A transaction holds at most this much of events' bodies, however few events that is.
const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Failures that are part of normal life (two workers on one campaign) before one is worth a line in the log.
const QUIET_FAILURES: u32 = 3;

/// A decoded message.
pub type Item = (Event, Message);

/// What a lane needs.
pub struct Lane {
    /// Which lane, from 0.
    pub number: usize,
    /// Most events in a transaction.
    pub batch_size: usize,
    /// Where it commits.
    pub store: Store,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
    /// Where it settles what is committed.
    pub settle: Settle,
    /// Where it sends what cannot be committed.
    pub park: mpsc::UnboundedSender<Parked>,
    /// Cancelled when the epoch is lost: give up what is in hand, it will be delivered again.
    pub epoch: CancellationToken,
    /// Cancelled when the process stops: finish what is in hand, but do not wait for a database that is away.
    pub stopping: CancellationToken,
}

/// Events and the messages they came in, in step.
struct Batch {
    events: Vec<Event>,
    messages: Vec<Message>,
}

impl Batch {
    fn bytes(&self) -> usize {
        self.messages.iter().map(|message| message.body.len()).sum()
    }

    fn split(mut self) -> [Self; 2] {
        let middle = self.events.len() / 2;
        let second = Self {
            events: self.events.split_off(middle),
            messages: self.messages.split_off(middle),
        };
        [self, second]
    }
}

/// How the attempts to commit a batch ended.
enum Attempt {
    Committed(Vec<Outcome>),
    Refused(StoreError),
    Abandoned,
}

impl Lane {
    /// Commits what arrives until the last sender is gone or the epoch is.
    pub async fn run(self, mut arriving: mpsc::Receiver<Item>) {
        let mut items = Vec::with_capacity(self.batch_size);
        while arriving.recv_many(&mut items, self.batch_size).await > 0 && !self.epoch.is_cancelled() {
            let (events, messages) = items.drain(..).unzip();
            if !self.commit(Batch { events, messages }).await {
                break;
            }
        }
    }

    /// Commits or parks all of a batch; false if it had to be left to the next delivery.
    async fn commit(&self, batch: Batch) -> bool {
        let mut open = vec![batch];
        while let Some(batch) = open.pop() {
            let divisible = batch.events.len() > 1;
            if divisible && batch.bytes() > MAX_BATCH_BYTES {
                let [first, second] = batch.split();
                open.extend([second, first]);
                continue;
            }
            let span = tracing::info_span!("batch", lane = self.number, batch.size = batch.events.len());
            for trace in batch.messages.iter().filter_map(Message::trace) {
                span.add_link(trace);
            }
            match self.apply(&batch.events).instrument(span).await {
                Attempt::Committed(outcomes) => self.finish(batch, outcomes),
                Attempt::Refused(_) if divisible => {
                    let [first, second] = batch.split();
                    open.extend([second, first]);
                }
                Attempt::Refused(error) => {
                    for (event, message) in batch.events.iter().zip(batch.messages) {
                        self.park(message, Reason::refused(event, &error));
                    }
                }
                Attempt::Abandoned => return false,
            }
        }
        true
    }

    /// Applies a batch, again and again while that may help.
    async fn apply(&self, events: &[Event]) -> Attempt {
        let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_secs(1));
        loop {
            let started = Instant::now();
            let error = match self.store.apply(events).await {
                Ok(outcomes) => {
                    let types = events.iter().map(Event::event_type);
                    self.metrics.committed(started.elapsed(), types.zip(&outcomes));
                    return Attempt::Committed(outcomes);
                }
                Err(error) => error,
            };
            match error.decision() {
                Decision::Reject => {
                    tracing::debug!(batch.size = events.len(), %error, "MongoDB refuses the batch");
                    return Attempt::Refused(error);
                }
                Decision::Retry => {}
            }
            self.metrics.retried("commit");
            let delay = backoff.next_delay();
            if backoff.failures() > QUIET_FAILURES && backoff.is_worth_a_line() {
                let (attempt, lane) = (backoff.failures(), self.number);
                tracing::warn!(lane, attempt, batch.size = events.len(), %error, "the batch has to wait");
            }
            if backoff.failures() > QUIET_FAILURES && error.is_write_conflict() {
                self.end_abandoned_transactions().await;
            }
            tokio::select! {
                () = self.epoch.cancelled() => return Attempt::Abandoned,
                () = self.stopping.cancelled() => return Attempt::Abandoned,
                () = tokio::time::sleep(delay) => {}
            }
        }
    }

    async fn end_abandoned_transactions(&self) {
        match self.store.end_abandoned_transactions().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "ended transactions that a dead worker left open"),
            Err(error) => tracing::debug!(%error, "abandoned transactions cannot be ended"),
        }
    }

    fn finish(&self, batch: Batch, outcomes: Vec<Outcome>) {
        let mut committed = Vec::with_capacity(batch.messages.len());
        for ((event, message), outcome) in batch.events.iter().zip(batch.messages).zip(outcomes) {
            match outcome {
                Outcome::Applied { .. } | Outcome::Duplicate => committed.push(message.tag),
                Outcome::Quarantined(quarantine) => {
                    self.park(message, Reason::quarantined(event, &quarantine));
                }
            }
        }
        self.settle.done(committed);
    }

    fn park(&self, message: Message, reason: Reason) {
        // The receiver outlives the lanes unless the epoch is over; then the message will be delivered again.
        let _ = self.park.send(Parked { message, reason });
    }
}

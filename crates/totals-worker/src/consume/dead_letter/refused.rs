//! Dead letters that their queue refuses (a limit of the queue, a message too large for the broker).
//!
//! They stay unacknowledged, so that nothing is lost, and are tried again, while others go past them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use totals_core::runtime::backoff::Backoff;

use super::ParkedBatch;
use crate::broker::call::BrokerError;
use crate::consume::parked::Parked;
use crate::metrics::{Metrics, Operation};
use crate::stall::Task;

/// The refused dead letters of an epoch.
pub struct Refused {
    waiting: VecDeque<Parked>,
    backoff: Backoff,
    due: Instant,
    metrics: Arc<Metrics>,
    /// Has work in hand while any wait.
    progress: Task,
}

impl Refused {
    /// None yet.
    pub fn new(metrics: Arc<Metrics>, progress: Task) -> Self {
        Self {
            waiting: VecDeque::new(),
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(10)),
            due: Instant::now(),
            metrics,
            progress,
        }
    }

    /// Waits until it is time to try some again; for ever if none wait.
    pub async fn due(&self) {
        if self.waiting.is_empty() {
            std::future::pending::<()>().await;
        } else {
            sleep_until(self.due).await;
        }
    }

    /// Hands out those that have waited longest, to be tried again.
    pub fn take(&mut self, most: usize) -> Vec<Parked> {
        self.waiting.drain(..most.min(self.waiting.len())).collect()
    }

    /// Takes in what became of a batch, and keeps what the queue does not take. `retried` is true if [`Refused::take`]
    /// handed the batch out.
    pub(super) fn conclude(&mut self, retried: bool, batch: ParkedBatch) {
        match batch.refused {
            Some((parked, error)) => self.keep(parked, &error),
            // The queue takes them again.
            None if retried => {
                self.backoff.reset();
                self.due = Instant::now();
            }
            None => {}
        }
        self.metrics.dead_letters_refused(self.waiting.len());
        if retried && batch.taken > 0 {
            self.progress.advance();
        }
        if self.waiting.is_empty() {
            self.progress.rest();
        } else {
            self.progress.begin();
        }
    }

    fn keep(&mut self, parked: Vec<Parked>, error: &BrokerError) {
        self.metrics.retried(Operation::PublishDeadLetters);
        self.progress.fail(error);
        self.waiting.extend(parked);
        // One that just came does not put off those that wait.
        if self.due <= Instant::now() {
            self.due = Instant::now() + self.backoff.next_delay();
            if self.backoff.is_worth_a_line() {
                let (attempt, count) = (self.backoff.failures(), self.waiting.len());
                tracing::error!(attempt, count, %error, "dead letters are refused and stay unacknowledged");
            }
        }
    }
}

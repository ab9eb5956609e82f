//! Messages that can never be applied: to the dead-letter queue with their reason, and then done with.
//!
//! They are published on a connection of their own, because a broker in an alarm blocks connections that publish,
//! and acknowledgements with them. Publishing is confirmed, and `mandatory`, so that the worker notices when somebody has
//! deleted the queue. Only then does the worker log the failure, and only after that does it settle the delivery. The log
//! also tells which messages were parked before: one that a producer publishes again and again, as it is, is in the
//! dead-letter queue once. A message whose event id is not readable is known by [a hash](crate::broker::identity). If its letter is no longer in the queue (an operator has
//! discarded or replayed it, or somebody has emptied the queue), the worker parks the message again.
//!
//! A dead letter that its queue [refuses](refused) is no reason to keep others back.

mod record;
pub mod refused;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Broker;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use totals_core::runtime::backoff::Backoff;
use totals_core::store::{Contents, Store};

use crate::broker::call::BrokerError;
use crate::broker::connection::Address;
use crate::broker::occupancy::{Occupancy, POLL};
use crate::broker::publisher::Publisher;
use crate::commit::GaveUp;
use crate::consume::parked::Parked;
use crate::consume::report::Report;
use crate::consume::settle::Settle;
use crate::metrics::{Metrics, Operation};
use crate::stall::Task;
use refused::Refused;

/// The most messages parked together. Their log rows go into one command, which must stay below 16 MB.
const MAX_BATCH: usize = 32;

/// What an operator can do about dead letters that stall.
pub const REMEDY: &str = "let RabbitMQ take messages for the dead-letter queue (limits and policies of the queue, rights of \
                          the user in RABBITMQ_URL, alarms) and MongoDB take writes; the worker then goes on by itself";

/// What parking needs.
pub struct DeadLetters {
    /// The broker.
    pub address: Address,
    /// Queue names.
    pub config: Broker,
    /// Where failures are logged.
    pub store: Store,
    /// Where they are counted.
    pub metrics: Arc<Metrics>,
    /// Where they are settled.
    pub settle: Settle,
    /// Where it says whether letters make progress.
    pub parking: Task,
    /// The letters that the queue does not take.
    pub refused: Refused,
    /// When this is cancelled, it no longer waits for a service that is away.
    pub stopping: CancellationToken,
}

/// What became of a batch.
struct ParkedBatch {
    /// The deliveries whose letters are safe in the dead-letter queue, now or before.
    safe: Vec<u64>,
    /// How many letters the queue took now.
    taken: usize,
    /// The messages that the dead-letter queue does not take, and its words for it.
    refused: Option<(Vec<Parked>, BrokerError)>,
}

impl DeadLetters {
    /// Parks what arrives until the last sender is gone. May be dropped at any moment: the broker delivers again what is
    /// not settled then.
    pub async fn run(mut self, mut arriving: mpsc::UnboundedReceiver<Parked>) {
        let mut publisher = Publisher::new(self.address.clone(), &self.config);
        let mut report = Report::default();
        loop {
            let (mut batch, mut retried) = (Vec::new(), false);
            self.parking.rest();
            tokio::select! {
                count = arriving.recv_many(&mut batch, MAX_BATCH) => if count == 0 { break },
                () = self.refused.due() => {
                    batch = self.refused.take(MAX_BATCH);
                    retried = true;
                }
                () = report.due() => {
                    report.write();
                    continue;
                }
            }
            self.parking.begin();
            let Ok(mut parked) = self.park(&mut publisher, &mut report, batch).await else {
                break;
            };
            self.settle.done(std::mem::take(&mut parked.safe));
            self.refused.conclude(retried, parked);
        }
        report.write();
        publisher.disconnect().await;
    }

    async fn park(
        &self,
        publisher: &mut Publisher,
        report: &mut Report,
        batch: Vec<Parked>,
    ) -> Result<ParkedBatch, GaveUp> {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        let contents = self.contents(publisher, &mut backoff).await?;
        let mut fresh = self.not_parked_before(&batch, contents, &mut backoff).await?;
        let publish = fresh.iter().map(|(parked, _)| *parked).collect();
        let (left, error) = self.publish(publisher, publish, &mut backoff).await?;
        let left: HashSet<u64> = left.iter().map(|parked| parked.message.tag).collect();
        fresh.retain(|(parked, _)| !left.contains(&parked.message.tag));
        let (taken, failures): (Vec<&Parked>, Vec<_>) = fresh.into_iter().unzip();
        self.record(failures, contents, &mut backoff).await?;
        for Parked { message, reason } in &taken {
            self.metrics
                .dead_lettered(reason.subject.event_type.as_deref(), reason.code);
            report.add(reason, || message.trace());
        }
        let taken = taken.len();
        let (refused, safe): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|parked| left.contains(&parked.message.tag));
        Ok(ParkedBatch {
            safe: safe.iter().map(|parked| parked.message.tag).collect(),
            taken,
            refused: error.map(|error| (refused, error)),
        })
    }

    /// Publishes until each message of the batch is confirmed or refused. Returns the refused ones, and the last refusal.
    async fn publish<'a>(
        &self,
        publisher: &mut Publisher,
        mut batch: Vec<&'a Parked>,
        backoff: &mut Backoff,
    ) -> Result<(Vec<&'a Parked>, Option<BrokerError>), GaveUp> {
        let Err(error) = publisher.publish(&mut batch).await else {
            return Ok((batch, None));
        };
        if error.is_refusal() {
            return Ok((batch, Some(error)));
        }
        // One of them may be what the broker closed the channel for: alone it does not take others with it.
        let (mut left, mut refusal) = (Vec::new(), None);
        let mut failure = Some(error);
        for parked in batch {
            loop {
                if let Some(error) = failure.take() {
                    publisher.disconnect().await;
                    self.pause(backoff, Operation::PublishDeadLetters, &error).await?;
                }
                match publisher.publish(&mut vec![parked]).await {
                    Ok(()) => {
                        self.parking.advance();
                        break;
                    }
                    Err(error) if error.is_refusal() || error.is_precondition_failed() => {
                        publisher.disconnect().await;
                        left.push(parked);
                        refusal = Some(error);
                        break;
                    }
                    Err(error) => failure = Some(error),
                }
            }
        }
        Ok((left, refusal))
    }

    /// Finds out what is in the dead-letter queue, by whether it is empty. This happens before a letter is put into it,
    /// because an empty queue that was filled again could not be told from one that was never empty. Letters that somebody
    /// holds are there: a tool that only looks at them soon gives them back, and the worker does not wait for one that
    /// holds them for long.
    async fn contents(&self, publisher: &mut Publisher, backoff: &mut Backoff) -> Result<Contents, GaveUp> {
        let queue = self.config.dead_letter_queue();
        loop {
            let empty = match publisher.occupancy().await {
                Ok(Occupancy::Empty) => true,
                Ok(Occupancy::Occupied) => false,
                Ok(Occupancy::Unknown) => {
                    self.unless_stopping(POLL).await?;
                    continue;
                }
                Err(error) => {
                    publisher.disconnect().await;
                    self.pause(backoff, Operation::CountDeadLetters, &error).await?;
                    continue;
                }
            };
            match self.store.dead_letter_contents(&queue, empty).await {
                Ok(contents) => return Ok(contents),
                // What was found in the queue may be gone by the time that the database answers.
                Err(error) => self.pause(backoff, Operation::FindFailures, &error).await?,
            }
        }
    }

    async fn pause(
        &self,
        backoff: &mut Backoff,
        operation: Operation,
        error: &(dyn std::error::Error + Sync),
    ) -> Result<(), GaveUp> {
        self.metrics.retried(operation);
        self.parking.fail(error);
        let delay = backoff.next_delay();
        if backoff.is_worth_a_line() {
            tracing::warn!(operation = operation.as_str(), attempt = backoff.failures(), %error, "dead letters have to wait");
        }
        self.unless_stopping(delay).await
    }

    async fn unless_stopping(&self, delay: Duration) -> Result<(), GaveUp> {
        tokio::select! {
            () = self.stopping.cancelled() => Err(GaveUp),
            () = tokio::time::sleep(delay) => Ok(()),
        }
    }
}

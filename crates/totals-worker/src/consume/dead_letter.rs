//! Messages that can never be applied: to the dead-letter queue with their reason, and then done with.
//!
//! They are published on a connection of their own, because a broker in an alarm blocks connections that publish,
//! and acknowledgements with them. Publishing is confirmed, and `mandatory`, so that a queue deleted meanwhile is
//! noticed. Only then is the failure logged, and only then is the delivery settled. The log also tells which messages
//! were parked before: one that is published again and again, as it is, is in the dead-letter queue once (as long as
//! its event id is readable). When its letter is not in the queue any more (an operator has discarded or replayed it, or
//! somebody has emptied the queue), the message is parked again.
//!
//! A dead letter that its queue refuses (a limit of the queue, a message too large for the broker) is no reason to keep
//! others back: it is set aside, tried again, and stays unacknowledged until it is safe.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::config::Broker;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use totals_core::domain::ContentHash;
use totals_core::runtime::backoff::Backoff;
use totals_core::store::{Contents, Decision, Failure, Store};

use crate::broker::connection::{Address, BrokerError};
use crate::broker::look::POLL;
use crate::broker::publisher::{Found, Publisher};
use crate::consume::parked::Parked;
use crate::consume::report::Report;
use crate::consume::settle::Settle;
use crate::metrics::Metrics;
use crate::stall::Task;

/// Messages parked together, at most: their log rows go into one command, which must stay below 16 MB.
const MAX_BATCH: usize = 32;

/// What an operator can do about dead letters that stall.
pub const REMEDY: &str = "let RabbitMQ take messages for the dead-letter queue (limits and policies of the queue, rights of \
                          the user in RABBITMQ_URL, alarms) and MongoDB take writes; the worker then goes on by itself";

/// How often the log is asked to take a failure that it has answered it does not take: about 5 s in all. An answer that does
/// not come is no answer.
const RECORD_ATTEMPTS: u32 = 8;

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
    /// Where it says whether letters get on.
    pub parking: Task,
    /// Where it says whether refused letters are taken at last.
    pub refusals: Task,
    /// When this is cancelled, does not wait for a service that is away.
    pub stopping: CancellationToken,
}

/// The worker stops before a message was safe.
struct Abandoned;

/// What became of a batch.
struct Parking {
    /// Safe, in the dead-letter queue or there before.
    safe: Vec<u64>,
    /// How many of these the queue took now.
    published: usize,
    /// What the dead-letter queue does not take, and its words for it.
    refused: Option<(Vec<Parked>, BrokerError)>,
}

/// Messages that the dead-letter queue does not take. They stay unacknowledged, so that nothing is lost, and are tried
/// again, while others go past them.
struct Refused {
    waiting: VecDeque<Parked>,
    backoff: Backoff,
    due: Instant,
}

impl DeadLetters {
    /// Parks what arrives until the last sender is gone. May be dropped at any moment: what is not settled then is
    /// delivered again.
    pub async fn run(self, mut arriving: mpsc::UnboundedReceiver<Parked>) {
        let mut publisher = Publisher::new(self.address.clone(), &self.config);
        let mut report = Report::default();
        let mut refused = Refused {
            waiting: VecDeque::new(),
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(10)),
            due: Instant::now(),
        };
        loop {
            let mut batch = Vec::new();
            let mut again = 0;
            self.parking.rest();
            tokio::select! {
                count = arriving.recv_many(&mut batch, MAX_BATCH) => if count == 0 { break },
                () = sleep_until(refused.due), if !refused.waiting.is_empty() => {
                    again = refused.waiting.len().min(MAX_BATCH);
                    batch.extend(refused.waiting.drain(..again));
                }
                () = report.due() => {
                    report.write();
                    continue;
                }
            }
            self.parking.begin();
            let Ok(parking) = self.park(&mut publisher, &mut report, batch).await else {
                break;
            };
            let taken = if again > 0 { parking.published } else { 0 };
            self.settle.done(parking.safe);
            match parking.refused {
                Some((parked, error)) => self.refused(&mut refused, parked, &error),
                // The queue takes them again.
                None if again > 0 => {
                    refused.backoff.reset();
                    refused.due = Instant::now();
                }
                None => {}
            }
            self.metrics.dead_letters_refused(refused.waiting.len());
            self.tell_refusals(taken, refused.waiting.len());
        }
        report.write();
        publisher.disconnect().await;
    }

    /// Says how many letters that had been refused were taken now, and how many still wait.
    fn tell_refusals(&self, taken: usize, waiting: usize) {
        if taken > 0 {
            self.refusals.advance();
        }
        if waiting > 0 {
            self.refusals.begin();
        } else {
            self.refusals.rest();
        }
    }

    /// Keeps for later what the queue does not take.
    fn refused(&self, refused: &mut Refused, parked: Vec<Parked>, error: &BrokerError) {
        self.metrics.retried("publish_dead_letters");
        self.refusals.fail(error);
        refused.waiting.extend(parked);
        // One that just came does not put off those that wait.
        if refused.due <= Instant::now() {
            refused.due = Instant::now() + refused.backoff.next_delay();
            if refused.backoff.is_worth_a_line() {
                let (attempt, count) = (refused.backoff.failures(), refused.waiting.len());
                tracing::error!(attempt, count, %error, "dead letters are refused and stay unacknowledged");
            }
        }
    }

    async fn park(
        &self,
        publisher: &mut Publisher,
        report: &mut Report,
        batch: Vec<Parked>,
    ) -> Result<Parking, Abandoned> {
        let failures: Vec<Option<Failure>> = batch.iter().map(failure).collect();
        let identified: Vec<Failure> = failures.iter().flatten().cloned().collect();
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        let contents = self.contents(publisher, &mut backoff).await?;
        let known = loop {
            match self.store.known_failures(&identified, contents).await {
                Ok(known) => break known,
                Err(error) => self.pause(&mut backoff, "find_failures", &error).await?,
            }
        };

        let mut known = known.into_iter();
        let mut seen = HashSet::new();
        let (mut publish, mut record) = (Vec::new(), Vec::new());
        for (parked, failure) in batch.iter().zip(failures) {
            let Some(failure) = failure else {
                publish.push(parked);
                continue;
            };
            let recorded = known.next().unwrap_or(false);
            let repeated = !seen.insert((failure.event_id.clone(), ContentHash::of_bytes(&failure.body)));
            if (recorded || repeated) && parked.message.attempts() == 0 {
                let event_type = parked.reason.subject.event_type.as_deref();
                self.metrics.dead_lettered_before(event_type);
            } else {
                publish.push(parked);
                record.push((parked.message.tag, failure));
            }
        }

        let (left, error) = self.publish(publisher, publish.clone(), &mut backoff).await?;
        let left: HashSet<u64> = left.iter().map(|parked| parked.message.tag).collect();
        record.retain(|(tag, _)| !left.contains(tag));
        publish.retain(|parked| !left.contains(&parked.message.tag));
        let record: Vec<Failure> = record.into_iter().map(|(_, failure)| failure).collect();
        let count = publish.len();
        self.record(record, contents, &mut backoff).await?;
        for Parked { reason, .. } in publish {
            self.metrics
                .dead_lettered(reason.subject.event_type.as_deref(), reason.code);
            report.add(reason);
        }
        let (refused, safe): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|parked| left.contains(&parked.message.tag));
        Ok(Parking {
            safe: safe.iter().map(|parked| parked.message.tag).collect(),
            published: count,
            refused: error.map(|error| (refused, error)),
        })
    }

    /// Publishes until each of the batch is confirmed or refused; returns the refused ones, and the last refusal.
    async fn publish<'a>(
        &self,
        publisher: &mut Publisher,
        mut batch: Vec<&'a Parked>,
        backoff: &mut Backoff,
    ) -> Result<(Vec<&'a Parked>, Option<BrokerError>), Abandoned> {
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
                    self.pause(backoff, "publish_dead_letters", &error).await?;
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

    /// What is in the dead-letter queue, by a look at whether it is empty. Before a letter is put into it: an empty queue
    /// that was filled again could not be told from one that never was empty. Letters that somebody holds are there: who
    /// only looks at them soon gives them back, and who does so for long is not waited for.
    async fn contents(
        &self,
        publisher: &mut Publisher,
        backoff: &mut Backoff,
    ) -> Result<Contents, Abandoned> {
        let queue = self.config.dead_letter_queue();
        loop {
            let empty = match publisher.look().await {
                Ok(found @ (Found::Nothing | Found::Messages)) => found == Found::Nothing,
                Ok(Found::Unknown) => {
                    self.unless_stopping(POLL).await?;
                    continue;
                }
                Err(error) => {
                    publisher.disconnect().await;
                    self.pause(backoff, "count_dead_letters", &error).await?;
                    continue;
                }
            };
            match self.store.dead_letter_contents(&queue, empty).await {
                Ok(contents) => return Ok(contents),
                // What was found in the queue may be gone by the time that the database answers.
                Err(error) => self.pause(backoff, "find_failures", &error).await?,
            }
        }
    }

    /// Records failures, each by itself: one that the log does not take keeps no other waiting. Its letter is safe already.
    async fn record(
        &self,
        mut failures: Vec<Failure>,
        contents: Contents,
        backoff: &mut Backoff,
    ) -> Result<(), Abandoned> {
        let mut answers = 0;
        while !failures.is_empty() {
            let mut refused = match self.store.record_failures(&failures, contents).await {
                Ok(refused) => refused,
                Err(error) if error.decision() == Decision::Reject => {
                    let each = (0..failures.len()).map(|index| (index, error.clone()));
                    each.collect()
                }
                Err(error) => {
                    self.pause(backoff, "record_failures", &error).await?;
                    continue;
                }
            };
            answers += 1;
            refused.retain(|(index, error)| {
                let again = error.decision() == Decision::Retry && answers < RECORD_ATTEMPTS;
                if !again {
                    let event_id = failures.get(*index).map(|failure| failure.event_id.as_str());
                    tracing::error!(
                        event.id = event_id, %error,
                        "a failure cannot be logged and is in the dead-letter queue alone"
                    );
                }
                again
            });
            if let Some((_, error)) = refused.first() {
                self.pause(backoff, "record_failures", error).await?;
            }
            let again: HashSet<usize> = refused.into_iter().map(|(index, _)| index).collect();
            let mut place = 0..;
            failures.retain(|_| place.next().is_some_and(|place| again.contains(&place)));
        }
        Ok(())
    }

    async fn pause(
        &self,
        backoff: &mut Backoff,
        operation: &'static str,
        error: &(dyn std::error::Error + Sync),
    ) -> Result<(), Abandoned> {
        self.metrics.retried(operation);
        self.parking.fail(error);
        let delay = backoff.next_delay();
        if backoff.is_worth_a_line() {
            tracing::warn!(operation, attempt = backoff.failures(), %error, "dead letters have to wait");
        }
        self.unless_stopping(delay).await
    }

    async fn unless_stopping(&self, delay: Duration) -> Result<(), Abandoned> {
        tokio::select! {
            () = self.stopping.cancelled() => Err(Abandoned),
            () = tokio::time::sleep(delay) => Ok(()),
        }
    }
}

/// The log row of a message whose event id is readable.
fn failure(parked: &Parked) -> Option<Failure> {
    let subject = &parked.reason.subject;
    Some(Failure {
        event_id: subject.event_id.clone()?,
        event_type: subject.event_type.clone(),
        campaign: subject.campaign.clone(),
        donation: subject.donation.clone(),
        code: parked.reason.code,
        error: parked.reason.text.clone(),
        body: parked.message.body.clone(),
    })
}

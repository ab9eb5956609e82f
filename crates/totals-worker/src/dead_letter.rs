//! Messages that can never be applied: to the dead-letter queue with their reason, and then done with.
//!
//! They are published on a connection of their own, because a broker in an alarm blocks connections that publish,
//! and acknowledgements with them. Publishing is confirmed, and `mandatory`, so that a queue deleted meanwhile is
//! noticed. Only then is the failure logged, and only then is the delivery settled. The log also tells which messages
//! were parked before: one that is published again and again, as it is, is in the dead-letter queue once (as long as
//! its event id is readable, and unless an operator replays it).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use totals_core::domain::ContentHash;
use totals_core::runtime::backoff::Backoff;
use totals_core::runtime::config::Broker;
use totals_core::store::{Decision, Failure, Store};

use crate::connection::Address;
use crate::message::{Message, Reason};
use crate::metrics::Metrics;
use crate::publisher::Publisher;
use crate::settle::Settle;

/// Messages parked together, at most: their log rows go into one command, which must stay below 16 MB.
const MAX_BATCH: usize = 32;

/// A message and why it is dead-lettered.
#[derive(Debug)]
pub struct Parked {
    /// The message.
    pub message: Message,
    /// Why.
    pub reason: Reason,
}

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
    /// Gives up at once when this is cancelled; what is not settled then is delivered again.
    pub epoch: CancellationToken,
    /// When this is cancelled, does not wait for a service that is away.
    pub stopping: CancellationToken,
}

/// The epoch ended before a message was safe.
struct Abandoned;

impl DeadLetters {
    /// Parks what arrives until the last sender is gone.
    pub async fn run(self, mut arriving: mpsc::UnboundedReceiver<Parked>) {
        let mut publisher = Publisher::new(self.address.clone(), self.config.clone());
        let mut batch = Vec::with_capacity(MAX_BATCH);
        while arriving.recv_many(&mut batch, MAX_BATCH).await > 0 {
            if self.park(&mut publisher, &batch).await.is_err() {
                break;
            }
            self.settle
                .done(batch.drain(..).map(|parked| parked.message.tag).collect());
        }
        publisher.disconnect().await;
    }

    async fn park(&self, publisher: &mut Publisher, batch: &[Parked]) -> Result<(), Abandoned> {
        let failures: Vec<Option<Failure>> = batch.iter().map(failure).collect();
        let identified: Vec<Failure> = failures.iter().flatten().cloned().collect();
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        let known = loop {
            match self.store.known_failures(&identified).await {
                Ok(known) => break known,
                Err(error) => self.pause(&mut backoff, "find_failures", &error).await?,
            }
        };

        let mut known = known.into_iter();
        let mut seen = HashSet::new();
        let (mut publish, mut record) = (Vec::new(), Vec::new());
        for (parked, failure) in batch.iter().zip(failures) {
            let event_type = parked.reason.subject.event_type.as_deref();
            let Some(failure) = failure else {
                publish.push(parked);
                continue;
            };
            let recorded = known.next().unwrap_or(false);
            let repeated = !seen.insert((failure.event_id.clone(), ContentHash::of_bytes(&failure.body)));
            if (recorded || repeated) && parked.message.attempts() == 0 {
                self.metrics.dead_lettered_before(event_type);
            } else {
                publish.push(parked);
                record.push(failure);
            }
        }
        let mut unconfirmed = publish.clone();
        while let Err(error) = publisher.publish(&mut unconfirmed).await {
            publisher.disconnect().await;
            self.pause(&mut backoff, "publish_dead_letters", &error).await?;
        }
        while let Err(error) = self.store.record_failures(&record).await {
            match error.decision() {
                Decision::Retry => self.pause(&mut backoff, "record_failures", &error).await?,
                Decision::Reject => {
                    tracing::error!(%error, count = record.len(), "failures are in the dead-letter queue alone");
                    break;
                }
            }
        }
        for Parked { reason, .. } in &publish {
            self.metrics
                .dead_lettered(reason.subject.event_type.as_deref(), reason.code);
        }
        if let Some(Parked { reason, .. }) = publish.first() {
            // One line a batch: a flood of poison must not become a flood of lines.
            tracing::warn!(
                count = publish.len(),
                first.event.id = reason.subject.event_id.as_ref().map(tracing::field::display),
                first.reason = reason.text,
                "dead-lettered"
            );
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
        let delay = backoff.next_delay();
        if backoff.is_worth_a_line() {
            tracing::warn!(operation, attempt = backoff.failures(), %error, "dead letters have to wait");
        }
        tokio::select! {
            () = self.epoch.cancelled() => Err(Abandoned),
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

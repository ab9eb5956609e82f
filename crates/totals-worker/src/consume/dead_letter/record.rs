//! The log rows of dead letters: what was parked before, and what is parked now.

use std::collections::HashSet;

use totals_core::domain::{ContentHash, MAX_BODY_BYTES};
use totals_core::runtime::backoff::Backoff;
use totals_core::store::{Contents, Decision, Failure};

use super::DeadLetters;
use crate::broker::identity::letter_id;
use crate::commit::GaveUp;
use crate::consume::parked::Parked;
use crate::metrics::Operation;

/// How often the worker asks the log again to take a failure that it has refused: for about 5 s in all. An attempt without
/// an answer does not count.
const RECORD_ATTEMPTS: u32 = 8;

impl DeadLetters {
    /// Returns the messages that are not in the dead-letter queue already, each with its log row. A message
    /// that an operator has replayed counts anew.
    pub(super) async fn not_parked_before<'a>(
        &self,
        batch: &'a [Parked],
        contents: Contents,
        backoff: &mut Backoff,
    ) -> Result<Vec<(&'a Parked, Failure)>, GaveUp> {
        let failures: Vec<Failure> = batch.iter().map(failure).collect();
        let known = loop {
            match self.store.known_failures(&failures, contents).await {
                Ok(known) => break known,
                Err(error) => self.pause(backoff, Operation::FindFailures, &error).await?,
            }
        };
        let (mut seen, mut fresh) = (HashSet::new(), Vec::with_capacity(batch.len()));
        for ((parked, failure), recorded) in batch.iter().zip(failures).zip(known) {
            let repeated = !seen.insert((failure.event_id.clone(), failure.hash));
            if (recorded || repeated) && parked.message.attempts() == 0 {
                let event_type = failure.event_type.as_deref();
                self.metrics.dead_lettered_before(event_type);
            } else {
                fresh.push((parked, failure));
            }
        }
        Ok(fresh)
    }

    /// Records failures, each by itself: one that the log does not take keeps no other waiting. Its letter is safe already.
    pub(super) async fn record(
        &self,
        mut failures: Vec<Failure>,
        contents: Contents,
        backoff: &mut Backoff,
    ) -> Result<(), GaveUp> {
        let mut answers = 0;
        while !failures.is_empty() {
            let mut refused = match self.store.record_failures(&failures, contents).await {
                Ok(refused) => refused,
                Err(error) if error.decision() == Decision::Reject => {
                    let each = (0..failures.len()).map(|index| (index, error.clone()));
                    each.collect()
                }
                Err(error) => {
                    self.pause(backoff, Operation::RecordFailures, &error).await?;
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
                self.pause(backoff, Operation::RecordFailures, error).await?;
            }
            let again: HashSet<usize> = refused.into_iter().map(|(index, _)| index).collect();
            let mut place = 0..;
            failures.retain(|_| place.next().is_some_and(|place| again.contains(&place)));
        }
        Ok(())
    }
}

/// The log row of a message.
fn failure(parked: &Parked) -> Failure {
    let subject = &parked.reason.subject;
    let body = &parked.message.body;
    Failure {
        event_id: letter_id(&parked.message, subject),
        event_type: subject.event_type.clone(),
        campaign: subject.campaign.clone(),
        donation: subject.donation.clone(),
        code: parked.reason.code,
        error: parked.reason.text.clone(),
        hash: ContentHash::of_bytes(body),
        // Many larger ones would not fit into one command.
        body: (body.len() <= MAX_BODY_BYTES).then(|| body.clone()),
    }
}

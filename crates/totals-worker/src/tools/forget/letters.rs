//! A donor's dead letters: each is replaced by a copy without personal data.
//!
//! The copy says the same to the worker, so an event that can be mended and replayed still counts. The letter goes after the
//! broker has confirmed its copy; a crash in between leaves both, and the next run replaces the letter once more.
//!
//! A letter that is no JSON object cannot be taken apart. Where the donor's id stands in it or in its headers, its whole body goes:
//! nobody can say which part of it is personal. Its headers stay, as far as they name its event without the id, and tell that
//! there was something.
//!
//! The log has no headers, so a row may not tell that its letter is the donor's. The row of a letter that changes is removed
//! with the letter, and the copy gets one.

use lapin::BasicProperties;
use totals_core::domain::{ContentHash, EventType, MAX_BODY_BYTES, Tells};
use totals_core::store::{Failure, Store, Traces};

use super::around;
use crate::broker::confirm::{self, Confirmed, confirmed};
use crate::broker::message::{Message, Reason, header};
use crate::tools::dead_letters::dead_letter::DeadLetter;
use crate::tools::dead_letters::queue_scan::{BATCH, BATCH_BYTES, QueueScan, scan};
use crate::tools::error::ToolError;
use crate::tools::setup::Setup;

/// How many letters are the donor's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Letters {
    /// Those of which something is left.
    pub erased: u64,
    /// Those that cannot be read.
    pub unreadable: u64,
    /// True if others may hold letters, which nobody else sees.
    pub others_may_hold: bool,
}

/// What is left of a letter.
struct Left {
    body: Vec<u8>,
    properties: BasicProperties,
    unreadable: bool,
}

impl Letters {
    /// How many there are.
    pub fn found(&self) -> u64 {
        self.erased + self.unreadable
    }

    fn add(&mut self, unreadable: bool) {
        *(if unreadable {
            &mut self.unreadable
        } else {
            &mut self.erased
        }) += 1;
    }
}

/// Counts the letters that would be erased, and leaves them.
pub async fn count(setup: &Setup, traces: &Traces) -> Result<Letters, ToolError> {
    let counted = scan(setup, async |scan| {
        let mut letters = Letters::default();
        while let Some(letter) = scan.next().await? {
            scan.pass(&letter).await?;
            if let Some(left) = left(&letter.message, traces) {
                letters.add(left.unreadable);
            }
        }
        letters.others_may_hold = scan.others_may_hold;
        Ok(letters)
    });
    unless_there_is_no_queue(counted.await)
}

/// Replaces the letters by what is left of them.
pub async fn erase(setup: &Setup, store: &Store, traces: &Traces) -> Result<Letters, ToolError> {
    let erased = scan(setup, async |scan| {
        let (mut letters, mut batch, mut bytes) = (Letters::default(), Vec::new(), 0);
        while let Some(letter) = scan.next().await? {
            let Some(left) = left(&letter.message, traces) else {
                scan.pass(&letter).await?;
                continue;
            };
            letters.add(left.unreadable);
            bytes += letter.message.body.len();
            batch.push((letter, left));
            if batch.len() == BATCH || bytes > BATCH_BYTES {
                replace(setup, scan, store, std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
        }
        replace(setup, scan, store, batch).await?;
        letters.others_may_hold = scan.others_may_hold;
        Ok(letters)
    });
    unless_there_is_no_queue(erased.await)
}

/// No worker has ever declared the queue: there are no letters.
fn unless_there_is_no_queue(outcome: Result<Letters, ToolError>) -> Result<Letters, ToolError> {
    match outcome {
        Err(ToolError::NoQueue(_)) => Ok(Letters::default()),
        outcome => outcome,
    }
}

/// Publishes what is left of some letters, logs it, and removes the letters. The log forgets the letters first: a message that
/// comes again is parked again from then on.
async fn replace(
    setup: &Setup,
    scan: &mut QueueScan,
    store: &Store,
    batch: Vec<(DeadLetter, Left)>,
) -> Result<(), ToolError> {
    if batch.is_empty() {
        return Ok(());
    }
    let (changed, unchanged): (Vec<_>, Vec<_>) = batch
        .iter()
        .partition(|(letter, left)| letter.message.body != left.body);
    let failures = |letters: Vec<&(DeadLetter, Left)>| -> Vec<Failure> {
        letters.into_iter().map(|(letter, _)| letter.failure()).collect()
    };
    store.remove_failures(&failures(changed)).await?;
    store.forget_letters(&failures(unchanged)).await?;
    let queue = scan.config.dead_letter_queue();
    let mut published = Vec::with_capacity(batch.len());
    for (letter, left) in batch {
        let confirm = confirm::publish(&scan.channel, &queue, &left.body, left.properties.clone()).await?;
        published.push(((letter, left), confirm));
    }
    let Confirmed { safe, outcome, .. } = confirmed(published, &queue).await;
    outcome?;
    let contents = store.dead_letter_contents(&queue, false).await?;
    let amounts = setup.source.amounts()?;
    let mut copies = Vec::with_capacity(safe.len());
    for (letter, left) in safe {
        scan.settle(&letter).await?;
        let DeadLetter {
            mut message, channel, ..
        } = letter;
        (message.body, message.properties) = (left.body, left.properties);
        copies.push(failure(&DeadLetter::read(message, channel, amounts)));
    }
    for (_, error) in store.record_failures(&copies, contents).await? {
        tracing::warn!(%error, "the log does not take the row of a letter, which is in the dead-letter queue alone");
    }
    Ok(())
}

/// The row of a letter in the log, as the worker writes it.
fn failure(letter: &DeadLetter) -> Failure {
    let (subject, body) = (&letter.subject, &letter.message.body);
    Failure {
        event_type: subject.event_type.clone(),
        campaign: subject.campaign.clone(),
        donation: subject.donation.clone(),
        code: Reason::codes()
            .find(|code| *code == letter.reason_code())
            .unwrap_or_default(),
        error: letter
            .message
            .header(header::REASON)
            .unwrap_or_default()
            .to_owned(),
        hash: ContentHash::of_bytes(body),
        body: (body.len() <= MAX_BODY_BYTES).then(|| body.clone()),
        ..letter.failure()
    }
}

/// What is left of a letter; `None` if nothing of it is to be erased.
fn left(message: &Message, traces: &Traces) -> Option<Left> {
    let pseudonym = &traces.pseudonym;
    let event_type = EventType::from_name(&message.routing_key);
    let is_theirs = |donation: &str| traces.has_donation(donation);
    let tells = pseudonym.in_body(
        &message.body,
        event_type,
        &around::texts_around(message),
        is_theirs,
    );
    let text = std::str::from_utf8(&message.body).ok();
    let erased = match tells {
        Tells::Nothing => None,
        Tells::Names => text.and_then(|text| pseudonym.renamed(text, event_type)),
        Tells::IsOf => Some(
            text.and_then(|text| pseudonym.erased_body(text))
                .unwrap_or_default(),
        ),
    };
    let body = erased.map_or_else(|| message.body.clone(), String::into_bytes);
    let properties = match tells {
        Tells::IsOf => around::erased(message, pseudonym, body.is_empty()),
        Tells::Nothing | Tells::Names => around::renamed(message, pseudonym, body != message.body),
    };
    let is_left = body == message.body && around::are_same(&properties, &message.properties);
    (!is_left).then_some(Left {
        unreadable: body.is_empty(),
        body,
        properties,
    })
}

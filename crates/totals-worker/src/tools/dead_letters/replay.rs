//! `dead-letters replay`: letters back into the worker's queue, to go through the normal path once more.
//!
//! The tool publishes them straight to the queue, not to the exchange, where other subscribers would get them twice. It
//! settles a letter only after the broker has confirmed the copy. A crash in between leaves both, and the worker
//! finds the second to be a duplicate. A message that is still broken comes back with its attempts counted, behind the
//! letters that were there at the start, where this run does not look.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use lapin::BasicProperties;
use lapin::types::AMQPValue;
use serde::Serialize;
use totals_core::domain::{AmountRules, MAX_BODY_BYTES};
use totals_core::store::Store;

use super::dead_letter::{DeadLetter, distinct_hashes};
use super::queue_scan::{BATCH, BATCH_BYTES, QueueScan, scan};
use super::selection::Selection;
use crate::broker::call::BrokerError;
use crate::broker::confirm::{self, Confirmed, confirmed};
use crate::broker::message::header;
use crate::tools::error::ToolError;
use crate::tools::output::{Answer, Output, Verdict};
use crate::tools::setup::Setup;

/// Send dead letters through the worker once more
///
/// Each keeps its body, properties and headers. An event that is fine by now is applied; one that is still broken comes
/// back to the dead letters with x-attempts one higher: `list` shows it. Letters that come back, or arrive, during the
/// run are not replayed again.
///
/// JSON: {"replayed","inQueue"}. Exit code 1 if no letter matched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker dead-letters replay --reason DATABASE_REFUSED
    totals-worker dead-letters replay --id evt_42 --body fixed.json
    totals-worker dead-letters replay --id evt_42 --body - < fixed.json
    totals-worker dead-letters replay --all")]
pub struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Send this file's content in place of the letter's body; `-` is standard input. It must be about the letter's
    /// event. Where the letter's key and body named two types, the type in this body is taken for true. Where several
    /// letters have the id and equal bodies, each is sent so
    #[arg(long, value_name = "FILE", requires = "id", conflicts_with_all = ["reason", "all"])]
    body: Option<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

/// What was sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    replayed: u64,
    in_queue: u32,
}

/// A body from the operator, and how to read it.
struct Mended {
    /// The file, or a name for standard input.
    path: PathBuf,
    body: Vec<u8>,
    amounts: AmountRules,
}

impl Mended {
    /// Reads all of it, before the tool takes any letter: somebody may be typing.
    async fn read(path: &Path, setup: &Setup) -> Result<Self, ToolError> {
        let amounts = setup.source.amounts()?;
        let (named, from_stdin) = if path == Path::new("-") {
            (PathBuf::from("standard input"), true)
        } else {
            (path.to_owned(), false)
        };
        let file = named.clone();
        let reading = tokio::task::spawn_blocking(move || {
            if from_stdin {
                let mut body = Vec::new();
                // One byte too many is enough to see that it is too large.
                let limit = MAX_BODY_BYTES as u64 + 1;
                std::io::stdin()
                    .lock()
                    .take(limit)
                    .read_to_end(&mut body)
                    .map(|_| body)
            } else {
                std::fs::read(file)
            }
        });
        let read = async { reading.await.map_err(std::io::Error::from).flatten() };
        let body = setup.unless_stopped(read).await.map_err(|error| match error {
            ToolError::Process(error) => ToolError::File {
                path: named.clone(),
                problem: error.to_string(),
            },
            other => other,
        })?;
        Ok(Self {
            path: named,
            body,
            amounts,
        })
    }
}

/// Replays the letters that are selected.
pub async fn run(args: &Args, setup: &Setup) -> Result<Replayed, ToolError> {
    let body = match &args.body {
        Some(path) => Some(Mended::read(path, setup).await?),
        None => None,
    };
    let store = setup.store().await?;
    scan(setup, async |scan| {
        let replayed = match body {
            Some(body) => mended(scan, &store, &args.selection, body).await?,
            None => selected(scan, &store, &args.selection).await?,
        };
        Ok(Replayed {
            replayed,
            in_queue: scan.length,
        })
    })
    .await
}

async fn selected(scan: &mut QueueScan, store: &Store, selection: &Selection) -> Result<u64, ToolError> {
    let mut replayed = 0;
    while let Some(batch) = selection.next_batch(scan).await? {
        replayed += publish(scan, store, batch, None).await?;
    }
    Ok(replayed)
}

/// Replays the letter that is selected, and its equals, with another body: all of them or, if the body is not for them,
/// none.
async fn mended(
    scan: &mut QueueScan,
    store: &Store,
    selection: &Selection,
    mended: Mended,
) -> Result<u64, ToolError> {
    let mut found: Vec<DeadLetter> = Vec::new();
    while let Some(letter) = scan.next().await? {
        if selection.matches(&letter) {
            found.push(letter);
        } else {
            scan.pass(&letter).await?;
        }
    }
    if let Some(error) = refusal(&found, &mended) {
        for letter in &found {
            scan.pass(letter).await?;
        }
        return Err(error);
    }
    let at_once = (BATCH_BYTES / mended.body.len().max(1)).clamp(1, BATCH);
    let mut replayed = 0;
    while !found.is_empty() {
        let batch = found.split_off(found.len().saturating_sub(at_once));
        replayed += publish(scan, store, batch, Some(&mended)).await?;
    }
    Ok(replayed)
}

/// Why these letters cannot all be sent with that body; none if they can.
fn refusal(found: &[DeadLetter], mended: &Mended) -> Option<ToolError> {
    let hashes = distinct_hashes(found);
    if hashes.len() > 1 {
        let hashes: Vec<_> = hashes.into_iter().collect();
        return Some(ToolError::Usage(format!(
            "{} letters have that id and {} different bodies, and --body is for one: name it by its hash too, --body-hash {}",
            found.len(),
            hashes.len(),
            hashes.join(" or --body-hash ")
        )));
    }
    let mut letters = found.iter();
    let problem = letters.find_map(|letter| letter.not_for(&mended.body, mended.amounts))?;
    Some(ToolError::File {
        path: mended.path.clone(),
        problem: format!("{problem}; nothing was sent, and the letter stays"),
    })
}

/// Publishes a batch and settles the letters whose copies are safe. The others stay.
///
/// The log forgets the letters first: from then on a message that comes again is parked again.
async fn publish(
    scan: &mut QueueScan,
    store: &Store,
    batch: Vec<DeadLetter>,
    mended: Option<&Mended>,
) -> Result<u64, ToolError> {
    let failures: Vec<_> = batch.iter().map(DeadLetter::failure).collect();
    store.forget_letters(&failures).await?;
    let queue = scan.config.queue.clone();
    let mut published = Vec::with_capacity(batch.len());
    for letter in batch {
        let properties = properties(&letter, mended);
        let body = mended.map_or(&letter.message.body, |mended| &mended.body);
        let confirm = confirm::publish(&scan.channel, &queue, body, properties).await?;
        published.push((letter, confirm));
    }
    let Confirmed { safe, left, outcome } = confirmed(published, &queue).await;
    if let Err(error) = &outcome
        && !error.is_refusal()
    {
        return Err(error.clone().into());
    }
    for letter in &left {
        scan.pass(letter).await?;
    }
    for letter in &safe {
        scan.settle(letter).await?;
    }
    match outcome {
        Ok(()) => Ok(safe.len() as u64),
        Err(BrokerError::Unroutable { queue }) => Err(ToolError::NoQueue(queue)),
        Err(error) => Err(error.into()),
    }
}

/// The letter's own properties, without the headers that the dead-letter queue has noted, and with the routing key that a
/// mended body needs.
fn properties(letter: &DeadLetter, mended: Option<&Mended>) -> BasicProperties {
    let properties = letter.message.properties.clone();
    let headers = properties.headers().clone().unwrap_or_default();
    let mut headers: BTreeMap<_, _> = headers.inner().clone();
    for note in [header::DELIVERY_COUNT, header::ACQUIRED_COUNT] {
        headers.remove(note);
    }
    let key = mended.and_then(|mended| letter.key_for(&mended.body, mended.amounts));
    if let Some(key) = key {
        let key = AMQPValue::LongString(key.into());
        headers.insert(header::ORIGINAL_ROUTING_KEY.into(), key);
    }
    properties.with_headers(headers.into())
}

impl Answer for Replayed {
    fn verdict(&self) -> Verdict {
        Verdict::alarm_if(self.replayed == 0)
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "replayed {} of {} dead letters", self.replayed, self.in_queue)
    }
}

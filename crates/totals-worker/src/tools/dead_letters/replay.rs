//! `dead-letters replay`: letters back into the worker's queue, to go through the normal path once more.
//!
//! They are published straight to the queue, not to the exchange, where other subscribers would get them twice. A
//! letter is settled only after the broker has confirmed the copy; a crash in between leaves both, and the worker
//! finds the second to be a duplicate. What is still broken comes back with its attempts counted, behind the letters
//! that were there at the start, where this run does not look.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::AMQPValue;
use lapin::{BasicProperties, Confirmation};
use serde::Serialize;
use totals_core::domain::{Currency, MAX_BODY_BYTES};
use totals_core::store::Store;

use super::Selection;
use super::letter::{Letter, distinct_hashes};
use super::walk::{Walk, walk};
use crate::broker::connection::{BrokerError, call};
use crate::broker::message::header;
use crate::tools::error::ToolError;
use crate::tools::output::{Answer, Output, Verdict};
use crate::tools::setup::Setup;

/// Letters published before their confirms are awaited.
const BATCH: usize = 100;

/// The batch is cut short when its bodies have so many bytes.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

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
    currency: Currency,
}

impl Mended {
    /// Reads all of it, before any letter is in hand: somebody may be typing.
    async fn read(path: &Path, setup: &Setup) -> Result<Self, ToolError> {
        let currency = setup.source.currency()?;
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
            currency,
        })
    }
}

/// Replays what is selected.
pub async fn run(args: &Args, setup: &Setup) -> Result<Replayed, ToolError> {
    let body = match &args.body {
        Some(path) => Some(Mended::read(path, setup).await?),
        None => None,
    };
    let store = setup.store().await?;
    walk(setup, async |walk| {
        let confirm = walk.channel.confirm_select(ConfirmSelectOptions::default());
        call("asking for publisher confirms", confirm).await?;
        let replayed = match body {
            Some(body) => mended(walk, &store, &args.selection, body).await?,
            None => selected(walk, &store, &args.selection).await?,
        };
        Ok(Replayed {
            replayed,
            in_queue: walk.length,
        })
    })
    .await
}

async fn selected(walk: &mut Walk, store: &Store, selection: &Selection) -> Result<u64, ToolError> {
    let (mut replayed, mut bytes, mut batch) = (0, 0, Vec::new());
    while let Some(letter) = walk.next().await? {
        if !selection.matches(&letter) {
            walk.pass(&letter).await?;
            continue;
        }
        bytes += letter.message.body.len();
        batch.push(letter);
        if batch.len() == BATCH || bytes > BATCH_BYTES {
            replayed += publish(walk, store, &mut batch, None).await?;
            bytes = 0;
        }
    }
    Ok(replayed + publish(walk, store, &mut batch, None).await?)
}

/// Replays the letter that is selected, and those that are its equals, with another body: all of them or, if the body is
/// not for them, none.
async fn mended(
    walk: &mut Walk,
    store: &Store,
    selection: &Selection,
    mended: Mended,
) -> Result<u64, ToolError> {
    let mut found: Vec<Letter> = Vec::new();
    while let Some(letter) = walk.next().await? {
        if selection.matches(&letter) {
            found.push(letter);
        } else {
            walk.pass(&letter).await?;
        }
    }
    if let Some(error) = refusal(&found, &mended) {
        for letter in &found {
            walk.pass(letter).await?;
        }
        return Err(error);
    }
    let at_once = (BATCH_BYTES / mended.body.len().max(1)).clamp(1, BATCH);
    let mut replayed = 0;
    while !found.is_empty() {
        let mut batch = found.split_off(found.len().saturating_sub(at_once));
        replayed += publish(walk, store, &mut batch, Some(&mended)).await?;
    }
    Ok(replayed)
}

/// Why these letters cannot all be sent with that body.
fn refusal(found: &[Letter], mended: &Mended) -> Option<ToolError> {
    let hashes = distinct_hashes(found);
    if hashes.len() > 1 {
        let hashes: Vec<_> = hashes.into_iter().collect();
        return Some(ToolError::Usage(format!(
            "{} letters have that id and {} different bodies, and --body is for one: name it by its hash, --id {}",
            found.len(),
            hashes.len(),
            hashes.join(" or --id ")
        )));
    }
    let mut letters = found.iter();
    let problem = letters.find_map(|letter| letter.not_for(&mended.body, mended.currency))?;
    Some(ToolError::File {
        path: mended.path.clone(),
        problem: format!("{problem}; nothing was sent, and the letter stays"),
    })
}

/// Publishes a batch and settles what the broker has accepted of it. The client hands a returned message to whichever
/// confirmation comes next, so one return puts the whole batch in doubt: then all its letters stay.
///
/// The log forgets the letters first: from then on a message that comes again is parked again.
async fn publish(
    walk: &mut Walk,
    store: &Store,
    batch: &mut Vec<Letter>,
    mended: Option<&Mended>,
) -> Result<u64, ToolError> {
    let failures: Vec<_> = batch.iter().filter_map(Letter::failure).collect();
    store.forget_letters(&failures).await?;
    let queue = walk.config.queue.clone();
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let mut confirmations = Vec::with_capacity(batch.len());
    for letter in &*batch {
        let properties = properties(letter, mended);
        let to = queue.as_str().into();
        let body = mended.map_or(&letter.message.body, |mended| &mended.body);
        let publish = walk
            .channel
            .basic_publish("".into(), to, options, body, properties);
        confirmations.push(call("replaying a dead letter", publish).await?);
    }
    let (mut accepted, mut stay) = (Vec::with_capacity(batch.len()), Vec::new());
    let (mut returned, mut refused) = (false, false);
    for (letter, confirmation) in batch.drain(..).zip(confirmations) {
        match call("confirming a replayed letter", confirmation).await? {
            Confirmation::Ack(None) => accepted.push(letter),
            Confirmation::Nack(None) => {
                refused = true;
                stay.push(letter);
            }
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) | Confirmation::NotRequested => {
                returned = true;
                stay.push(letter);
            }
        }
    }
    if returned {
        stay.append(&mut accepted);
    }
    for letter in &stay {
        walk.pass(letter).await?;
    }
    if returned {
        return Err(ToolError::NoQueue(queue));
    }
    for letter in &accepted {
        walk.settle(letter).await?;
    }
    if refused {
        return Err(BrokerError::Refused { queue }.into());
    }
    Ok(accepted.len() as u64)
}

/// The letter's own, without what the dead-letter queue has noted on it, and with the routing key that a mended body needs.
fn properties(letter: &Letter, mended: Option<&Mended>) -> BasicProperties {
    let properties = letter.message.properties.clone();
    let headers = properties.headers().clone().unwrap_or_default();
    let mut headers: BTreeMap<_, _> = headers.inner().clone();
    for note in [header::DELIVERY_COUNT, header::ACQUIRED_COUNT] {
        headers.remove(note);
    }
    let key = mended.and_then(|mended| letter.key_for(&mended.body, mended.currency));
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

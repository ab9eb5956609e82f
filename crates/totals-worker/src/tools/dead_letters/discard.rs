//! `dead-letters discard`: letters that nobody needs, removed for good.

use std::fmt;

use serde::Serialize;
use totals_core::store::Store;

use super::Selection;
use super::letter::Letter;
use super::walk::{Walk, walk};
use crate::tools::error::ToolError;
use crate::tools::output::{Answer, Output, Verdict};
use crate::tools::setup::Setup;

/// Letters whose rows in the log are changed together.
const BATCH: usize = 100;

/// The batch is cut short when its bodies have so many bytes.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Remove dead letters for good
///
/// Those whose event id was readable stay in the event log as FAILED. A message that comes again is parked again.
/// `show --raw` saves a body first.
///
/// JSON: {"discarded","inQueue"}. Exit code 1 if no letter matched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker dead-letters discard --id evt_42 --yes
    totals-worker dead-letters discard --reason INVALID_JSON --yes
    totals-worker dead-letters discard --all --yes")]
pub struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Do it: what is discarded cannot be brought back
    #[arg(long, required = true)]
    yes: bool,
    #[command(flatten)]
    pub output: Output,
}

/// What was removed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Discarded {
    discarded: u64,
    in_queue: u32,
}

/// Removes what is selected.
pub async fn run(args: &Args, setup: &Setup) -> Result<Discarded, ToolError> {
    let store = setup.store().await?;
    walk(setup, async |walk| {
        let (mut discarded, mut bytes, mut batch) = (0, 0, Vec::new());
        while let Some(letter) = walk.next().await? {
            if !args.selection.matches(&letter) {
                walk.pass(&letter).await?;
                continue;
            }
            bytes += letter.message.body.len();
            batch.push(letter);
            if batch.len() == BATCH || bytes > BATCH_BYTES {
                discarded += settle(walk, &store, &mut batch).await?;
                bytes = 0;
            }
        }
        discarded += settle(walk, &store, &mut batch).await?;
        Ok(Discarded {
            discarded,
            in_queue: walk.length,
        })
    })
    .await
}

/// Removes a batch. The log forgets the letters first: a message may come again as soon as its letter is gone, and is
/// parked again then.
async fn settle(walk: &mut Walk, store: &Store, batch: &mut Vec<Letter>) -> Result<u64, ToolError> {
    let failures: Vec<_> = batch.iter().filter_map(Letter::failure).collect();
    store.forget_letters(&failures).await?;
    let count = batch.len() as u64;
    for letter in batch.drain(..) {
        walk.settle(&letter).await?;
    }
    Ok(count)
}

impl Answer for Discarded {
    fn verdict(&self) -> Verdict {
        Verdict::alarm_if(self.discarded == 0)
    }
}

impl fmt::Display for Discarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "discarded {} of {} dead letters",
            self.discarded, self.in_queue
        )
    }
}

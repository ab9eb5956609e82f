//! `dead-letters discard`: letters that nobody needs, removed for good.

use std::fmt;

use serde::Serialize;
use totals_core::store::Store;

use super::dead_letter::DeadLetter;
use super::queue_scan::{QueueScan, scan};
use super::selection::Selection;
use crate::tools::error::ToolError;
use crate::tools::output::{Answer, Output, Verdict};
use crate::tools::setup::Setup;

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

/// Removes the letters that are selected.
pub async fn run(args: &Args, setup: &Setup) -> Result<Discarded, ToolError> {
    let store = setup.store().await?;
    scan(setup, async |scan| {
        let mut discarded = 0;
        while let Some(batch) = args.selection.next_batch(scan).await? {
            discarded += settle(scan, &store, batch).await?;
        }
        Ok(Discarded {
            discarded,
            in_queue: scan.length,
        })
    })
    .await
}

/// Removes a batch. The log forgets the letters first: a message may come again as soon as its letter is gone, and is
/// parked again then.
async fn settle(scan: &mut QueueScan, store: &Store, batch: Vec<DeadLetter>) -> Result<u64, ToolError> {
    let failures: Vec<_> = batch.iter().map(DeadLetter::failure).collect();
    store.forget_letters(&failures).await?;
    for letter in &batch {
        scan.settle(letter).await?;
    }
    Ok(batch.len() as u64)
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

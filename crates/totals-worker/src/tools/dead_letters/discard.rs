//! `dead-letters discard`: letters that nobody needs, removed for good.

use std::fmt;

use serde::Serialize;

use super::Selection;
use super::walk::walk;
use crate::tools::error::ToolError;
use crate::tools::output::{Answer, Output, Verdict};
use crate::tools::setup::Setup;

/// Remove dead letters for good
///
/// Those whose event id was readable stay in the event log as FAILED. `show --raw` saves a body first.
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
    walk(setup, async |walk| {
        let mut discarded = 0;
        while let Some(letter) = walk.next().await? {
            if args.selection.matches(&letter) {
                walk.settle(&letter).await?;
                discarded += 1;
            }
        }
        Ok(Discarded {
            discarded,
            in_queue: walk.length,
        })
    })
    .await
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

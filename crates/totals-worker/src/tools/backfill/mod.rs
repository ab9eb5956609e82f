//! `totals-worker backfill`: the donations that an existing platform has already, from a file.
//!
//! They become events and go the same way as all others, through decoding, lanes by campaign and the one transaction,
//! so that every rule of the service holds for them, workers may run meanwhile, and a file read twice counts once. The
//! file is streamed: what is in hand is bounded in rows and in bytes, however large it is.

mod csv;
mod events;
mod feed;
mod ndjson;
mod rejects;
mod rows;

use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::error::ToolError;
use super::output::{Answer, Output, Verdict};
use super::progress::Progress;
use super::setup::Setup;
use csv::Column;
use feed::{Fed, Feed};
use rejects::Rejects;
use rows::Rows;

/// Bring donations in from a file, while workers run
///
/// FILE.ndjson has one JSON object a line: an event in its envelope, of any of the four types, or a bare donation
/// {"donationId","campaignId","amount","donorId","isGuest","timestamp","refundedAmount"}. FILE.csv has a header row with
/// those columns, comma-separated; donorId, isGuest and refundedAmount are optional, and other columns are kept in the log
/// with the donation. timestamp is RFC 3339, such as 2025-11-21T10:00:00.000Z.
///
/// A donation becomes the event backfill_DONATIONID, and a refundedAmount the event backfill-refund_DONATIONID, so a
/// file can be read again: what is there already is a duplicate. A donation that came as an event is counted once. A
/// refund that came as an event must not be in refundedAmount too: nothing tells that the two are one.
///
/// What cannot be counted goes to the rejects file, each as {"line","reasonCode","reason","original"}. A run that is
/// through replaces FILE.rejects.ndjson, or removes it if nothing was rejected; one that was stopped leaves its rejects
/// in FILE.rejects.ndjson.part.
///
/// JSON: {"rows","applied","duplicates","rejected","seconds","rowsPerSecond","rejects":FILE|null}; applied and duplicates
/// count events, of which a refunded donation has two. Exit code 1 if there are rejects or no rows, 2 if it was stopped:
/// run it again to go on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker backfill donations.ndjson
    totals-worker backfill donations.csv --column donationId=id --column amount=total_usd
    totals-worker backfill donations.csv --rejects /tmp/rejects.ndjson --json")]
#[expect(
    clippy::doc_markdown,
    reason = "shown in the terminal, where back-ticks would only be in the way"
)]
pub struct Args {
    /// The donations, as .ndjson or .csv
    file: PathBuf,
    /// The CSV column that holds a field; may be given for each
    #[arg(long = "column", value_name = "FIELD=COLUMN")]
    columns: Vec<Column>,
    /// Where rejects go; must not have content yet [default: FILE.rejects.ndjson]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

/// What became of the file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backfilled {
    rows: u64,
    applied: u64,
    duplicates: u64,
    rejected: u64,
    seconds: f64,
    rows_per_second: u64,
    rejects: Option<PathBuf>,
}

/// Brings the file in.
pub async fn run(args: &Args, setup: &Setup) -> Result<Backfilled, ToolError> {
    let (batching, currency) = (setup.source.batching()?, setup.source.currency()?);
    let rows = Rows::open(&args.file, &args.columns)?;
    let store = setup.store_to_count_in().await?;
    // Cancelled too when the rejects cannot be written: nothing is dropped without a trace.
    let give_up = setup.stop.child_token();
    let rejects = Rejects::create(args.rejects.as_deref(), &args.file, give_up.clone())?;
    let progress = Progress::of_file(rows.bytes());
    let started = Instant::now();
    let feed = Feed {
        store,
        batching,
        currency,
        give_up,
    };
    let outcome = feed.run(rows, rejects.clone(), progress.clone()).await;
    progress.finish();
    let rejected = rejects.finish(outcome.as_ref().is_ok_and(|fed| fed.complete))?;
    let Fed {
        rows,
        applied,
        duplicates,
        complete,
    } = outcome?;
    if !complete {
        return Err(ToolError::Unfinished(format!(
            "stopped within {}, after {applied} events were applied: run it again to go on",
            args.file.display()
        )));
    }
    let took = started.elapsed();
    Ok(Backfilled {
        rows,
        applied,
        duplicates,
        rejected,
        seconds: took.as_secs_f64(),
        rows_per_second: rows * 1_000 / u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1),
        rejects: (rejected > 0).then(|| rejects.path().to_owned()),
    })
}

impl Answer for Backfilled {
    fn verdict(&self) -> Verdict {
        Verdict::alarm_if(self.rejected > 0 || self.rows == 0)
    }
}

impl fmt::Display for Backfilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rows,
            applied,
            duplicates,
            rejected,
            seconds,
            rows_per_second,
            rejects,
        } = self;
        write!(
            f,
            "{rows} rows in {seconds:.1} s ({rows_per_second} a second): {applied} events applied, {duplicates} \
             duplicates, {rejected} rejected"
        )?;
        match rejects {
            Some(path) => write!(f, ", listed in {}", path.display()),
            None => Ok(()),
        }
    }
}

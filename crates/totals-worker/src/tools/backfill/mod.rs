//! `totals-worker backfill`: brings in, from a file, the donations and campaigns that an existing platform already has.
//!
//! They become events and go the same way as all others, through decoding, lanes by campaign and the one transaction.
//! So every rule of the service holds for them, workers may run meanwhile, and a file read twice counts once. The tool
//! streams the file: the rows in hand are bounded in number and in bytes, however large the file is.

mod csv;
mod events;
mod import;
mod lines;
mod ndjson;
mod rejects;
pub mod row;
pub mod rows;
mod spelling;
mod stdin;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::error::ToolError;
use super::output::{Answer, Line, Output, Verdict};
use super::progress::Progress;
use super::setup::Setup;
use crate::config::Batching;
use csv::TableOptions;
use import::{Import, Imported};
use rejects::Rejects;
use rows::{Format, Rows, is_stdin};

/// Bring donations and campaigns in from a file, while workers run
///
/// FILE.ndjson has one JSON object a line: an event in its envelope, of any of the seven types, or a bare row
/// {"donationId","campaignId","amount","donorId","isGuest","timestamp","refundedAmount"}. FILE.csv has a header row with
/// those columns. donorId, isGuest, timestamp and refundedAmount are optional, and other columns are kept in the log with the
/// donation. Commas, semicolons or tabs separate the columns: the one that a line sep=; before the header row declares, else
/// the only one that the header row has outside of quotes, or the one that --separator names. Amounts have a decimal point, or
/// with --decimal-comma a comma; an amount with a currency sign or with thousands separators is a reject. timestamp is RFC 3339,
/// such as 2025-11-21T10:00:00.000Z; without it a donation has the time of the run, on which neither a total nor an id depends.
/// In a table NULL, null and \N in a column that is read mean that there is nothing: a donor NULL is no donor.
///
/// A bare row is a donation, unless its eventType (a member or a column) says otherwise; with a refundId and nothing of a
/// donation it is a refund. A refund needs an eventId or a refundId, a payment an eventId. A row that does not tell what it
/// is, or contradicts itself, such as a donation with a reason for its refund, is a reject. So is a row with a member that
/// looks like one of those that are read, such as donor_id. A table with a column donor_id and no donorId is refused until
/// --column says what it holds.
///
/// A row that names a campaign and no donation, and that has a title, goalAmount, startDate, endDate or category, is what is known
/// of a campaign; a status in it is the campaign's. It needs the timestamp at which it was last changed: what later events say of
/// the campaign wins. In a table of campaigns no column donationId and no column amount is needed.
///
/// A bare row counts only if it was paid, as far as it tells. It is a reject if its status, or any member whose name ends in
/// status, is a word for what was not paid, such as FAILED, PENDING or CANCELLED, or a word that is not known; words for what
/// was paid are PAID, COMPLETED, SUCCEEDED, CONFIRMED and CAPTURED. It is a reject too if its paid, success or successful is
/// false, or if its cancelled, canceled, voided, deleted, failed or chargeback is true or a time, by any spelling and also as
/// isPaid or cancelledAt. A donation whose status is REFUNDED, or that has refunded, isRefunded or refundedAt, is a reject
/// unless it has its refundedAmount. A member state is not looked at, because it may be of an address. An event in its
/// envelope is read as the worker reads it, and none of these is looked at.
///
/// A donation becomes the event backfill_DONATIONID, its refundedAmount the event backfill-refund_DONATIONID, and a refund
/// without an eventId the event backfill-refund-LENGTH_DONATIONID_REFUNDID, where LENGTH is the length of DONATIONID in
/// bytes. What is known of a campaign becomes the event backfill-campaign-TIME_CAMPAIGNID, where TIME is its timestamp in
/// milliseconds. So a file can be read again: what is there already is a duplicate. A donation that came as an event is counted
/// once. A refund that came as an event, or has a row of its own, must not be in refundedAmount too: nothing tells that the
/// two are one.
///
/// As FILE, - is standard input, which a read-only container needs. Its rejects go to standard error, unless --rejects
/// names a file.
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
    totals-worker backfill history.csv --column eventType=kind
    totals-worker backfill campaigns.csv --column campaignId=id --column goalAmount=goal --column timestamp=updatedAt
    totals-worker backfill excel.csv --separator semicolon --decimal-comma
    totals-worker backfill donations.csv --rejects /tmp/rejects.ndjson --json
    docker compose exec -T worker totals-worker backfill - --format csv < donations.csv 2> rejects.ndjson")]
#[expect(
    clippy::doc_markdown,
    reason = "shown in the terminal, where back-ticks would only be in the way"
)]
pub struct Args {
    /// The donations, as .ndjson or .csv; - is standard input
    file: PathBuf,
    /// How the rows are written; needed for standard input [default: by FILE's ending]
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    table: TableOptions,
    /// Where rejects go; must not have content yet [default: FILE.rejects.ndjson; for standard input, standard error]
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
    let (batching, amounts) = (Batching::read(&setup.source)?, setup.source.amounts()?);
    let (file, format, options, stop) = (
        args.file.clone(),
        args.format,
        args.table.clone().with_decimals(amounts.currency.decimals()),
        setup.stop.clone(),
    );
    let opening = tokio::task::spawn_blocking(move || Rows::open(&file, format, &options, stop));
    let rows = opening.await.map_err(std::io::Error::other)?;
    let rows = rows.map_err(|error| match error {
        _ if setup.stop.is_cancelled() => ToolError::Interrupted,
        error => error,
    })?;
    let store = setup.store_to_count_in().await?;
    // Cancelled also when the rejects cannot be written: no row is dropped without a trace.
    let give_up = setup.stop.child_token();
    let rejects = Rejects::create(args.rejects.as_deref(), &args.file, give_up.clone())?;
    let progress = if is_stdin(&args.file) {
        // Its length is not known, and standard error may have the rejects.
        Progress::hidden()
    } else {
        Progress::of_file(rows.bytes())
    };
    let started = Instant::now();
    let import = Import {
        store,
        batching,
        amounts,
        give_up,
    };
    let outcome = import.run(rows, rejects.clone(), progress.clone()).await;
    progress.finish();
    let rejected = rejects.finish(outcome.as_ref().is_ok_and(|imported| imported.complete))?;
    let Imported {
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
        rejects: rejects.path().filter(|_| rejected > 0).map(Path::to_owned),
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
            Some(path) => write!(f, ", listed in {}", Line(&path.to_string_lossy())),
            None if *rejected > 0 => write!(f, ", listed on standard error"),
            None => Ok(()),
        }
    }
}

//! Rows a second of the operator's tools: a verification, a rebuild of everything from the log, and a backfill.
//!
//! Each is compared with the least that it has to do: the first two with a scan of the log that looks at nothing, the
//! backfill with the fold alone, which has its rows in memory, no file to read, and looks each batch up while the one
//! before commits, as the worker does and the backfill does not. The tools are timed as an operator would, from their
//! start to their end.

use std::path::{Path, PathBuf};

use futures::TryStreamExt;
use harness::{Database, worker_command};
use mongodb::bson::{RawDocumentBuf, doc};
use serde_json::json;
use tokio::time::Instant;

use crate::design::Design;
use crate::effort::Effort;
use crate::measure::Spread;
use crate::report::{Cell, Part, Table, digits};
use crate::stage::Stage;
use crate::workload::{THOUSAND_CAMPAIGNS, WORKLOADS};

const COLUMNS: &[&str] = &["what", "rows/s", "of its baseline", "baseline"];

/// Runs the part.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    let rows = effort.queued;
    let file = write_history(stage.dir(), rows);
    // Whoever looks for the binaries first builds them.
    let _ = worker_command();
    let [
        mut scans,
        mut verifications,
        mut rebuilds,
        mut folds,
        mut backfills,
    ] = [const { Vec::new() }; 5];
    for round in 1..=effort.rounds {
        println!("  round {round}");
        stage.empty().await;
        backfills.push(pace(rows, tool(&stage.database, &["backfill", file.to_str().unwrap()])).await);
        stage.empty().await;
        let fold = Design::Fold {
            workload: THOUSAND_CAMPAIGNS,
        };
        folds.push(fold.run(stage, rows).await.per_second);
        scans.push(pace(rows, scan(&stage.database)).await);
        verifications.push(pace(rows, tool(&stage.database, &["verify"])).await);
        stage.database.empty(&["campaign_totals", "donations"]).await;
        rebuilds.push(pace(rows, tool(&stage.database, &["rebuild"])).await);
        tool(&stage.database, &["verify"]).await;
    }
    let mut part = Part::new("rebuild");
    let mut table = Table::new("Rows a second", COLUMNS);
    for (name, rounds, baseline, least) in [
        ("verify", &verifications, &scans, "a scan of the log"),
        ("rebuild of everything", &rebuilds, &scans, "a scan of the log"),
        ("backfill", &backfills, &folds, "the fold, without a file"),
    ] {
        let figure = Spread::of(rounds.iter().copied());
        let ratio = Cell::Ratio(Spread::of_ratios(rounds, baseline));
        table
            .rows
            .push(vec![name.into(), figure.into(), ratio, least.into()]);
        part.rounds.push(
            json!({ "what": name, "rowsPerSecond": rounds, "baseline": least, "ofBaseline": baseline }),
        );
    }
    table.note = format!(
        "{} donations to 1,000 campaigns, each with one event.",
        digits(rows.into())
    );
    part.tables.push(table);
    part
}

/// Rows a second of work on so many.
async fn pace(rows: u32, work: impl Future<Output = ()>) -> f64 {
    let started = Instant::now();
    work.await;
    f64::from(rows) / started.elapsed().as_secs_f64()
}

/// Runs a tool, which has to find that all is well.
pub async fn tool(database: &Database, arguments: &[&str]) {
    let mut command = worker_command();
    let output = command
        .env("DATABASE_URL", &database.url)
        .args(arguments)
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Reads the whole log as the driver hands it over.
async fn scan(database: &Database) {
    let log = database
        .collection("event_log")
        .clone_with_type::<RawDocumentBuf>();
    let rows = log.find(doc! {}).await.unwrap();
    rows.try_for_each(async |_| Ok(())).await.unwrap();
}

/// The donations of a platform that was there before the service.
fn write_history(dir: &Path, rows: u32) -> PathBuf {
    let messages = WORKLOADS[THOUSAND_CAMPAIGNS].messages(rows).all;
    let lines = messages.iter().map(|message| {
        let event: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
        event["payload"].to_string()
    });
    let file = dir.join("history.ndjson");
    std::fs::write(&file, lines.collect::<Vec<_>>().join("\n")).unwrap();
    file
}

//! `totals-worker backfill`: an existing platform's donations come in from a file, once, by the rules for events.

mod input;
mod rejects;
mod rows;
mod spelling;

use std::fmt::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Child;

use crate::events::created;
use crate::harness::{Process, World, eventually};
use crate::tool::{Said, json, tool};

const HEADER: &str = "donationId,campaignId,amount,donorId,isGuest,timestamp,refundedAmount";

/// A file of this name with this content, and its path.
fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, String) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    (dir, path.to_str().unwrap().to_owned())
}

/// So many donations of 10.00 to ten campaigns, every fifth of them refunded by half.
fn table(rows: usize) -> String {
    let mut table = format!("{HEADER}\n");
    for number in 0..rows {
        let (campaign, refund) = (number % 10, if number % 5 == 0 { "5.00" } else { "" });
        let time = "2024-05-01T10:00:00.000Z";
        writeln!(
            table,
            "d{number},c{campaign},10.00,u{number},false,{time},{refund}"
        )
        .unwrap();
    }
    table
}

/// What [`table`] comes to.
async fn expect_table(world: &World, rows: usize) {
    let each = i64::try_from(rows / 10).unwrap();
    world.expect_settled(rows + rows / 5).await;
    world.expect_totals("c0", each * 500, each, each).await;
    world.expect_totals("c1", each * 1000, each, each).await;
}

fn rejects(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("{path}.rejects.ndjson")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_file_counts_once_however_often_it_is_read() {
    let world = World::new().await;
    let (_dir, path) = file("donations.csv", table(1000));
    let first = json(&world, 0, &["backfill", &path]).await;
    assert_eq!(
        (
            &first["rows"],
            &first["applied"],
            &first["duplicates"],
            &first["rejected"]
        ),
        (&json!(1000), &json!(1200), &json!(0), &json!(0))
    );
    assert!(first["rowsPerSecond"].as_u64().unwrap() > 0);
    assert!(!std::fs::exists(format!("{path}.rejects.ndjson")).unwrap());
    expect_table(&world, 1000).await;
    let again = tool(&world, &["backfill", &path]).await;
    assert_eq!(again.code, Some(0));
    assert!(
        again
            .text()
            .contains("0 events applied, 1200 duplicates, 0 rejected"),
        "{}",
        again.text()
    );
    assert!(again.stderr.is_empty(), "{}", again.stderr);
    expect_table(&world, 1000).await;
}

#[tokio::test]
async fn killed_or_stopped_midway_it_goes_on_when_run_again() {
    let world = World::new().await;
    let rows = 4000;
    let (_dir, path) = file("donations.csv", table(rows));
    let start = async |enough: usize| {
        let mut command = world.worker_command();
        command.args(["backfill", &path]).env("BATCH_SIZE", "20");
        let process = Process::spawn(command);
        eventually(|| world.database.processed(), |processed| *processed >= enough).await;
        process
    };
    start(300).await.kill().await;
    assert_eq!(start(1200).await.terminate().await, Some(2));
    let processed = world.database.processed().await;
    assert!(processed < rows, "it was stopped midway, at {processed}");
    let answer = json(&world, 0, &["backfill", &path]).await;
    let (applied, duplicates) = (
        answer["applied"].as_u64().unwrap(),
        answer["duplicates"].as_u64().unwrap(),
    );
    assert_eq!(usize::try_from(applied + duplicates).unwrap(), rows + rows / 5);
    assert_eq!(usize::try_from(duplicates).unwrap(), processed);
    expect_table(&world, rows).await;
}

#[tokio::test]
async fn it_works_beside_workers_on_the_same_campaigns() {
    let world = World::competing().await;
    let _workers = (world.worker().await, world.worker().await);
    let rows = 2000;
    let (_dir, path) = file("donations.csv", table(rows));
    let live = (0..rows).map(|number| {
        let event = created(&format!("e{number}"), &format!("live{number}"));
        event
            .campaign(&format!("c{}", number % 10))
            .donor(&format!("u{number}"))
    });
    let arguments = ["backfill", path.as_str()];
    let answer = json(&world, 0, &arguments);
    let (answer, ()) = futures::future::join(answer, world.publish(live)).await;
    assert_eq!(answer["applied"], rows + rows / 5, "{answer}");
    world.expect_settled(2 * rows + rows / 5).await;
    // Each donor gave twice, and counts once.
    let each = i64::try_from(rows / 10).unwrap();
    world.expect_totals("c1", each * 2000, each * 2, each).await;
    world.expect_totals("c0", each * 1500, each * 2, each).await;
}

const TIME: &str = "2024-05-01T10:00:00Z";

/// A line about the donation `d` of the campaign `c`, with these members more.
fn line(amount: &str, more: &str) -> String {
    format!(r#"{{"donationId":"d","campaignId":"c","amount":{amount},"timestamp":"{TIME}"{more}}}"#)
}

/// Starts a backfill that reads what the test writes.
fn start(world: &World, arguments: &[&str]) -> Child {
    let mut command = world.worker_command();
    command.arg("backfill").args(arguments).kill_on_drop(true);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

async fn end(child: Child) -> Said {
    child.wait_with_output().await.unwrap().into()
}

/// A backfill of this input.
async fn piped(world: &World, arguments: &[&str], input: &str) -> Said {
    let mut child = start(world, arguments);
    let mut stdin = child.stdin.take().unwrap();
    // One that refuses its arguments is gone before it reads.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    end(child).await
}

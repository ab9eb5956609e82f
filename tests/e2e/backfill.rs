//! `totals-worker backfill`: an existing platform's donations come in from a file, once, by the rules for events.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::events::{Event, created, paid, refunded};
use crate::harness::{Outgoing, Process, World, eventually};
use crate::tool::{json, tool};

const HEADER: &str = "donationId,campaignId,amount,donorId,isGuest,timestamp,refundedAmount";

/// A file of this name with this content, and its path.
pub fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, String) {
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

pub fn rejects(path: &str) -> Vec<Value> {
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
async fn lines_are_events_or_bare_donations_and_meet_what_is_there() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let earlier: [Outgoing; 3] = [
        created("e1", "d1").donor("ada").into(),
        created("e2", "d2").donor("ada").into(),
        refunded("e3", "d2").amount(4.0).into(),
    ];
    world.publish(earlier).await;
    world.expect_settled(3).await;
    let donated = |donation| created("", donation).donor("ada");
    let bare = |event: Event| String::from_utf8(event.bare().body).unwrap();
    let lines = [
        created("e1", "d1").donor("ada").body(), // the very event
        bare(donated("d2")),                     // known by another event id
        bare(donated("d3")),                     // new
        bare(
            donated("d4")
                .with("amount", json!("10.00"))
                .with("refundedAmount", json!(2.5)),
        ), // new, refunded in part
        paid("p1", "d3").body(),
        refunded("e5", "d3").amount(1.0).body(),
    ];
    let (_dir, path) = file("history.ndjson", lines.join("\n"));
    let answer = json(&world, 0, &["backfill", &path]).await;
    assert_eq!(answer["duplicates"], 1, "{answer}");
    assert_eq!(answer["applied"], 6, "{answer}");
    world.expect_totals("c", 1000 + 600 + 900 + 750, 4, 1).await;
    world.expect_settled(9).await;
    assert!(world.database.row("backfill_d3").await.is_some());
}

#[tokio::test]
async fn what_cannot_be_counted_is_in_the_rejects_with_its_reason() {
    let world = World::new().await;
    let (_dir, path) = file(
        "first.csv",
        format!("{HEADER}\nd1,c,10,u,0,2024-05-01T10:00:00Z,\n"),
    );
    json(&world, 0, &["backfill", &path]).await;
    let time = "2024-05-01T10:00:00Z";
    let rows = format!(
        "id,campaignId,amount,donorId,isGuest,timestamp\r\n\
         d2,c,1.005,u,no,{time}\r\n\
         d1,c,11,u,no,{time}\r\n\
         d3,c,5\r\n\
         d4,c,5,,yes,yesterday\r\n\
         d5,c,5,\"two\nlines\",no,{time}\r\n\
         d6,c,5,u,maybe,{time}\r\n"
    );
    let (_dir, path) = file("second.csv", [rows.as_bytes(), b"d7,\xff,5,u,no,x\n"].concat());
    let answer = json(&world, 1, &["backfill", &path, "--column", "donationId=id"]).await;
    assert_eq!(
        (&answer["rows"], &answer["applied"], &answer["rejected"]),
        (&json!(7), &json!(1), &json!(6))
    );
    let mut rejects = rejects(&path);
    rejects.sort_by_key(|reject| reject["line"].as_u64());
    let told: Vec<_> = rejects
        .iter()
        .map(|reject| {
            (
                reject["line"].as_u64().unwrap(),
                reject["reasonCode"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (2, "INVALID_AMOUNT"),
        (3, "EVENT_ID_REUSED"),
        (4, "UNREADABLE_ROW"),
        (5, "INVALID_FIELD"),
        (8, "INVALID_FIELD"),
        (9, "UNREADABLE_ROW"),
    ];
    assert_eq!(told, expected);
    assert_eq!(rejects[0]["original"], format!("d2,c,1.005,u,no,{time}"));
    assert!(
        rejects[0]["reason"]
            .as_str()
            .unwrap()
            .contains("at most 2 decimals")
    );
    world.expect_totals("c", 1500, 2, 2).await;
    world.expect_settled(2).await;
}

#[tokio::test]
async fn of_a_rejected_row_nothing_counts() {
    let world = World::new().await;
    let time = "2024-05-01T10:00:00Z";
    let (_dir, path) = file("first.csv", format!("{HEADER}\nd1,c,10.00,u,0,{time},\n"));
    json(&world, 0, &["backfill", &path]).await;
    let rows = format!("{HEADER}\nd1,c,11.00,u,0,{time},5\nd2,c,4.00,u,0,{time},1\n");
    let (_dir, path) = file("second.csv", rows);
    let answer = json(&world, 1, &["backfill", &path]).await;
    assert_eq!(
        (&answer["applied"], &answer["rejected"]),
        (&json!(2), &json!(1)),
        "{answer}"
    );
    assert_eq!(rejects(&path).len(), 1);
    world.expect_totals("c", 1000 + 300, 2, 1).await;
    world.expect_settled(3).await;
}

#[tokio::test]
async fn rejects_are_replaced_by_a_complete_run_of_the_same_file_alone() {
    let world = World::new().await;
    let bad = "no json\n";
    let (dir, path) = file("january.ndjson", bad);
    let here = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    json(&world, 1, &["backfill", &path]).await;
    assert_eq!(rejects(&path).len(), 1);

    // Stopped by a table that cannot be read on.
    let table = format!("{HEADER}\nd,c\n");
    let path = here("february.csv");
    std::fs::write(&path, &table).unwrap();
    json(&world, 1, &["backfill", &path]).await;
    let open = format!("{table}e,c\nd,c,\"{}", "1\n".repeat(3_000_000));
    std::fs::write(&path, open).unwrap();
    assert_eq!(tool(&world, &["backfill", &path]).await.code, Some(2));
    assert_eq!(rejects(&path).len(), 1, "as the complete run left them");
    std::fs::write(&path, format!("{HEADER}\n")).unwrap();
    json(&world, 1, &["backfill", &path]).await;
    assert!(!std::fs::exists(here("february.csv.rejects.ndjson")).unwrap());
    assert!(!std::fs::exists(here("february.csv.rejects.ndjson.part")).unwrap());

    let january = here("january.ndjson.rejects.ndjson");
    for (name, line) in [
        (january.as_str(), "it has content"),
        ("/dev/null", "a regular file"),
    ] {
        let said = tool(&world, &["backfill", &path, "--rejects", name]).await;
        assert!(said.code == Some(2) && said.stderr.contains(line), "{said:?}");
    }
    assert_eq!(rejects(&here("january.ndjson")).len(), 1);
    std::fs::write(&path, &table).unwrap();
    let named = here("named.ndjson");
    let answer = json(&world, 1, &["backfill", &path, "--rejects", &named]).await;
    assert_eq!(answer["rejects"], named);
    assert_eq!(std::fs::read_to_string(&named).unwrap().lines().count(), 1);
}

#[tokio::test]
async fn hostile_lines_harm_nothing_beside_them() {
    let world = World::new().await;
    let good = |donation| created("", donation).bare().body;
    let lines = [
        vec![b'x'; 1_000_000],
        [b"{\"donationId\":\"", vec![b'y'; 5_000_000].as_slice(), b"\"}"].concat(),
        b"\xff\xfe".to_vec(),
        good("d1"),
        "[".repeat(100_000).into_bytes(),
        good("d2"),
    ];
    let (_dir, path) = file(
        "hostile.jsonl",
        [b"\xef\xbb\xbf", lines.join(b"\r\n".as_slice()).as_slice()].concat(),
    );
    assert_eq!(json(&world, 1, &["backfill", &path]).await["rejected"], 4);
    let codes: Vec<_> = rejects(&path)
        .iter()
        .map(|reject| reject["reasonCode"].clone())
        .collect();
    assert_eq!(
        codes,
        ["BODY_TOO_LARGE", "BODY_TOO_LARGE", "NOT_UTF8", "INVALID_JSON"]
    );
    world.expect_totals("c", 2000, 2, 0).await;

    let (_dir, path) = file("empty.ndjson", "");
    assert_eq!(json(&world, 1, &["backfill", &path]).await["rows"], 0);
    for (name, content, line) in [
        ("empty.csv", "", "there is no header row"),
        ("short.csv", "id,amount\n", "--column donationId=COLUMN"),
        (
            "open.csv",
            &format!("{HEADER}\nd,c,\"{}", "1\n".repeat(3_000_000)),
            "is a quote left open?",
        ),
        ("donations.xml", "", "must end in .ndjson or .csv"),
    ] {
        let (_dir, path) = file(name, content);
        let said = tool(&world, &["backfill", &path]).await;
        said.expect_refusal(line);
    }
    let (_dir, path) = file("donations.csv", table(1));
    let said = tool(&world, &["backfill", &path, "--rejects", &path]).await;
    assert!(
        said.code == Some(2) && said.stderr.contains("overwrite the input"),
        "{said:?}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), table(1));
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
    let world = World::new().await;
    let _workers = (world.worker().await, world.worker().await);
    let rows = 2000;
    let (_dir, path) = file("donations.csv", table(rows));
    let live = (0..rows).map(|number| {
        let event = created(&format!("e{number}"), &format!("live{number}"));
        event
            .campaign(&format!("c{}", number % 10))
            .donor(&format!("u{number}"))
            .into()
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

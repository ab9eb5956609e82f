//! Rows of `totals-worker backfill` that are more than donations, rows from standard input, and files that are shared.

use std::process::Stdio;

use mongodb::bson::doc;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Child;

use crate::backfill::{file, rejects};
use crate::harness::{World, eventually};
use crate::tool::{Said, json, tool};

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

/// Waits until the process would handle SIGTERM itself.
async fn listens_to_signals(pid: u32) {
    let caught = async || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap()
    };
    eventually(caught, |caught| caught & (1 << 14) != 0).await;
}

#[tokio::test]
async fn a_line_is_what_it_says() {
    let world = World::new().await;
    let lines = [
        line("100", ""),
        line("30", r#","eventId":"R-1","eventType":"donation.refunded""#),
        line(
            "30.0",
            r#","eventType":"donation.refunded","eventId":"R-1","more":1"#,
        ), // the very refund
        line("7", r#","refundId":"r2","reason":"asked for""#),
        line("1", r#","eventType":"donation.refunded","refundId":"r3""#),
        line(
            "20",
            r#","eventType":"payment.refunded","paymentId":"p","eventId":"P-1""#,
        ), // moves nothing
        line("20", r#","eventType":"payment.refunded","paymentId":"p""#),
        line("20", r#","eventType":"donation.refunded""#),
        line("20", r#","reason":"asked for""#),
        line("100", r#","eventType":"donation.created","refundId":"r4""#),
        line(
            "20",
            r#","eventType":"donation.refunded","eventId":"R-5","refundedAmount":1"#,
        ),
        line("100", r#","kind":"donation.refunded""#),
    ];
    let (_dir, path) = file("history.ndjson", lines.join("\n"));
    let answer = json(&world, 1, &["backfill", &path]).await;
    assert_eq!(
        (&answer["applied"], &answer["duplicates"], &answer["rejected"]),
        (&5.into(), &1.into(), &6.into()),
        "{answer}: {:?}",
        rejects(&path)
    );
    let told: Vec<_> = rejects(&path)
        .iter()
        .map(|reject| reject["line"].clone())
        .collect();
    assert_eq!(told, [7, 8, 9, 10, 11, 12]);
    world.expect_totals("c", 10_000 - 3_000 - 700 - 100, 1, 0).await;
    assert_eq!(json(&world, 1, &["backfill", &path]).await["duplicates"], 6);
    world.expect_totals("c", 6_200, 1, 0).await;
}

#[tokio::test]
async fn a_record_is_what_its_columns_say() {
    let world = World::new().await;
    let table = format!(
        "donationId,campaignId,amount,timestamp,donorId,kind,refundId,payload\n\
         d1,c,100,{TIME},ada,donation.created,,{{}}\n\
         d1,c,30,{TIME},,donation.refunded,r1,\"{{\"\"a\"\":1}}\"\n\
         d2,c,5,{TIME},NULL,,\\N,text\n\
         d3,c,5,{TIME},\\N,,,\n\
         d3,c,5,{TIME},,donation.refunded,,\n"
    );
    let (_dir, path) = file("history.csv", table);
    let answer = json(&world, 1, &["backfill", &path, "--column", "eventType=kind"]).await;
    assert_eq!(
        (&answer["applied"], &answer["rejected"]),
        (&4.into(), &1.into()),
        "{answer}"
    );
    let reason = rejects(&path)[0]["reason"].to_string();
    assert!(reason.contains("add an eventId or a refundId"), "{reason}");
    world.expect_totals("c", 10_000 - 3_000 + 500 + 500, 3, 1).await;
}

#[tokio::test]
async fn white_space_around_a_records_values_makes_no_ids_of_their_own() {
    let world = World::new().await;
    let table = format!(
        "donationId, campaignId ,amount,timestamp,donorId\n\
         d1,c,1,{TIME},ada\n\
         d2, c , 1 , {TIME} , ada \n\
         d3, \"c\",1,\"{TIME}\" ,\t\"ada\"\n\
         d4,\"c \",1,{TIME},\u{a0}ada\u{a0}\n\
         d5,c\u{a0},1,{TIME},\u{3000}\n\
         d5 ,c,1,{TIME},\n\
         d6, \"c\" x,1,{TIME},\n"
    );
    let (_dir, path) = file("spaces.csv", table);
    let answer = json(&world, 1, &["backfill", &path]).await;
    assert_eq!(
        (&answer["applied"], &answer["duplicates"], &answer["rejected"]),
        (&5.into(), &1.into(), &1.into()),
        "{answer}: {:?}",
        rejects(&path)
    );
    let rejected = &rejects(&path)[0];
    assert!(
        rejected["reason"]
            .to_string()
            .contains("text follows the closing quote"),
        "{rejected}"
    );
    assert_eq!(rejected["original"], format!("d6, \"c\" x,1,{TIME},"));
    world.expect_totals("c", 500, 5, 1).await;
    assert_eq!(
        world
            .database
            .collection("campaign_totals")
            .count_documents(doc! {})
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn standard_input_is_read_with_its_rejects_on_standard_error() {
    let world = World::new().await;
    let said = piped(&world, &["-"], "").await;
    assert!(
        said.code == Some(2) && said.stderr.contains("--format"),
        "{said:?}"
    );

    let lines = [line("100", ""), "no json".to_owned()].join("\n");
    let said = piped(&world, &["-", "--format", "ndjson", "--json"], &lines).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    let reject: Value = serde_json::from_str(&said.stderr).unwrap();
    assert!(reject["line"] == 2 && reject["original"] == "no json", "{reject}");
    let answer: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert!(answer["rejected"] == 1 && answer["rejects"].is_null(), "{answer}");

    let table = format!("donationId,campaignId,amount,timestamp\nd2,c,5,{TIME}\nd3,c\n");
    let (dir, _) = file("unused", "");
    let named = dir.path().join("rejects.ndjson").to_str().unwrap().to_owned();
    let said = piped(&world, &["-", "--format", "csv", "--rejects", &named], &table).await;
    assert!(said.code == Some(1) && said.stderr.is_empty(), "{said:?}");
    assert_eq!(std::fs::read_to_string(named).unwrap().lines().count(), 1);
    world.expect_totals("c", 10_500, 2, 0).await;
}

#[tokio::test]
async fn rejects_that_standard_error_does_not_take_end_the_run_without_a_panic() {
    let world = World::new().await;
    let (_dir, path) = file("rows.ndjson", "no json\n");
    for level in ["info", "trace"] {
        let mut command = world.worker_command();
        command
            .args(["backfill", "-", "--format", "ndjson"])
            .env("LOG_LEVEL", level)
            .stdin(std::fs::File::open(&path).unwrap())
            .stderr(std::fs::File::create("/dev/full").unwrap());
        assert_eq!(command.status().await.unwrap().code(), Some(2), "{level}");
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_standard_input() {
    let world = World::new().await;
    for format in ["ndjson", "csv"] {
        let mut child = start(&world, &["-", "--format", format]);
        let mut stdin = child.stdin.take().unwrap();
        let before = world.database.processed().await;
        if format == "csv" {
            // It waits for the header row.
            listens_to_signals(child.id().unwrap()).await;
        } else {
            stdin
                .write_all(format!("{}\n", line("100", "")).as_bytes())
                .await
                .unwrap();
            eventually(|| world.database.processed(), |processed| *processed > before).await;
        }
        let pid = child.id().unwrap().to_string();
        let kill = tokio::process::Command::new("kill")
            .args(["-TERM", &pid])
            .status();
        assert!(kill.await.unwrap().success());
        let said = end(child).await;
        assert!(
            said.code == Some(2) && said.stderr.contains("stopped"),
            "{said:?}"
        );
        drop(stdin);
    }
}

#[tokio::test]
async fn no_file_of_another_is_written_over() {
    let world = World::new().await;
    let (dir, path) = file("a.ndjson", "no json\n");
    let here = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();

    std::fs::write(here("mine.part"), "mine").unwrap();
    let said = tool(&world, &["backfill", &path, "--rejects", &here("mine")]).await;
    assert!(
        said.code == Some(2) && said.stderr.contains("mine.part"),
        "{said:?}"
    );
    assert_eq!(std::fs::read_to_string(here("mine.part")).unwrap(), "mine");

    let shared = here("shared");
    let mut first = start(&world, &["-", "--format", "ndjson", "--rejects", &shared]);
    let part = format!("{shared}.part");
    eventually(async || std::fs::exists(&part).unwrap(), |there| *there).await;
    let said = tool(&world, &["backfill", &path, "--rejects", &shared]).await;
    assert!(
        said.code == Some(2) && said.stderr.contains("another backfill"),
        "{said:?}"
    );
    let mut stdin = first.stdin.take().unwrap();
    stdin.write_all(b"neither\n").await.unwrap();
    drop(stdin);
    assert_eq!(end(first).await.code, Some(1));
    let text = std::fs::read_to_string(&shared).unwrap();
    assert!(text.contains("neither") && text.lines().count() == 1, "{text}");
}

#[tokio::test]
async fn what_a_terminal_would_obey_is_escaped_in_rejects_on_standard_error_and_kept_in_a_file() {
    let world = World::new().await;
    let row = line("0", r#","note":"aRLOb""#).replace("RLO", "\u{202e}");
    let said = piped(&world, &["-", "--format", "ndjson"], &format!("{row}\n")).await;
    assert!(
        said.code == Some(1) && !said.stderr.contains('\u{202e}'),
        "{said:?}"
    );
    let told: Value = serde_json::from_str(said.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(told["original"], row);

    let (_dir, path) = file("right\u{202e}to-left.ndjson", format!("{row}\n"));
    let said = tool(&world, &["backfill", &path]).await;
    assert!(
        said.code == Some(1) && !said.text().contains('\u{202e}'),
        "{said:?}"
    );
    assert!(said.text().contains("right\\u{202e}to-left"), "{said:?}");
    let kept = std::fs::read_to_string(format!("{path}.rejects.ndjson")).unwrap();
    assert!(kept.contains('\u{202e}'), "byte for byte: {kept}");

    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut command = world.worker_command();
    command.args(["backfill", &path, "--rejects", "-"]);
    let output = command.current_dir(dir.path()).output().await.unwrap();
    let said = Said::from(output);
    assert!(
        said.code == Some(2) && said.stderr.contains("--rejects -"),
        "{said:?}"
    );
    assert!(said.stdout.is_empty() && std::fs::read_dir(dir.path()).unwrap().next().is_none());
}

//! Rows from standard input.

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use super::{TIME, end, file, line, piped, start};
use crate::harness::{World, eventually};

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
async fn standard_input_is_read_with_its_rejects_on_standard_error() {
    let world = World::new().await;
    let said = piped(&world, &["-"], "").await;
    said.expect_failure("--format");

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
        said.expect_failure("stopped");
        drop(stdin);
    }
}

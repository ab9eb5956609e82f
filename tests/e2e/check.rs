//! `totals-worker check`: what would the worker do with each message of a file?

use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

use crate::events::{created, paid, refunded};
use crate::harness::{DeadLetter, Outgoing, World, worker_command};
use crate::tool::{Said, tool};

/// Where nothing answers.
const NOWHERE: [(&str, &str); 2] = [
    ("DATABASE_URL", "mongodb://127.0.0.1:9/none"),
    ("RABBITMQ_URL", "amqp://127.0.0.1:9"),
];

/// Runs `check -` on this input, beside no service at all.
async fn check(input: impl AsRef<[u8]>, arguments: &[&str]) -> Said {
    let mut command = worker_command();
    command.args(["check", "-"]).args(arguments).envs(NOWHERE);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A tool that refuses its arguments reads nothing.
    let _ = stdin.write_all(input.as_ref()).await;
    drop(stdin);
    child.wait_with_output().await.unwrap().into()
}

/// The lines of its JSON answer, and its summary.
fn answer(said: &Said) -> (Vec<Value>, Value) {
    let lines = said.text().lines();
    let mut lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap()["summary"].take();
    (lines, summary)
}

/// A message as captures keep it.
fn capture(message: &Outgoing) -> String {
    let body = String::from_utf8(message.body.clone()).unwrap();
    json!({"routingKey": message.routing_key, "properties": {"content_type": "application/json"}, "body": body}).to_string()
}

#[tokio::test]
async fn each_line_is_judged_without_any_service() {
    let lines = [
        created("e1", "d1").donor("u1").body(),
        created("e1", "d1").donor("u1").body(),
        created("e1", "d1").donor("u1").amount(11.0).body(),
        created("e2", "d1").donor("u1").body(),
        created("e3", "d1").donor("u1").amount(12.0).body(),
        String::new(),
        refunded("e4", "d1").amount(4.0).body(),
        refunded("e5", "d9").body(),
        capture(&paid("unused", "d1").bare()),
        created("e6", "d2").amount(-1.0).body(),
        json!({"routingKey": "campaign.deleted", "body": {"campaignId": "c"}}).to_string(),
        "no json".to_owned(),
        json!({"routingKey": "campaign.created", "body": {"campaignId": "c"}}).to_string(),
    ];
    let said = check(lines.join("\n"), &["--json"]).await;
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), ""), "{said:?}");
    let (findings, summary) = answer(&said);
    let seen: Vec<_> = findings
        .iter()
        .map(|finding| {
            let text = |name: &str| finding[name].as_str().unwrap_or_default();
            (
                finding["line"].as_u64().unwrap(),
                text("outcome"),
                text("reasonCode"),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (1, "counted", ""),
            (2, "duplicate", ""),
            (3, "deadLettered", "EVENT_ID_REUSED"),
            (4, "logged", ""),
            (5, "deadLettered", "DONATION_REDEFINED"),
            (7, "counted", ""),
            (8, "logged", ""),
            (9, "logged", ""),
            (10, "deadLettered", "INVALID_AMOUNT"),
            (11, "notBound", ""),
            (12, "deadLettered", "INVALID_JSON"),
            (13, "fact", ""),
        ]
    );
    assert_eq!(
        findings[0]["effect"],
        json!({"amount": 10, "pledges": 1, "donors": 1})
    );
    assert_eq!(
        findings[5]["effect"],
        json!({"amount": -4, "pledges": 0, "donors": 0})
    );
    assert_eq!(findings[8]["reason"], "amount must be greater than 0, got -1.0");
    assert_eq!(
        summary,
        json!({
            "messages": 12, "counted": 2, "facts": 1, "logged": 3, "duplicates": 1, "deadLettered": 4, "notBound": 1,
            "notCaptures": 0, "reasons": {"DONATION_REDEFINED": 1, "EVENT_ID_REUSED": 1, "INVALID_AMOUNT": 1, "INVALID_JSON": 1},
        })
    );
}

#[tokio::test]
async fn a_line_that_is_no_capture_or_too_long_is_told_and_the_rest_is_checked() {
    let captured = |properties: &str| {
        format!(r#"{{"routingKey":"donation.created","properties":{properties},"body":{{}}}}"#)
    };
    let too_long = format!(r#"{{"padding":"{}"}}"#, "x".repeat(5_000_000));
    let lines = [
        captured(r#"{"message_id":7}"#),
        captured(r#"{"messageIds":"m"}"#),
        too_long.clone(),
        capture(&created("e1", "d1").into()).replace("content_type", "contentType"),
    ];
    let said = check(lines.join("\n"), &["--json"]).await;
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), ""), "{said:?}");
    let (findings, summary) = answer(&said);
    let outcomes: Vec<_> = findings
        .iter()
        .map(|it| it["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(
        outcomes,
        ["notACapture", "notACapture", "deadLettered", "counted"]
    );
    let reason = |line: usize| findings[line - 1]["reason"].as_str().unwrap();
    assert!(
        reason(2).starts_with("unknown field `messageIds`"),
        "{}",
        reason(2)
    );
    let length = too_long.len() + 1;
    let longer =
        format!("the line has {length} bytes with its end, more than the 4194304 that are read of a line");
    assert_eq!(reason(3), longer);
    assert_eq!(
        (&summary["messages"], &summary["notCaptures"]),
        (&json!(4), &json!(2))
    );

    let said = check(&lines[1], &[]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    said.expect_text("     1  not a capture: unknown field `messageIds`, expected one of `messageId`");
    said.expect_text("0 dead-lettered; 1 not a capture\n");
}

#[tokio::test]
async fn what_is_no_text_is_refused_in_words_for_messages() {
    let utf_16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    for input in [utf_16("\u{feff}{}\n"), utf_16("{}\n"), vec![0; 10]] {
        let said = check(&input, &[]).await;
        said.expect_refusal("must be lines of JSON in UTF-8");
        assert!(!said.stderr.contains("CSV"), "{said:?}");
    }
    let said = check(b"{}\n{\"a\0\":1}\n\0\n", &[]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    said.expect_text(
        "3 messages: 0 counted, 0 facts, 0 logged, 0 duplicates, 3 dead-lettered: 2 INVALID_JSON, 1 MISSING_FIELD",
    );
}

#[tokio::test]
async fn people_get_text_that_no_terminal_obeys() {
    let lines = [
        created("e1", "d1").body(),
        created("e2\u{1b}[2J", "d\u{202e}").amount(0.0).body(),
    ];
    let said = check(lines.join("\n"), &[]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    said.expect_text(
        "     1  counted        donation.created         e1  c: amount 10, pledges 1, donors 0\n",
    );
    said.expect_text(r"e2\u{1b}[2J  INVALID_AMOUNT: amount must be greater than 0, got 0.0");
    said.expect_text(
        "2 messages: 1 counted, 0 facts, 0 logged, 0 duplicates, 1 dead-lettered: 1 INVALID_AMOUNT\n",
    );
    let obeyed = |character: char| character.is_control() && character != '\n';
    assert!(!said.text().contains(obeyed), "{said:?}");
}

#[tokio::test]
async fn arguments_and_the_environment_say_what_lines_do_not() {
    let bare = String::from_utf8(paid("unused", "d1").bare().body).unwrap();
    let said = check(&bare, &[]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    said.expect_text("UNKNOWN_EVENT_TYPE: eventType is missing");
    let said = check(&bare, &["--routing-key", "payment.completed"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = check(&bare, &["--routing-key", "payment.complete"]).await;
    said.expect_failure("must be one of donation.created, donation.refunded, payment.completed");
    let said = check("", &[]).await;
    assert_eq!(said.code, Some(1), "nothing was checked: {said:?}");
    let mut command = worker_command();
    let said = command
        .args(["check", "/nowhere.ndjson"])
        .envs(NOWHERE)
        .output()
        .await;
    Said::from(said.unwrap()).expect_refusal("/nowhere.ndjson: ");
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = file(&dir, "in-yen.ndjson", &created("e1", "d1").amount(0.5).body());
    let mut command = worker_command();
    let said = command
        .args(["check", &path])
        .env("CURRENCY", "JPY")
        .output()
        .await;
    Said::from(said.unwrap()).expect_text("amount must have at most 0 decimals in JPY");
}

#[tokio::test]
async fn the_worker_does_what_was_said() {
    let messages: Vec<Outgoing> = vec![
        created("e1", "d1").donor("u1").into(),
        created("e1", "d1").donor("u1").into(),
        created("e1", "d1").donor("u2").into(),
        refunded("e2", "d1").amount(4.0).into(),
        created("e3", "d1").into(),
        created("e4", "d2").amount_text("10.005"),
        created("e5", "d3").amount_text("\"3.20\""),
        paid("unused", "d1").bare(),
        paid("unused", "d1").bare(),
        Outgoing::new("donation.created", "[]"),
        Outgoing::new("donation.created", paid("e6", "d1").body()),
    ];
    let world = World::new().await;
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let lines: Vec<_> = messages.iter().map(capture).collect();
    let said = tool(
        &world,
        &["check", &file(&dir, "all.ndjson", &lines.join("\n")), "--json"],
    )
    .await;
    let (findings, summary) = answer(&said);
    let mut expected: Vec<_> = findings
        .iter()
        .filter_map(|finding| finding["reason"].as_str())
        .collect();
    assert_eq!(expected.len(), 5, "{said:?}");

    let _worker = world.worker().await;
    world.publish(messages).await;
    let letters = world.expect_dead_letters(expected.len()).await;
    let mut reasons: Vec<_> = letters.iter().map(DeadLetter::reason).collect();
    reasons.sort_unstable();
    expected.sort_unstable();
    assert_eq!(reasons, expected);
    let counted = summary["counted"].as_u64().unwrap() + summary["logged"].as_u64().unwrap();
    world.expect_settled(counted.try_into().unwrap()).await;
    world.expect_totals("c", 920, 2, 1).await;
}

fn file(dir: &TempDir, name: &str, content: &str) -> String {
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

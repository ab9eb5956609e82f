//! Rows that cannot be counted: each is among the rejects with its reason, and no file is written over.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::{HEADER, TIME, end, file, line, piped, rejects, start, table};
use crate::events::created;
use crate::harness::{World, eventually};
use crate::tool::{Said, json, tool};

#[tokio::test]
async fn what_cannot_be_counted_is_in_the_rejects_with_its_reason() {
    let world = World::new().await;
    let (_dir, path) = file(
        "first.csv",
        format!("{HEADER}\nd1,c,10,u,0,2024-05-01T10:00:00Z,\n"),
    );
    json(&world, 0, &["backfill", &path]).await;
    let rows = format!(
        "id,campaignId,amount,donorId,isGuest,timestamp\r\n\
         d2,c,1000.005,u,no,{TIME}\r\n\
         d1,c,11,u,no,{TIME}\r\n\
         d3,c,5\r\n\
         d4,c,5,,yes,yesterday\r\n\
         d5,c,5,\"two\nlines\",no,{TIME}\r\n\
         d6,c,5,u,maybe,{TIME}\r\n"
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
    assert_eq!(rejects[0]["original"], format!("d2,c,1000.005,u,no,{TIME}"));
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
    let (_dir, path) = file("first.csv", format!("{HEADER}\nd1,c,10.00,u,0,{TIME},\n"));
    json(&world, 0, &["backfill", &path]).await;
    let rows = format!("{HEADER}\nd1,c,11.00,u,0,{TIME},5\nd2,c,4.00,u,0,{TIME},1\n");
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
        said.expect_failure(line);
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
    said.expect_failure("overwrite the input");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), table(1));
}

#[tokio::test]
async fn no_file_of_another_is_written_over() {
    let world = World::new().await;
    let (dir, path) = file("a.ndjson", "no json\n");
    let here = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();

    std::fs::write(here("mine.part"), "mine").unwrap();
    let said = tool(&world, &["backfill", &path, "--rejects", &here("mine")]).await;
    said.expect_failure("mine.part");
    assert_eq!(std::fs::read_to_string(here("mine.part")).unwrap(), "mine");

    let shared = here("shared");
    let mut first = start(&world, &["-", "--format", "ndjson", "--rejects", &shared]);
    let part = format!("{shared}.part");
    eventually(async || std::fs::exists(&part).unwrap(), |there| *there).await;
    let said = tool(&world, &["backfill", &path, "--rejects", &shared]).await;
    said.expect_failure("another backfill");
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
    said.expect_text("right\\u{202e}to-left");
    let kept = std::fs::read_to_string(format!("{path}.rejects.ndjson")).unwrap();
    assert!(kept.contains('\u{202e}'), "byte for byte: {kept}");

    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut command = world.worker_command();
    command.args(["backfill", &path, "--rejects", "-"]);
    let output = command.current_dir(dir.path()).output().await.unwrap();
    let said = Said::from(output);
    said.expect_failure("--rejects -");
    assert!(said.stdout.is_empty() && std::fs::read_dir(dir.path()).unwrap().next().is_none());
}

//! Tables as spreadsheets of several countries write them.

use super::{TIME, file, rejects};
use crate::harness::World;
use crate::tool::{json, tool};

const HEADER: &str = "donationId;campaignId;amount;timestamp";

#[tokio::test]
async fn a_table_with_semicolons_and_decimal_commas_is_read_if_the_operator_says_so() {
    let world = World::new().await;
    let table = format!(
        "\u{feff}{HEADER}\r\nd1;c;1234,56;{TIME}\r\nd2;c;7;{TIME}\r\nd3;c;1.234,56;{TIME}\r\nd4;c;€ 5;{TIME}\r\n"
    );
    let (_dir, path) = file("excel.csv", table);
    let answer = json(&world, 1, &["backfill", &path]).await;
    assert_eq!((&answer["applied"], &answer["rejected"]), (&1.into(), &3.into()));
    let reason = &rejects(&path)[0];
    assert_eq!(reason["reasonCode"], "INVALID_AMOUNT");
    assert!(
        reason["reason"].as_str().unwrap().contains("add --decimal-comma"),
        "{reason}"
    );

    let answer = json(&world, 1, &["backfill", &path, "--decimal-comma"]).await;
    assert_eq!(
        (&answer["applied"], &answer["duplicates"]),
        (&1.into(), &1.into())
    );
    let reasons: Vec<_> = rejects(&path)
        .iter()
        .map(|reject| reject["reason"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        reasons.len() == 2
            && reasons[0].contains("remove thousands separators")
            && reasons[1].contains("without a currency sign"),
        "{reasons:?}"
    );
    world.expect_totals("c", 123_456 + 700, 2, 0).await;
}

#[tokio::test]
async fn what_a_table_does_not_tell_is_refused_with_its_remedy() {
    let world = World::new().await;
    let (_dir, path) = file("both.csv", format!("{HEADER};first, last\nd1;c;5;{TIME};a, b\n"));
    let said = tool(&world, &["backfill", &path]).await;
    said.expect_refusal("say which with --separator comma or --separator semicolon");
    let answer = json(&world, 0, &["backfill", &path, "--separator", "semicolon"]).await;
    assert_eq!(answer["applied"], 1, "{answer}");

    let text = format!("{HEADER}\r\nd2;c;5;{TIME}\r\n").replace(';', "\t");
    let (_dir, path) = file("tabs.csv", &text);
    assert_eq!(json(&world, 0, &["backfill", &path]).await["applied"], 1);
    let utf_16: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for name in ["utf-16.csv", "utf-16.ndjson"] {
        let (_dir, path) = file(name, &utf_16);
        let said = tool(&world, &["backfill", &path]).await;
        said.expect_refusal("iconv -f UTF-16 -t UTF-8");
    }
    let (_dir, path) = file("rows.ndjson", "{}\n");
    let said = tool(&world, &["backfill", &path, "--decimal-comma"]).await;
    said.expect_refusal("--decimal-comma are for CSV");
    world.expect_totals("c", 1000, 2, 0).await;
}

#[tokio::test]
async fn half_of_an_amount_with_a_decimal_comma_is_never_counted() {
    let world = World::new().await;
    // Spreadsheets leave out empty fields at the end of a row.
    let table = format!(
        "donationId,campaignId,timestamp,amount,note\nd1,c,{TIME},\"12,50\",n\nd2,c,{TIME},12,50,n\nd3,c,{TIME},12,50\n"
    );
    let (_dir, path) = file("commas.csv", table);
    let answer = json(&world, 1, &["backfill", &path, "--decimal-comma"]).await;
    assert_eq!((&answer["applied"], &answer["rejected"]), (&1.into(), &2.into()));
    world.expect_totals("c", 1250, 1, 0).await;
}

//! What a row is: a donation, an event, or a record of a table, by its members or its columns.

use mongodb::bson::doc;
use serde_json::json;

use super::{TIME, file, line, rejects};
use crate::events::{Event, created, paid, refunded};
use crate::harness::{Outgoing, World};
use crate::tool::json;

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
async fn a_table_that_says_nothing_of_times_is_counted_once() {
    let world = World::new().await;
    let table = "sep=;\r\ndonationId;campaignId;amount;donorId;eventType;refundId\r\n\
                 d1;c;10;ada;;\r\nd2;c;5;;;\r\nd1;c;4;;donation.refunded;r1\r\n";
    let (_dir, path) = file("timeless.csv", table);
    assert_eq!(json(&world, 0, &["backfill", &path]).await["applied"], 3);
    assert_eq!(json(&world, 0, &["backfill", &path]).await["duplicates"], 3);
    world.expect_totals("c", 1100, 2, 1).await;
}

#[tokio::test]
async fn a_row_that_was_not_paid_or_was_refunded_is_not_counted_as_a_donation() {
    let world = World::new().await;
    let table = format!(
        "donationId,campaignId,amount,timestamp,status,refundedAmount\n\
         d1,c,10,{TIME},PAID,\n\
         d2,c,10,{TIME},FAILED,\n\
         d3,c,10,{TIME},Pending,NULL\n\
         d4,c,10,{TIME},REFUNDED,\n\
         d5,c,10,{TIME},REFUNDED,10\n\
         d6,c,10,{TIME},somehow,\n\
         d7,c,10,{TIME},NULL,\n"
    );
    let (_dir, path) = file("states.csv", table);
    let answer = json(&world, 1, &["backfill", &path]).await;
    assert_eq!(
        (&answer["applied"], &answer["rejected"]),
        (&4.into(), &4.into()),
        "{answer}"
    );
    let codes: Vec<_> = rejects(&path).iter().map(|it| it["reasonCode"].clone()).collect();
    assert_eq!(
        codes,
        ["NOT_PAID", "NOT_PAID", "CONTRADICTORY_ROW", "AMBIGUOUS_ROW"]
    );
    world.expect_totals("c", 2000, 2, 0).await;
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

//! Refunds that do not name themselves: each counts once, however it is written, and whichever version has counted it before.

use mongodb::bson::doc;

use crate::events::{created, refunded};
use crate::forms::with;
use crate::harness::{Outgoing, World, eventually};
use crate::tool::json;

const DUPLICATES: &str = r#"totals_worker_events_total{type="donation.refunded",outcome="duplicate"}"#;

/// A refund of 10.00 of donation `d`, bare.
fn refund() -> Outgoing {
    refunded("", "d").bare()
}

#[tokio::test]
async fn a_refund_without_an_id_counts_once_however_it_is_written() {
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish([created("e1", "d").amount(100.0)]).await;
    let own = |message| with(message, "{", r#"{"refundId":"r-1","#);
    world
        .publish([
            refund(),
            with(refund(), r#""amount":10"#, r#""amount":10.0"#),
            with(refund(), r#""amount":10"#, r#""amount":"10""#),
            with(refund(), ".000Z", "+0000"),
            with(refund(), "{", r#"{"more":1,"#),
            own(refund()),
            own(with(refund(), "10:00:00", "10:00:05")),
        ])
        .await;
    world.expect_totals("c", 8000, 1, 0).await;
    eventually(|| worker.counted(DUPLICATES), |count| *count == 5).await;
    world.expect_settled(3).await;

    // Its id with another amount is a contradiction.
    world
        .publish([own(with(refund(), r#""amount":10"#, r#""amount":11"#))])
        .await;
    let letter = world.expect_dead_letters(1).await.remove(0);
    assert_eq!(letter.header("x-reason-code"), "EVENT_ID_REUSED");
}

/// Gives a row of the log another id.
async fn rename(world: &World, from: &str, to: &str) {
    let log = world.database.collection("event_log");
    let mut row = world.database.row(from).await.unwrap();
    row.insert("_id", to);
    log.delete_one(doc! { "_id": from }).await.unwrap();
    log.insert_one(row).await.unwrap();
}

/// An earlier version has committed these under ids of its own, and died before it acknowledged them.
#[tokio::test]
async fn what_an_earlier_version_has_counted_under_another_id_is_not_counted_again() {
    let world = World::new().await;
    let worker = world.worker().await;
    let headed = || with(refund(), "\"d\"", "\"d2\"").header("eventId", "evt-1");
    let sent = || [refund(), headed()];
    world
        .publish([
            created("e1", "d").amount(100.0),
            created("e2", "d2").amount(100.0),
        ])
        .await;
    world.publish(sent()).await;
    world.expect_totals("c", 18_000, 2, 0).await;
    world.expect_settled(4).await;
    for message in sent() {
        let event = message.event();
        rename(&world, event.id.as_str(), event.former_id.unwrap().as_str()).await;
    }

    // Once without a look at what is stored, and again with one.
    for rounds in 1..=2 {
        world.publish(sent()).await;
        eventually(|| worker.counted(DUPLICATES), |count| *count == rounds * 2).await;
        world.publish([created("e1", "d").amount(100.0)]).await;
        let created = r#"totals_worker_events_total{type="donation.created",outcome="duplicate"}"#;
        eventually(|| worker.counted(created), |count| *count == rounds).await;
    }
    world.expect_totals("c", 18_000, 2, 0).await;
    world.expect_settled(4).await;
    json(&world, 0, &["verify"]).await;
}

#[tokio::test]
async fn a_row_of_a_failure_under_a_former_id_holds_nothing_up() {
    let world = World::new().await;
    let former = refund().event().former_id.unwrap();
    let failed = doc! { "_id": former.as_str(), "eventId": former.as_str(), "status": "FAILED", "code": "DATABASE_REFUSED" };
    let worker = world.worker().await;
    world
        .database
        .collection("event_log")
        .insert_one(failed)
        .await
        .unwrap();
    world
        .publish([created("e1", "d").amount(100.0).into(), refund()])
        .await;
    world.expect_totals("c", 9000, 1, 0).await;
    world.expect_settled(2).await;
    assert_eq!(worker.terminate().await, Some(0));
}

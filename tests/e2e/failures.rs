//! The log rows of messages that could not be applied: none takes an event's place, and none keeps another waiting.

use mongodb::bson::{Bson, doc};
use totals_core::domain::ContentHash;

use crate::events::created;
use crate::harness::{Outgoing, World};

/// Waits for so many dead letters, and leaves them where they are: what is in the queue no more is parked again.
async fn expect_parked(world: &World, letters: usize) {
    let queue = &world.broker.dead_letter_queue;
    world.expect_queued(queue, letters).await;
}

/// Where earlier versions kept the row of a failure whose event id was processed with other content.
fn former_row_id(event_id: &str, message: &Outgoing) -> String {
    format!("{event_id}#{}", ContentHash::of_bytes(&message.body))
}

#[tokio::test]
async fn no_event_id_takes_the_place_of_a_failures_row() {
    let world = World::new().await;
    let worker = world.worker().await;
    let reused = created("x", "d1").amount_text("99");
    let neighbour = former_row_id("x", &reused);
    world.publish([created("x", "d1")]).await;
    world.publish([created(&neighbour, "d2")]).await;
    world.expect_settled(2).await;

    world.publish([reused.clone()]).await;
    expect_parked(&world, 1).await;
    // Nor does it keep later ones from the dead letters, and it is known when it comes again.
    world
        .publish([reused, Outgoing::new("donation.created", "broken")])
        .await;
    let letters = world.expect_dead_letters(2).await;
    assert_eq!(letters[0].header("x-reason-code"), "EVENT_ID_REUSED");
    assert_eq!(letters[1].body, b"broken");
    world.expect_settled(2).await;
    let failed = world.database.failed_row("x").await;
    assert!(matches!(failed.get("_id"), Some(Bson::Document(_))));
    let neighbour = world.database.row(&neighbour).await.unwrap();
    assert_eq!(neighbour.get_str("status").unwrap(), "PROCESSED");
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn a_failure_that_an_earlier_version_has_recorded_is_known() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let reused = created("x", "d1").amount_text("99");
    world.publish([created("x", "d1")]).await;
    world.expect_settled(1).await;
    world.publish([reused.clone()]).await;
    expect_parked(&world, 1).await;
    let log = world.database.collection("event_log");
    let mut row = world.database.failed_row("x").await;
    log.delete_one(doc! { "status": "FAILED" }).await.unwrap();
    let former = former_row_id("x", &reused);
    row.insert("_id", &former);
    log.insert_one(row).await.unwrap();

    world
        .publish([reused, Outgoing::new("donation.created", "broken")])
        .await;
    assert_eq!(world.expect_dead_letters(2).await[1].body, b"broken");
    // An event of that id takes the row over.
    world.publish([created(&former, "d2")]).await;
    world.expect_totals("c", 2000, 2, 0).await;
    world.expect_settled(2).await;
}

/// The database refuses one row, for good or for a reason of its own, and says nothing against its neighbours.
#[tokio::test]
async fn a_failure_that_cannot_be_recorded_keeps_no_other_waiting() {
    let world = World::new().await;
    let _store = world.store().await;
    let log = world.database.collection("event_log");
    let without_status = doc! { "_id": "no-status", "note": "by hand" };
    let with_a_word = doc! { "_id": "word", "status": "FAILED", "contentHash": "none", "attempts": "many" };
    log.insert_many([without_status, with_a_word]).await.unwrap();
    let refuses = doc! { "collMod": "event_log", "validator": { "eventId": { "$ne": "refused" } } };
    world.database.run(refuses).await;

    let ids = ["no-status", "first", "word", "second", "refused", "third", "last"];
    let broken = ids.map(|id| created(id, id).amount_text("0"));
    // Together, so that they are recorded together.
    let _first = world.worker().await.terminate().await;
    world.publish(broken).await;
    world.publish([created("fine", "d1")]).await;
    let worker = world.starting_worker(&[("RABBITMQ_PREFETCH", "4")]).await;
    world.expect_dead_letters(ids.len()).await;
    world.expect_totals("c", 1000, 1, 0).await;
    world.expect_settled(1).await;
    for id in ["first", "second", "third", "last"] {
        let row = world.database.failed_row(id).await;
        assert_eq!(row.get_str("_id").unwrap(), id);
    }
    worker.logged("is in the dead-letter queue alone").await;
    for id in ["refused", "word"] {
        assert!(worker.log().contains(&format!("\"event.id\":\"{id}\"")), "{id}");
    }
    let beside = doc! { "_id": { "$type": "object" }, "eventId": "no-status" };
    assert_eq!(log.count_documents(beside).await.unwrap(), 1);
    assert_eq!(worker.terminate().await, Some(0));
}

//! The documents about the dead-letter queue, damaged or taken away: dead-lettering goes on, or says what it waits for.

use mongodb::bson::{Bson, Document, doc};

use crate::harness::{Process, World, eventually};
use crate::parked_again::{broken, park};

const COLLECTION: &str = "dead_letter_queues";

/// Waits until dead-lettering has failed for the database's sake.
async fn waits_for_the_database(worker: &Process) {
    let failed = r#"totals_worker_retries_total{operation="find_failures"}"#;
    let before = worker.counted(failed).await;
    eventually(|| worker.counted(failed), |count| *count > before).await;
}

async fn put_a_view_in_its_place(world: &World) {
    world
        .database
        .run(doc! { "create": COLLECTION, "viewOn": "elsewhere", "pipeline": [] })
        .await;
}

#[tokio::test]
async fn contents_that_cannot_be_read_are_replaced_and_letters_go_on() {
    let world = World::new().await;
    let worker = world.worker().await;
    let contents = world.database.collection(COLLECTION);
    let queue = world.broker.dead_letter_queue.as_str();
    let damages = [
        doc! { "$set": { "contents": "x" } },
        doc! { "$set": { "contents": Bson::Null } },
        doc! { "$set": { "contents": ["x"] } },
        doc! { "$set": { "contents": { "$literal": 1 } } },
        doc! { "$unset": { "contents": "" } },
    ];
    let mut letters = 1;
    park(&world, "first", letters).await;
    for damage in damages {
        world.database.change(COLLECTION, queue, damage).await;
        letters += 1;
        park(&world, &format!("after-{letters}"), letters).await;
        let stored: Document = contents.find_one(doc! { "_id": queue }).await.unwrap().unwrap();
        assert!(stored.get_object_id("contents").is_ok(), "{stored}");
    }
    // What is replaced once is as good as any: a message that comes again is not parked twice.
    let line = r#"totals_worker_events_total{type="donation.created",outcome="duplicate"}"#;
    world.publish([broken(&format!("after-{letters}"))]).await;
    eventually(|| worker.counted(line), |count| *count == 1).await;
    assert_eq!(world.expect_dead_letters(letters).await.len(), letters);
}

#[tokio::test]
async fn a_view_in_the_place_of_the_dead_letter_queues_is_named_by_health() {
    let world = World::new().await;
    let worker = world.worker().await;
    put_a_view_in_its_place(&world).await;
    world.publish([broken("e1")]).await;
    let health = worker.degraded().await;
    let message = health["progress"]["message"].as_str().unwrap();
    let wanted = "dead letters made no progress for 30 s: dead_letter_queues is a view and must be a collection: drop or \
                  rename it";
    assert!(message.contains(wanted), "{message}");
    worker
        .logged("dead_letter_queues is a view and must be a collection")
        .await;
    world.database.collection(COLLECTION).drop().await.unwrap();
    world.expect_dead_letters(1).await;
    worker.healthy().await;
}

#[tokio::test]
async fn a_queue_that_is_emptied_while_the_database_refuses_is_looked_at_again() {
    let world = World::new().await;
    let worker = world.worker().await;
    park(&world, "e1", 1).await;
    let (name, queue) = (
        world.database.collection(COLLECTION).namespace().to_string(),
        world.broker.dead_letter_queue.as_str(),
    );
    let rename = async |from: &str, to: &str| {
        let rename = doc! { "renameCollection": from, "to": to };
        world.database.run_admin(rename).await;
    };
    let kept = format!("{name}_kept");
    rename(&name, &kept).await;
    put_a_view_in_its_place(&world).await;
    world.publish([broken("e1")]).await;
    waits_for_the_database(&worker).await;
    assert_eq!(world.broker.purge(queue).await, 1);
    world.database.collection(COLLECTION).drop().await.unwrap();
    rename(&kept, &name).await;
    world.expect_dead_letters(1).await;
}

//! A worker that is connected to everything and still gets nowhere says so, with what it waits for.

use mongodb::bson::doc;

use crate::events::created;
use crate::harness::{Process, World, eventually};

async fn stalled_seconds(worker: &Process) -> u64 {
    worker.counted("totals_worker_stalled_seconds").await
}

/// What `/health` says of the progress once it says 503.
async fn complaint(worker: &Process) -> String {
    let health = worker.degraded().await;
    assert_eq!(health["consumer"]["healthy"], true, "{health}");
    assert_eq!(health["progress"]["healthy"], false, "{health}");
    assert!(stalled_seconds(worker).await >= 30);
    health["progress"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn health_tells_of_a_lane_whose_writes_mongodb_does_not_take() {
    let world = World::new().await;
    let worker = world.worker().await;
    // In the place of a collection that nothing is in yet.
    world.database.collection("donations").drop().await.unwrap();
    world
        .database
        .run(doc! { "create": "donations", "viewOn": "elsewhere", "pipeline": [] })
        .await;
    world.broker.publish([created("e1", "d1").into()]).await;
    let complaint = complaint(&worker).await;
    for part in [
        "lane ",
        " made no progress for 3",
        "rights, disk space, validators",
    ] {
        assert!(complaint.contains(part), "{part}: {complaint}");
    }
    world.database.collection("donations").drop().await.unwrap();
    world.expect_totals("c", 1000, 1, 0).await;
    worker.healthy().await;
    assert_eq!(stalled_seconds(&worker).await, 0);
}

#[tokio::test]
async fn health_tells_of_dead_letters_that_their_queue_refuses_while_counting_goes_on() {
    let world = World::new().await;
    world.broker.limit_dead_letters().await;
    let worker = world.worker().await;
    world.fill_dead_letters(&worker).await;
    let complaint = complaint(&worker).await;
    for part in ["refused dead letters made no progress for 3", "lift its limits"] {
        assert!(complaint.contains(part), "{part}: {complaint}");
    }
    assert!(!complaint.contains("lane"), "{complaint}");
    world.broker.publish([created("e1", "d1").into()]).await;
    world.expect_totals("c", 1000, 1, 0).await;

    let emptied = async || {
        world.broker.take_dead_letters().await;
        stalled_seconds(&worker).await
    };
    eventually(emptied, |seconds| *seconds < 30).await;
    worker.healthy().await;
}

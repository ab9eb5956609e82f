//! What somebody deletes under a running worker: it is back within the time between two looks.

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use mongodb::bson::doc;
use totals_core::domain::EventType;

use crate::events::created;
use crate::harness::{Process, Servers, World, eventually};
use crate::stalls::complaint;

/// A worker that looks every second.
async fn watchful(world: &World) -> Process {
    world.worker_with(&[("UPKEEP_SECONDS", "1")]).await
}

/// Publishes until a queue gets it, as a producer does that waits for its confirmation.
async fn publish(world: &World, id: &str, donation: &str) {
    let publish = async || {
        let event = created(id, donation).into();
        world
            .broker
            .try_publish([event])
            .await
            .map_err(|error| error.to_string())
    };
    eventually(publish, Result::is_ok).await.unwrap();
}

#[tokio::test]
async fn a_deleted_exchange_is_back_with_its_bindings() {
    let world = World::new().await;
    let worker = watchful(&world).await;
    publish(&world, "e1", "d1").await;
    world.broker.delete_exchange().await;
    publish(&world, "e2", "d2").await;
    world.expect_settled(2).await;
    worker.logged("the exchange was missing").await;
    assert_eq!(worker.metric("broker_connections_total").await, 1, "in one epoch");
}

#[tokio::test]
async fn a_removed_binding_is_back() {
    let world = World::new().await;
    let worker = watchful(&world).await;
    publish(&world, "e1", "d1").await;
    for event_type in EventType::ALL {
        world.broker.unbind(event_type.as_str()).await;
    }
    publish(&world, "e2", "d2").await;
    world.expect_settled(2).await;
    assert_eq!(worker.metric("broker_connections_total").await, 1, "in one epoch");
}

#[tokio::test]
async fn a_deleted_dead_letter_queue_is_back_before_a_letter_needs_it() {
    let world = World::new().await;
    let worker = watchful(&world).await;
    let queue = world.broker.dead_letter_queue.as_str();
    world.broker.delete_queue(queue).await;
    let is_there = async || {
        let (connection, channel) = world.broker.connect().await;
        let passive = QueueDeclareOptions::default().passive();
        let declared = channel.queue_declare(queue.into(), passive, FieldTable::default());
        let is_there = declared.await.is_ok();
        let _ = connection.close(200, "done".into()).await;
        is_there
    };
    eventually(is_there, |is_there| *is_there).await;
    worker.logged("the dead-letter queue was missing").await;
}

#[tokio::test]
async fn a_dropped_index_is_back() {
    let world = World::new().await;
    let _worker = watchful(&world).await;
    let donations = world.database.collection("donations");
    donations.drop_index("by_campaign_and_donor").await.unwrap();
    let names = async || donations.list_index_names().await.unwrap();
    eventually(names, |names| {
        names.iter().any(|name| name == "by_campaign_and_donor")
    })
    .await;
}

#[tokio::test]
async fn a_quiet_look_says_nothing_and_disturbs_nothing() {
    let world = World::new().await;
    let worker = watchful(&world).await;
    for number in 0..3 {
        let looks = worker.metric("upkeep_total").await;
        let looked = async || worker.metric("upkeep_total").await;
        eventually(looked, |count| *count > looks).await;
        publish(&world, &format!("e{number}"), &format!("d{number}")).await;
    }
    world.expect_settled(3).await;
    assert_eq!(worker.metric("broker_connections_total").await, 1, "in one epoch");
    assert!(!worker.log().contains("\"level\":\"WARN\""), "{}", worker.log());
    let filter = doc! { "_id": "c" };
    let totals = world
        .database
        .collection("campaign_totals")
        .find_one(filter)
        .await
        .unwrap();
    assert!(totals.is_some());
}

#[tokio::test]
async fn health_tells_of_a_view_in_a_collections_place_while_nothing_is_to_be_counted() {
    let world = World::new().await;
    let worker = watchful(&world).await;
    // The worker may make the collection anew in between.
    let replaced = async || {
        world.database.collection("donations").drop().await.unwrap();
        let view = doc! { "create": "donations", "viewOn": "elsewhere", "pipeline": [] };
        world.database.try_run(view).await.is_ok()
    };
    eventually(replaced, |replaced| *replaced).await;
    let complaint = complaint(&worker).await;
    for part in [
        "upkeep made no progress for 3",
        "donations",
        "view",
        "drop or rename it",
    ] {
        assert!(complaint.contains(part), "{part}: {complaint}");
    }
    let looks = worker.metric("upkeep_total").await;
    assert!(complaint.starts_with("upkeep"), "{complaint}");
    let failed = r#"totals_worker_retries_total{operation="check_collections"}"#;
    let failures = worker.counted(failed).await;
    eventually(|| worker.counted(failed), |count| *count > failures + 1).await;
    assert_eq!(
        worker.metric("upkeep_total").await,
        looks,
        "a look that failed is none"
    );
    world.database.collection("donations").drop().await.unwrap();
    worker.healthy().await;
    assert!(worker.metric("upkeep_total").await > looks);
}

#[tokio::test]
async fn health_tells_of_a_queue_that_the_worker_may_not_make_anew() {
    let servers = Servers::start("rights").await;
    let world = servers.world().await;
    let worker = watchful(&world).await;
    let queue = world.broker.dead_letter_queue.as_str();
    let configures_nothing = ["set_permissions", "guest", "^$", ".*", ".*"];
    servers.control(&configures_nothing).await;
    servers.control(&["delete_queue", queue]).await;
    let complaint = complaint(&worker).await;
    for part in [
        "upkeep made no progress for 3",
        "declaring a queue",
        queue,
        "give its users the rights",
    ] {
        assert!(complaint.contains(part), "{part}: {complaint}");
    }
    let configures = ["set_permissions", "guest", ".*", ".*", ".*"];
    servers.control(&configures).await;
    worker.healthy().await;
    worker.logged("the dead-letter queue was missing").await;
}

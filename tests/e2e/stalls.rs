//! A worker that is connected to everything and still gets nowhere says so, with what it waits for.

use mongodb::bson::doc;

use crate::events::created;
use crate::harness::{Process, Servers, World, eventually};

async fn stalled_seconds(worker: &Process) -> u64 {
    worker.counted("totals_worker_stalled_seconds").await
}

/// What `/health` says of the progress once it says 503.
pub async fn complaint(worker: &Process) -> String {
    let health = worker.degraded().await;
    assert_eq!(health["consumer"]["healthy"], true, "{health}");
    assert_eq!(health["progress"]["healthy"], false, "{health}");
    assert!(stalled_seconds(worker).await >= 30);
    let (status, probe) = worker.get("/readyz").await;
    assert_eq!(status, 503, "{probe}");
    let told = probe["message"].as_str().unwrap();
    assert!(told.contains(" made no progress for "), "{told}");
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
    world.publish([created("e1", "d1")]).await;
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
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;

    let emptied = async || {
        world.broker.take_dead_letters().await;
        stalled_seconds(&worker).await
    };
    eventually(emptied, |seconds| *seconds < 30).await;
    worker.healthy().await;
}

/// Has MongoDB take no writes until [`unlock`].
async fn lock(world: &World) {
    world.database.run_admin(doc! { "fsync": 1, "lock": true }).await;
}

async fn unlock(world: &World) {
    world.database.run_admin(doc! { "fsyncUnlock": 1 }).await;
}

#[tokio::test]
async fn a_worker_on_a_new_database_that_takes_no_writes_says_what_it_waits_for() {
    let servers = Servers::start("stalls").await;
    let world = servers.world().await;
    lock(&world).await;
    let worker = world.starting_worker(&[]).await;
    let consumer = async || worker.get("/health").await.1;
    let told = eventually(consumer, |health| {
        health["consumer"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("MongoDB"))
    })
    .await;
    assert!(told["uptime"].as_f64().unwrap() < 30.0, "{told}");
    let text = told["consumer"]["message"].as_str().unwrap();
    for part in ["collections and indexes", "db.fsyncUnlock()"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let line = "not consuming yet";
    worker.logged(line).await;
    unlock(&world).await;
    worker.healthy().await;
    assert_eq!(worker.log().matches(line).count(), 1, "{}", worker.log());
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
}

#[tokio::test]
async fn upkeep_that_mongodb_does_not_answer_is_told_by_health() {
    let servers = Servers::start("stalls").await;
    let world = servers.world().await;
    let worker = world.worker_with(&[("UPKEEP_SECONDS", "1")]).await;
    // The next look has to write the currency down.
    let settings = world.database.collection("settings");
    settings.delete_one(doc! {}).await.unwrap();
    lock(&world).await;
    let complaint = complaint(&worker).await;
    assert!(complaint.contains("upkeep made no progress for 3"), "{complaint}");
    unlock(&world).await;
    worker.healthy().await;
}

#[tokio::test]
async fn a_tool_on_a_new_database_that_takes_no_writes_says_what_it_waits_for() {
    let servers = Servers::start("stalls").await;
    let world = servers.world().await;
    lock(&world).await;
    let mut command = world.worker_command();
    command.arg("verify");
    let mut verify = Process::spawn(command);
    verify.logged("db.fsyncUnlock()").await;
    unlock(&world).await;
    assert_eq!(verify.exit().await, Some(0));
}

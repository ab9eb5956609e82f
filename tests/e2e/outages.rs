//! MongoDB and RabbitMQ that go away and come back under traffic: both binaries say so and recover by themselves.

use std::time::Duration;

use reqwest::StatusCode;

use crate::events::numbered;
use crate::harness::{Servers, eventually};

/// A quorum queue of RabbitMQ 3.10 is on disk some seconds after its declaration, and lost if the broker dies before.
const QUEUE_SETTLES: Duration = Duration::from_secs(4);

#[tokio::test]
async fn mongodb_goes_away_and_comes_back() {
    let mut servers = Servers::start("outages").await;
    let world = servers.world().await;
    let (worker, api) = (world.worker().await, world.api().await);
    world.publish(numbered(0..500)).await;
    world.expect_totals("c", 500_000, 500, 0).await;
    for round in 1..=2 {
        let first = round * 1000;
        world.publish(numbered(first..first + 500)).await;
        if round == 1 {
            servers.mongodb.stop().await.unwrap();
        } else {
            servers.mongodb.kill().await.unwrap();
        }
        world.publish(numbered(first + 500..first + 1000)).await;

        let health = worker.degraded().await;
        assert_eq!(health["database"]["healthy"], false);
        assert!(
            health["database"]["message"]
                .as_str()
                .unwrap()
                .contains("check that MongoDB runs"),
            "{health}"
        );
        assert_eq!(api.degraded().await["status"], "degraded");
        let (status, answer) = api.get("/api/totals/campaigns/c").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "never a zero: {answer}");
        assert_eq!(answer["success"], false);

        servers.mongodb.start_again().await.unwrap();
        worker.healthy().await;
        api.healthy().await;
        let pledges = 500 + i64::try_from(round).unwrap() * 1000;
        world.expect_totals("c", pledges * 1000, pledges, 0).await;
        let shown = async || {
            let (status, answer) = api.get("/api/totals/campaigns/c").await;
            (status, answer["data"]["totalPledges"].as_i64())
        };
        eventually(shown, |shown| *shown == (StatusCode::OK, Some(pledges))).await;
    }
    world.expect_settled(2500).await;
}

#[tokio::test]
async fn rabbitmq_goes_away_and_comes_back() {
    let mut servers = Servers::start("outages").await;
    let world = servers.world().await;
    let worker = world.worker().await;
    world.publish(numbered(0..500)).await;
    world.expect_totals("c", 500_000, 500, 0).await;
    tokio::time::sleep(QUEUE_SETTLES).await;
    for round in 1..=2 {
        let first = round * 1000;
        world.publish(numbered(first..first + 500)).await;
        if round == 1 {
            servers.rabbitmq.stop().await.unwrap();
        } else {
            servers.rabbitmq.kill().await.unwrap();
        }
        let health = worker.degraded().await;
        assert_eq!(health["consumer"]["healthy"], false);
        assert_eq!(worker.metric("broker_connected").await, 0);

        servers.rabbitmq.start_again().await.unwrap();
        worker.healthy().await;
        world.publish(numbered(first + 500..first + 1000)).await;
        let pledges = 500 + i64::try_from(round).unwrap() * 1000;
        world.expect_totals("c", pledges * 1000, pledges, 0).await;
    }
    world.expect_settled(2500).await;
}

#[tokio::test]
async fn a_frozen_mongodb_is_reported_and_the_next_read_after_it_answers() {
    let mut servers = Servers::start("outages").await;
    let world = servers.world().await;
    let (worker, api) = (world.worker().await, world.api().await);
    world.publish(numbered(0..100)).await;
    world.expect_totals("c", 100_000, 100, 0).await;
    servers.mongodb.pause().await.unwrap();
    // For a moment yet what is in memory may be shown.
    let status = async || api.get("/api/totals/campaigns/c").await.0;
    eventually(status, |status| *status == StatusCode::SERVICE_UNAVAILABLE).await;
    worker.degraded().await;
    servers.mongodb.resume().await.unwrap();
    world.publish(numbered(100..200)).await;
    world.expect_totals("c", 200_000, 200, 0).await;
    let total = async || api.get("/api/totals/campaigns/c").await.1["data"]["totalPledges"].as_i64();
    eventually(total, |pledges| *pledges == Some(200)).await;
    world.expect_settled(200).await;
}

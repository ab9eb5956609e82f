//! Workers that crash, stop, start again and share a queue: nothing lost, nothing counted twice.

use std::time::Duration;

use crate::events::{created, refunded};
use crate::harness::{Outgoing, World, eventually};

/// So many donations of 10.00 by as many donors to ten campaigns, every tenth of them refunded by half.
fn history(donations: usize) -> Vec<Outgoing> {
    let mut events = Vec::new();
    for number in 0..donations {
        let (donation, campaign) = (format!("d{number}"), format!("c{}", number % 10));
        let event = created(&format!("{donation}-created"), &donation).campaign(&campaign);
        events.push(event.donor(&format!("u{number}")).into());
        if number % 10 == 0 {
            events.push(
                refunded(&format!("{donation}-refunded"), &donation)
                    .campaign(&campaign)
                    .amount(5.0)
                    .into(),
            );
        }
    }
    events
}

async fn expect_history(world: &World, donations: usize) {
    world.expect_settled(donations + donations / 10).await;
    let each = i64::try_from(donations / 10).unwrap();
    world.expect_totals("c0", each * 500, each, each).await;
    world.expect_totals("c9", each * 1000, each, each).await;
}

#[tokio::test]
async fn a_worker_killed_midway_again_and_again_loses_and_doubles_nothing() {
    let world = World::new().await;
    // The queue exists once a worker has been here.
    world.worker().await.terminate().await;
    world.publish(history(4000)).await;
    for round in 1..=3 {
        let worker = world.starting_worker(&[("BATCH_SIZE", "20")]).await;
        eventually(
            || world.database.processed(),
            |processed| *processed >= round * 300,
        )
        .await;
        worker.kill().await;
    }
    assert!(world.database.processed().await < 4400, "the kills came midway");
    let started = tokio::time::Instant::now();
    let _worker = world.worker().await;
    expect_history(&world, 4000).await;
    // A transaction that the dead left open would hold everything up for MongoDB's 60 seconds.
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_worker_stopped_midway_finishes_what_it_has_in_hand() {
    let world = World::new().await;
    world.worker().await.terminate().await;
    world.publish(history(4000)).await;
    let worker = world
        .starting_worker(&[("BATCH_SIZE", "20"), ("RABBITMQ_PREFETCH", "200")])
        .await;
    eventually(|| world.database.processed(), |processed| *processed >= 500).await;
    assert_eq!(worker.terminate().await, Some(0));
    // What it committed it also acknowledged: the queue and the log add up.
    let processed = world.database.processed().await;
    eventually(
        || world.broker.count(&world.broker.queue),
        |left| processed + left == 4400,
    )
    .await;
    let _worker = world.worker().await;
    expect_history(&world, 4000).await;
}

#[tokio::test]
async fn two_workers_share_a_queue_and_a_campaign() {
    let world = World::competing().await;
    let _workers = (world.worker().await, world.worker().await);
    let mut events = history(2000);
    events.extend(history(2000));
    world.publish(events).await;
    expect_history(&world, 2000).await;
    assert_eq!(world.expect_dead_letters(0).await.len(), 0);
}

//! Queues that are deleted under the worker, or take no dead letters: nothing is lost, and counting goes on.

use std::collections::HashSet;

use crate::events::{created, numbered};
use crate::harness::{Outgoing, World, eventually};

#[tokio::test]
async fn a_dead_letter_queue_deleted_under_the_worker_is_declared_again() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([created("e1", "d1").amount_text("0")]).await;
    world.expect_dead_letters(1).await;
    world.broker.delete_queue(&world.broker.dead_letter_queue).await;
    world.publish([created("e2", "d2").amount_text("0")]).await;
    assert_eq!(world.expect_dead_letters(1).await.len(), 1);
}

#[tokio::test]
async fn a_queue_deleted_under_the_worker_is_declared_again() {
    let world = World::new().await;
    let worker = world.worker().await;
    world.broker.delete_queue(&world.broker.queue).await;
    let connections = async || worker.metric("broker_connections_total").await;
    eventually(connections, |count| *count == 2).await;
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
}

#[tokio::test]
async fn a_dead_letter_that_its_queue_refuses_waits_and_holds_up_nothing_else() {
    let world = World::new().await;
    world.broker.limit_dead_letters().await;
    let worker = world.worker_with(&[("RABBITMQ_PREFETCH", "16")]).await;

    let mut poison = world.fill_dead_letters(&worker).await;
    worker
        .logged("dead letters are refused and stay unacknowledged")
        .await;
    assert!(worker.log().contains("or lift its limits"), "{}", worker.log());
    // More than half of the prefetch is refused, so that less is left than has to wait.
    let more = poison..poison + 8;
    poison = more.end;
    let more = more.map(|number| Outgoing::new("donation.created", format!("poison {number}")));
    world.publish(more).await;
    // Many times what the prefetch leaves.
    world.publish(numbered(0..500)).await;
    world.expect_totals("c", 500_000, 500, 0).await;

    // The operator empties the queue, again and again.
    let mut seen = HashSet::new();
    while seen.len() < poison {
        let letters = eventually(|| world.broker.take_dead_letters(), |letters| !letters.is_empty()).await;
        // A set: one whose confirmation was lost may come again.
        seen.extend(letters.into_iter().map(|letter| letter.body));
    }
    eventually(|| worker.metric("dead_letters_refused"), |left| *left == 0).await;
    world.expect_settled(500).await;
    let connections = worker.metric("broker_connections_total").await;
    assert_eq!(connections, 1, "all in one epoch");
    assert_eq!(worker.terminate().await, Some(0));
}

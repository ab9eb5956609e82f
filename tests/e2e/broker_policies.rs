//! Limits that an operator, or the broker's own default, sets on the queues: none of them may cost a message.

use serde_json::Value;

use crate::events::{created, numbered};
use crate::harness::{Hold, Outgoing, Servers, World, consume, eventually};
use crate::tool::{json, tool};

/// Takes all of a queue and dies with it, as a program that is killed does.
async fn take_all_and_die(world: &World, queue: &str, count: usize) {
    use futures::StreamExt;

    world.expect_queued(queue, count).await;
    let (connection, channel) = world.broker.connect().await;
    let taken = consume(&channel, queue, 1000).await.take(count).count().await;
    assert_eq!(taken, count);
    connection.close(200, "killed".into()).await.unwrap();
    world.expect_queued(queue, count).await;
}

#[tokio::test]
async fn letters_are_taken_as_soon_as_the_policy_that_kept_them_out_is_cleared() {
    let servers = Servers::start("policies").await;
    let world = servers.world().await;
    let worker = world.worker().await;
    let pattern = format!("^{}$", world.broker.dead_letter_queue);
    let limit = r#"{"max-length":1,"overflow":"reject-publish"}"#;
    servers.control(&["set_policy", "full", &pattern, limit]).await;
    let refused = async || worker.metric("dead_letters_refused").await;
    let poison = world.fill_dead_letters(&worker).await;
    worker
        .logged("dead letters are refused and stay unacknowledged")
        .await;
    servers.control(&["clear_policy", "full"]).await;
    eventually(refused, |left| *left == 0).await;
    assert_eq!(world.expect_dead_letters(poison).await.len(), poison);
    assert_eq!(worker.metric("broker_connections_total").await, 1, "in one epoch");
}

#[tokio::test]
async fn a_worker_that_crashes_again_and_again_loses_nothing_to_a_delivery_limit() {
    let world = World::new().await;
    let limit = Some(("x-delivery-limit", 3));
    world.broker.declare_queue(&world.broker.queue, limit).await;
    let started = world.worker().await;
    started.logged("rabbitmqctl set_policy").await;
    assert_eq!(started.terminate().await, Some(0));

    let held = |numbers| numbered(numbers).map(|event| event.campaign("held"));
    let mut messages: Vec<Outgoing> = held(0..40).map(Outgoing::from).collect();
    // What makes up the id of an event without an envelope: its property, or its type and content.
    let mut bare = held(40..42).map(|event| event.bare());
    let mut named = bare.next().unwrap();
    named.properties = named.properties.with_message_id("named".into());
    messages.extend([named, bare.next().unwrap()]);
    let count = messages.len();
    world.store().await;
    let lock = Hold::on(&world, "held").await;
    world.publish(messages).await;
    for _ in 0..8 {
        let worker = world.starting_worker(&[]).await;
        let holding = async || {
            let retries = r#"totals_worker_retries_total{operation="commit"}"#;
            let waits = worker.counted(retries).await > 0;
            (waits, worker.metric("deliveries_in_hand").await)
        };
        eventually(holding, |holding| *holding == (true, count)).await;
        worker.kill().await;
    }
    lock.release().await;
    let _worker = world.worker().await;
    world
        .expect_totals("held", 1000 * i64::try_from(count).unwrap(), 42, 0)
        .await;
    world.expect_settled(count).await;
    assert!(world.database.row("named").await.is_some());
    assert_eq!(world.broker.take_dead_letters().await.len(), 0);
}

/// So many messages a worker has in hand at first.
const FIRST: usize = 256;

#[tokio::test]
async fn a_worker_that_is_killed_as_soon_as_it_consumes_loses_nothing_to_a_delivery_limit() {
    let world = World::new().await;
    let limit = Some(("x-delivery-limit", 3));
    world.broker.declare_queue(&world.broker.queue, limit).await;
    assert_eq!(world.worker().await.terminate().await, Some(0));
    // Less than the prefetch, so that a worker that took all it may would have all of them in hand.
    let count = 5000;
    world.store().await;
    let lock = Hold::on(&world, "held").await;
    world
        .publish(numbered(0..count).map(|event| event.campaign("held")))
        .await;
    for kill in 0..12 {
        let worker = world.starting_worker(&[]).await;
        // What it is given first comes for the first and the second time, and is then renewed; so does what comes next.
        let renews = kill >= 2 && kill % 2 == 0;
        let name = if renews {
            "deliveries_renewed_total"
        } else {
            "deliveries_in_hand"
        };
        eventually(async || worker.metric(name).await, |found| *found >= FIRST).await;
        worker.kill().await;
    }
    lock.release().await;
    let _worker = world.worker().await;
    let total = i64::try_from(count).unwrap();
    world.expect_totals("held", 1000 * total, total, 0).await;
    world.expect_settled(count).await;
}

/// What a letter says, however often it was looked at.
fn said(listed: &Value) -> Vec<String> {
    let letters = listed["letters"].as_array().unwrap();
    let mut said: Vec<_> = letters.iter().map(Value::to_string).collect();
    said.sort();
    said
}

#[tokio::test]
async fn looking_at_dead_letters_never_uses_up_their_deliveries() {
    let world = World::new().await;
    let queue = world.broker.dead_letter_queue.clone();
    // A look leaves a count of 2 at most, and a tool that is killed adds one.
    world
        .broker
        .declare_queue(&queue, Some(("x-delivery-limit", 3)))
        .await;
    let worker = world.worker().await;
    let letters = 3;
    let poison = |number: usize| created(&format!("e{number}"), "d").amount_text("0");
    let messages = (0..letters).map(|number| poison(number).header("tenant", "north"));
    world.publish(messages).await;
    world.expect_queued(&queue, letters).await;
    assert_eq!(worker.terminate().await, Some(0));

    let list = async || json(&world, 0, &["dead-letters", "list"]).await;
    let first = said(&list().await);
    for _ in 0..6 {
        assert_eq!(said(&list().await), first);
        let shown = json(&world, 0, &["dead-letters", "show", "e1"]).await;
        let headers = &shown["letters"][0]["headers"];
        assert_eq!(
            (&headers["tenant"], &headers["x-attempts"]),
            (&"north".into(), &1.into())
        );
        json(&world, 1, &["dead-letters", "replay", "--id", "nobody"]).await;
        json(&world, 1, &["dead-letters", "discard", "--id", "nobody", "--yes"]).await;
    }
    // Tools that are killed in the middle of it, as often as the limit allows, and looks in between.
    for _ in 0..3 {
        take_all_and_die(&world, &queue, letters).await;
        assert_eq!(said(&list().await), first);
    }
    world.expect_queued(&queue, letters).await;
}

#[tokio::test]
async fn a_look_that_may_not_renew_says_that_it_counts_as_a_delivery() {
    let servers = Servers::start("policies").await;
    let world = servers.world().await;
    let queue = world.broker.dead_letter_queue.clone();
    let worker = world.worker().await;
    world.publish([created("e1", "d1").amount_text("0")]).await;
    world.expect_queued(&queue, 1).await;
    assert_eq!(worker.terminate().await, Some(0));
    let looks_only = ["set_permissions", "guest", ".*", "^$", ".*"];
    servers.control(&looks_only).await;
    for told in [false, true, true] {
        let look = tool(&world, &["dead-letters", "list", "--json"]).await;
        assert_eq!(look.code, Some(0), "{look:?}");
        let listed: Value = serde_json::from_slice(&look.stdout).unwrap();
        assert_eq!(listed["letters"][0]["id"], "e1", "{listed}");
        let warning = "the dead-letter queue does not take a fresh copy";
        assert_eq!(look.stderr.contains(warning), told, "{look:?}");
    }
    assert_eq!(world.broker.count(&queue).await, 1);
}

//! The worker's figures of events and of its queues.

use totals_core::domain::Timestamp;

use super::{expect_both_formats, expect_figures_of_the_process};
use crate::events::{Event, TIME, created};
use crate::harness::{Outgoing, Process, World, eventually};

const AGES: &str = "totals_worker_event_age_seconds";

async fn wait_for(worker: &Process, name: &str, value: Option<f64>) {
    eventually(|| worker.figure(name), |seen| *seen == value).await;
}

#[tokio::test]
async fn the_age_of_an_event_is_the_time_from_when_it_happened_to_its_commit() {
    let world = World::new().await;
    let worker = world.worker().await;
    let at = |event: Event, seconds: i64| {
        let millis = Timestamp::now().unix_millis() + seconds * 1000;
        let moment = Timestamp::from_unix_millis(millis).unwrap();
        let body = event.body().replace(TIME, &moment.to_string());
        Outgoing::new("donation.created", body)
    };
    // A producer's clock may be fast: such an event counts as new.
    let events = [at(created("e1", "d1"), 3600), at(created("e2", "d2"), -600)];
    // The same again tells nothing about how soon it was counted.
    world.publish_one_by_one(events.clone()).await;
    world.publish([events[1].clone()]).await;
    wait_for(
        &worker,
        r#"totals_worker_events_total{type="donation.created",outcome="duplicate"}"#,
        Some(1.0),
    )
    .await;
    wait_for(&worker, &format!("{AGES}_count"), Some(2.0)).await;
    let sum = worker.figure(&format!("{AGES}_sum")).await.unwrap();
    assert!((600.0..700.0).contains(&sum), "{sum}");
    wait_for(&worker, &format!(r#"{AGES}_bucket{{le="0.01"}}"#), Some(1.0)).await;
    wait_for(&worker, &format!(r#"{AGES}_bucket{{le="300.0"}}"#), Some(1.0)).await;
    wait_for(&worker, &format!(r#"{AGES}_bucket{{le="3600.0"}}"#), Some(2.0)).await;
}

#[tokio::test]
async fn the_lengths_of_both_queues_are_there_while_they_are_known() {
    let world = World::new().await;
    let (queue, letters) = (
        "totals_worker_queue_messages_ready",
        "totals_worker_dead_letters_ready",
    );
    let worker = world.worker().await;
    wait_for(&worker, letters, Some(0.0)).await;
    world
        .publish([
            Outgoing::new("donation.created", "poison"),
            created("e1", "d1").into(),
        ])
        .await;
    wait_for(&worker, letters, Some(1.0)).await;
    wait_for(&worker, queue, Some(0.0)).await;
    drop(worker);

    // One that cannot consume tells of what waits for it all the same.
    world.publish([created("e2", "d2"), created("e3", "d3")]).await;
    let away = "mongodb://127.0.0.1:9/totals?serverSelectionTimeoutMS=200";
    let worker = world.starting_worker(&[("DATABASE_URL", away)]).await;
    wait_for(&worker, queue, Some(2.0)).await;
    drop(worker);

    let mut command = world.worker_command();
    command.env("RABBITMQ_URL", "amqp://127.0.0.1:9");
    let worker = Process::start(command).await;
    worker.degraded().await;
    let scrape = worker.scrape().await;
    assert!(!scrape.contains(queue) && !scrape.contains(letters), "{scrape}");
}

/// `increase` and `rate` see nothing in the first value of a series, so what may be counted one day is 0 from the start.
#[tokio::test]
async fn each_reason_and_each_operation_is_there_before_it_happens() {
    let world = World::new().await;
    let worker = world.worker().await;
    for (name, label, least) in [("dead_letters", "reason", 13), ("retries", "operation", 8)] {
        let scrape = worker.scrape().await;
        let series = scrape
            .lines()
            .filter(|line| line.starts_with(&format!("totals_worker_{name}_total{{{label}=")));
        assert_eq!(series.count(), least, "{name} in {scrape}");
    }
    world.publish([Outgoing::new("donation.created", "poison")]).await;
    let poisoned = r#"totals_worker_dead_letters_total{reason="INVALID_JSON"}"#;
    wait_for(&worker, poisoned, Some(1.0)).await;
}

#[tokio::test]
async fn the_worker_tells_of_its_process_in_both_formats() {
    let world = World::new().await;
    let worker = world.worker().await;
    expect_figures_of_the_process(&worker).await;
    expect_both_formats(&worker, "totals_worker_upkeep").await;
}

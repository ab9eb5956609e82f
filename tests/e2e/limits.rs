//! The limits that docs/limits.md states: what is at a limit works, and what is beyond it ends as the page says.

use mongodb::bson::doc;
use serde_json::json;
use tokio::time::Instant;
use totals_core::runtime::lifecycle::GRACE;

use crate::events::{Event, created, numbered, paid};
use crate::harness::{Hold, Outgoing, Process, World, eventually};

const MAX_BODY_BYTES: usize = 256 * 1024;

/// The event's message, with a member nobody reads that makes it so long.
fn padded(event: &Event, bytes: usize) -> Outgoing {
    let with = |padding: &str| event.clone().with("padding", json!(padding)).body();
    let body = with(&"x".repeat(bytes - with("").len()));
    assert_eq!(body.len(), bytes);
    Outgoing::new("donation.created", body)
}

/// A worker of one lane that is kept busy with one event of the campaign `held`.
async fn busy_worker(world: &World) -> (Process, Hold) {
    let worker = world
        .worker_with(&[("LANES", "1"), ("BATCH_SIZE", "10000")])
        .await;
    let hold = Hold::on(world, "held").await;
    let event = created("held", "held").campaign("held");
    world.publish([event]).await;
    let retries = r#"totals_worker_retries_total{operation="commit"}"#;
    eventually(|| worker.counted(retries), |count| *count > 0).await;
    (worker, hold)
}

#[tokio::test]
async fn the_largest_message_is_applied_and_one_byte_more_is_dead_lettered() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let largest = padded(&created("largest", "d1"), MAX_BODY_BYTES);
    let mut failing = padded(&created("failing", "d2"), MAX_BODY_BYTES);
    failing.body = String::from_utf8(failing.body)
        .unwrap()
        .replace(r#""amount":10"#, r#""amount":-1"#)
        .into_bytes();
    // The payment service's shape, all of it payload.
    let metadata = json!({ "note": "\u{1}".repeat(40_000) });
    let payment = paid("payment", "d1").with("metadata", metadata).bare();
    assert!(payment.body.len() > 240_000);
    world
        .publish([
            largest.clone(),
            payment,
            failing,
            padded(&created("larger", "d3"), MAX_BODY_BYTES + 1),
            Outgoing::new("donation.created", vec![b'x'; 16_000_000]),
        ])
        .await;
    let mut letters = world.expect_dead_letters(3).await;
    letters.sort_by_key(|letter| letter.body.len());
    assert_eq!(letters[0].header("x-reason-code"), "INVALID_AMOUNT");
    for letter in &letters[1..] {
        assert_eq!(letter.header("x-reason-code"), "BODY_TOO_LARGE");
    }
    assert_eq!(letters[2].body.len(), 16_000_000, "a dead letter keeps its body");
    world.expect_totals("c", 1000, 1, 0).await;
    world.expect_settled(2).await;
    let row = world.database.row("failing").await.unwrap();
    assert_eq!(row.get_str("body").unwrap().len(), MAX_BODY_BYTES);
}

#[tokio::test]
async fn the_longest_ids_are_applied_and_one_byte_more_is_dead_lettered() {
    let world = World::new().await;
    let _worker = world.worker().await;
    // Two bytes each: the limit is in bytes.
    let long = |letter: char| letter.to_string().repeat(128);
    let (event, donation, campaign, donor) = (long('é'), long('ø'), long('ü'), long('ñ'));
    let longest = created(&event, &donation).campaign(&campaign).donor(&donor);
    let message_id = "m".repeat(255);
    let mut payment = paid("", "d1").bare();
    payment.properties = payment.properties.with_message_id(message_id.as_str().into());
    world.publish([longest.clone().into(), payment]).await;
    world.expect_totals(&campaign, 1000, 1, 1).await;
    world.expect_settled(2).await;
    assert!(world.database.row(&event).await.is_some());
    assert!(world.database.row(&message_id).await.is_some());
    let api = world.api().await;
    let encoded = "%C3%BC".repeat(128);
    let (status, answer) = api.get(&format!("/api/totals/campaigns/{encoded}")).await;
    assert_eq!(
        (status.as_u16(), &answer["data"]["campaignId"]),
        (200, &json!(campaign))
    );

    let longer = |id: &str| format!("{id}x");
    let too_long: [(&str, Event); 4] = [
        ("eventId", created(&longer(&event), "d")),
        ("donationId", created("e1", &longer(&donation))),
        ("campaignId", created("e2", "d").campaign(&longer(&campaign))),
        ("donorId", created("e3", "d").donor(&longer(&donor))),
    ];
    world.publish(too_long.clone().map(|(_, event)| event)).await;
    let letters = world.expect_dead_letters(too_long.len()).await;
    for (field, _) in too_long {
        let reason = format!("{field} must be at most 256 bytes, got 257");
        assert!(letters.iter().any(|letter| letter.reason() == reason), "{reason}");
    }
    world.expect_settled(2).await;
}

#[tokio::test]
async fn the_largest_amounts_are_exact_and_a_total_that_would_overflow_is_not_touched() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world
        .publish([
            created("largest", "d1").amount_text("10000000000"),
            created("larger", "d2").amount_text("10000000000.01"),
        ])
        .await;
    let letters = world.expect_dead_letters(1).await;
    assert_eq!(letters[0].header("x-reason-code"), "INVALID_AMOUNT");
    world.expect_totals("c", 1_000_000_000_000, 1, 0).await;
    world.expect_settled(1).await;

    // As after nine million of the largest donations.
    let totals = world.database.collection("campaign_totals");
    let full = i64::MAX - 999;
    let update = doc! { "$set": { "totalAmountMinor": full } };
    totals.update_one(doc! { "_id": "c" }, update).await.unwrap();
    let beside = created("beside", "d4").campaign("beside");
    world.publish([created("overflow", "d3"), beside]).await;
    world.expect_totals("beside", 1000, 1, 0).await;
    let letters = world.expect_dead_letters(1).await;
    assert_eq!(letters[0].header("x-reason-code"), "DATABASE_REFUSED");
    world.expect_totals("c", full, 1, 0).await;
}

#[tokio::test]
async fn ten_thousand_events_of_ten_thousand_campaigns_commit_in_one_transaction() {
    let world = World::new().await;
    let (worker, hold) = busy_worker(&world).await;
    let events = (0..).zip(numbered(0..10_000)).map(|(number, event)| {
        let event = event.campaign(&format!("campaign-{number}"));
        event.donor(&format!("donor-{number}"))
    });
    world.publish(events).await;
    let in_hand = async || worker.metric("deliveries_in_hand").await;
    eventually(in_hand, |count| *count == 10_001).await;
    hold.release().await;
    world.expect_settled(10_001).await;
    assert_eq!(
        worker.metric("batch_size_events_count").await,
        2,
        "one and ten thousand"
    );
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn a_backlog_of_large_messages_waits_at_the_network_and_is_committed_in_parts() {
    const LARGE: usize = 200 * 1024;
    let world = World::new().await;
    let (worker, hold) = busy_worker(&world).await;
    let events = numbered(0..400).map(|event| padded(&event, LARGE));
    world.publish(events).await;
    // 32 MiB and the message that goes over it, of the 80 MB in the queue.
    let bound = 32 * 1024 * 1024 / LARGE + 2;
    let in_hand = async || worker.metric("deliveries_in_hand").await;
    eventually(in_hand, |count| *count + 2 >= bound).await;
    // All that a lane may do meanwhile is try again.
    let attempts = async || worker.metric(r#"retries_total{operation="commit"}"#).await;
    let now = attempts().await;
    eventually(attempts, |count| *count >= now + 2).await;
    assert!(in_hand().await <= bound, "{} in hand", in_hand().await);
    hold.release().await;
    world.expect_settled(401).await;
    // 8 MiB of them in a transaction, at most.
    let batches = worker.metric("batch_size_events_count").await;
    assert_eq!(
        worker.metric(r#"batch_size_events_bucket{le="64.0"}"#).await,
        batches
    );
    assert_eq!(worker.metric("broker_connections_total").await, 1, "in one epoch");
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn a_worker_that_starts_on_more_than_it_may_hold_waits_for_the_database_in_one_epoch() {
    /// How long a call to the broker may take, and some time more.
    const LONGER_THAN_A_CALL: f64 = 14.0;
    let world = World::new().await;
    assert_eq!(world.worker().await.terminate().await, Some(0));
    let hold = Hold::on(&world, "held").await;
    // Fewer than the worker takes at first, and so many bytes more than it reads that the network does not hold them.
    let count = 240;
    let large = numbered(0..count).map(|event| padded(&event.campaign("held"), MAX_BODY_BYTES));
    world.publish(large).await;
    // RabbitMQ and lapin end a connection that is not read from for two heartbeats.
    let url = format!("{}?heartbeat=120", world.broker.url);
    let worker = world.starting_worker(&[("RABBITMQ_URL", &url)]).await;
    worker.logged("consuming").await;
    let waited = async || worker.get("/health").await.1["uptime"].as_f64();
    eventually(waited, |uptime| *uptime > Some(LONGER_THAN_A_CALL)).await;
    let in_hand = worker.metric("deliveries_in_hand").await;
    assert!(in_hand < count, "everything was read: {in_hand}");
    assert!(!worker.log().contains("the consumer failed"), "{}", worker.log());
    hold.release().await;
    world.expect_settled(count).await;
    assert_eq!(worker.metric("broker_connections_total").await, 1, "in one epoch");
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn a_worker_with_messages_waiting_at_the_network_stops_in_order() {
    let world = World::new().await;
    let (worker, hold) = busy_worker(&world).await;
    let events = numbered(0..200).map(|event| padded(&event, MAX_BODY_BYTES));
    world.publish(events).await;
    let in_hand = async || worker.metric("deliveries_in_hand").await;
    eventually(in_hand, |count| *count >= 32 * 1024 * 1024 / MAX_BODY_BYTES).await;
    let started = Instant::now();
    assert_eq!(worker.terminate().await, Some(0));
    assert!(
        started.elapsed() < GRACE,
        "it had to be stopped: {:?}",
        started.elapsed()
    );
    hold.release().await;
    let _worker = world.worker().await;
    world.expect_settled(201).await;
}

#[tokio::test]
async fn the_largest_settings_work_together() {
    let world = World::new().await;
    let worker = world
        .worker_with(&[
            ("BATCH_SIZE", "10000"),
            ("LANES", "64"),
            ("RABBITMQ_PREFETCH", "65535"),
        ])
        .await;
    let events = (0..).zip(numbered(0..1000));
    let events = events.map(|(number, event)| event.campaign(&format!("c{}", number % 100)));
    world.publish(events).await;
    world.expect_settled(1000).await;
    assert_eq!(worker.terminate().await, Some(0));
}

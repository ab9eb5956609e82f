//! A broken message that comes again is parked again as soon as its letter is in the dead-letter queue no more.

use lapin::types::AMQPValue;

use crate::events::created;
use crate::harness::{DeadLetter, Outgoing, Process, World, eventually};
use crate::tool::json;

/// A message that is dead-lettered.
pub fn broken(id: &str) -> Outgoing {
    created(id, "d").amount_text("0")
}

/// Publishes a broken message and waits until so many letters are in the queue.
pub async fn park(world: &World, id: &str, letters: usize) {
    world.publish([broken(id)]).await;
    let queue = &world.broker.dead_letter_queue;
    world.expect_queued(queue, letters).await;
}

/// Publishes a broken message whose letter is in the queue, and waits until it is done with.
async fn repeat(world: &World, worker: &Process, id: &str, letters: usize) {
    let line = r#"totals_worker_events_total{type="donation.created",outcome="duplicate"}"#;
    let before = worker.counted(line).await;
    world.publish([broken(id)]).await;
    eventually(|| worker.counted(line), |count| *count == before + 1).await;
    assert_eq!(world.broker.count(&world.broker.dead_letter_queue).await, letters);
}

async fn discard(world: &World, id: &str) {
    let arguments = ["dead-letters", "discard", "--yes", "--id", id];
    assert_eq!(json(world, 0, &arguments).await["discarded"], 1);
}

#[tokio::test]
async fn after_its_letter_was_discarded() {
    let world = World::new().await;
    let worker = world.worker().await;
    park(&world, "e1", 1).await;
    park(&world, "e2", 2).await;
    repeat(&world, &worker, "e1", 2).await;
    discard(&world, "e1").await;
    repeat(&world, &worker, "e2", 1).await;
    park(&world, "e1", 2).await;
    repeat(&world, &worker, "e1", 2).await;
    discard(&world, "e1").await;
    let row = world.database.row("e1").await.unwrap();
    assert_eq!(row.get_str("status").unwrap(), "FAILED", "the log keeps it");
    assert_eq!(row.get_i32("attempts").unwrap(), 2);
}

#[tokio::test]
async fn after_its_letter_was_discarded_beside_an_event_that_was_counted() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
    for _ in 0..2 {
        park(&world, "e1", 1).await;
        discard(&world, "e1").await;
    }
    world.expect_settled(1).await;
}

#[tokio::test]
async fn after_its_letter_was_replayed_with_its_event_mended() {
    let world = World::new().await;
    let _worker = world.worker().await;
    park(&world, "e1", 1).await;
    let mended = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(mended.path(), created("e1", "d1").body()).unwrap();
    let body = mended.path().to_str().unwrap();
    let replay = ["dead-letters", "replay", "--id", "e1", "--body", body];
    assert_eq!(json(&world, 0, &replay).await["replayed"], 1);
    world.expect_totals("c", 1000, 1, 0).await;
    park(&world, "e1", 1).await;
}

#[tokio::test]
async fn after_the_queue_was_purged_even_if_other_letters_came_first() {
    let world = World::new().await;
    let worker = world.worker().await;
    let queue = world.broker.dead_letter_queue.as_str();
    park(&world, "e1", 1).await;
    park(&world, "e2", 2).await;
    assert_eq!(world.broker.purge(queue).await, 2);
    park(&world, "e3", 1).await;
    park(&world, "e1", 2).await;
    repeat(&world, &worker, "e1", 2).await;
    assert_eq!(worker.terminate().await, Some(0));

    // Another worker, which has seen none of it.
    let worker = world.worker().await;
    repeat(&world, &worker, "e3", 2).await;
    park(&world, "e2", 3).await;
    world.broker.delete_queue(queue).await;
    park(&world, "e2", 1).await;
    repeat(&world, &worker, "e2", 1).await;
    park(&world, "e3", 2).await;
    let mut reasons: Vec<_> = world.broker.take_dead_letters().await;
    reasons.sort_by_key(|letter| letter.body.clone());
    assert_eq!(
        reasons.iter().map(DeadLetter::reason).collect::<Vec<_>>().len(),
        2
    );
}

#[tokio::test]
async fn not_for_headers_that_its_producer_has_set() {
    let world = World::new().await;
    let worker = world.worker().await;
    let ours = |mut message: Outgoing, counts: &[&str]| {
        for name in ["x-original-exchange", "x-original-routing-key", "x-reason-code"] {
            message = message.header(name, "theirs");
        }
        let mut headers = message.properties.headers().clone().unwrap();
        for name in counts {
            headers.insert((*name).into(), AMQPValue::LongLongInt(3));
        }
        message.properties = message.properties.with_headers(headers);
        message
    };
    let copies = (0..3).map(|_| ours(broken("e1"), &["x-attempts", "x-delivery-count"]));
    world.publish(copies).await;
    world
        .publish([ours(created("e2", "d2").into(), &["x-delivery-count"])])
        .await;
    world.expect_totals("c", 1000, 1, 0).await;
    world.expect_settled(1).await;
    let line = r#"totals_worker_events_total{type="donation.created",outcome="duplicate"}"#;
    eventually(|| worker.counted(line), |count| *count == 2).await;
    assert_eq!(worker.counted("totals_worker_deliveries_renewed_total").await, 0);
    let letter = world.expect_dead_letters(1).await.remove(0);
    assert_eq!(letter.header("x-original-exchange"), world.broker.exchange);
    assert_eq!(letter.header("x-reason-code"), "INVALID_AMOUNT");
    let attempts = letter.properties.headers().as_ref().unwrap().inner()["x-attempts"].clone();
    assert_eq!(attempts, AMQPValue::LongLongInt(1));
}

/// Neither a bare payload nor what is no event at all names itself. Both are known by their bytes.
#[tokio::test]
async fn not_while_its_letter_is_there_even_if_nothing_names_it() {
    let world = World::new().await;
    let worker = world.worker().await;
    let bare = || with_amount(created("", "d").bare(), "0");
    let unnamed: [Outgoing; 4] = [
        bare(),
        Outgoing::new("donation.created", "no json"),
        Outgoing::new("donation.created", b"{\"a\":\"\xff\"}".to_vec()),
        Outgoing::new("donation.created", "x".repeat(300_000)),
    ];
    world.publish(unnamed.clone()).await;
    let queue = &world.broker.dead_letter_queue;
    world.expect_queued(queue, 4).await;
    let letters = json(&world, 0, &["dead-letters", "list"]).await;
    let ids: Vec<_> = letters["letters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|letter| letter["id"].as_str().unwrap())
        .collect();
    for id in &ids {
        assert!(id.starts_with("body:"), "{id}");
        world.database.failed_row(id).await;
    }

    world.publish(unnamed.iter().chain(&unnamed).cloned()).await;
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
    world.expect_queued(&world.broker.queue, 0).await;
    assert_eq!(world.broker.count(queue).await, 4);
    assert_eq!(worker.terminate().await, Some(0));

    // Discarded, it is parked when it comes again.
    let _worker = world.worker().await;
    discard(&world, ids[0]).await;
    world.publish(unnamed).await;
    world.expect_queued(queue, 4).await;
}

fn with_amount(message: Outgoing, amount: &str) -> Outgoing {
    let body = String::from_utf8(message.body).unwrap();
    let body = body
        .replace(r#""amount":10"#, &format!(r#""amount":{amount}"#))
        .into_bytes();
    Outgoing { body, ..message }
}

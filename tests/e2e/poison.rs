//! Messages that can never be applied: each ends in the dead-letter queue with a reason that a person understands,
//! and harms nothing beside it.

mod properties;
mod queues;

use lapin::types::AMQPValue;
use mongodb::bson::doc;
use serde_json::json;

use crate::events::{created, numbered, paid, refunded};
use crate::harness::{Outgoing, World};

/// Broken messages, each with what its reason must say.
fn poison() -> Vec<(Outgoing, &'static str)> {
    [unreadable(), incomplete(), amounts()].concat()
}

fn raw(body: &[u8]) -> Outgoing {
    Outgoing::new("donation.created", body)
}

/// What is no event at all.
fn unreadable() -> Vec<(Outgoing, &'static str)> {
    let huge = format!(r#"{{"donationId":"d","padding":"{}"}}"#, "x".repeat(300_000));
    let deep = deep();
    vec![
        (raw(b""), "the message must be a JSON object, got ``"),
        (
            raw(b"no json"),
            "the message must be a JSON object, got `no json`",
        ),
        (
            raw(b"{\"eventId\":\"cut"),
            "the message is not valid JSON: EOF while parsing a string",
        ),
        (raw(b"[]"), "the message must be a JSON object, got `[]`"),
        (
            raw(b"{\"eventId\":\"\xff\xfe\"}"),
            "the message is not UTF-8: invalid byte at position 12",
        ),
        (
            raw(&"{}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            "the message is UTF-16, and must be UTF-8",
        ),
        (raw(huge.as_bytes()), "more than the 262144 allowed"),
        (
            raw(deep.as_bytes()),
            "the message must be a JSON object, got `[[[[",
        ),
        (
            raw(b"{}"),
            "neither a payload (an envelope) nor a donationId or campaignId (a bare payload)",
        ),
    ]
}

/// Events with a member that is missing, or is not what it should be.
fn incomplete() -> Vec<(Outgoing, &'static str)> {
    let sound = created("replaced", "poisoned").body();
    let replaced = |from: &str, to: &str| raw(sound.replace(from, to).as_bytes());
    vec![
        (
            replaced(r#""campaignId":"c""#, r#""campaignId":"""#),
            "campaignId must not be empty",
        ),
        (
            replaced("donation.created", "donation.vanished"),
            "eventType must be one of donation.created, ",
        ),
        (
            raw(br#"{"eventId":"flat","eventType":"donation.refunded","donationId":"d","campaignId":"c","amount":1}"#),
            "eventType is donation.refunded, but the routing key is donation.created",
        ),
        (
            raw(br#"{"eventId":0.7,"donationId":"d","campaignId":"c","amount":1}"#),
            "eventId must be a string or a whole number, got `0.7`",
        ),
        (replaced(r#""campaignId":"c","#, ""), "campaignId is missing"),
        (replaced(r#""eventId":"replaced","#, ""), "eventId is missing"),
        (
            replaced(r#""campaignId":"c""#, r#""campaignId":true"#),
            "campaignId must be a string or a whole number, got `true`",
        ),
        (
            replaced("2025-11-21T10", "21 November"),
            "timestamp must be an RFC 3339 time",
        ),
    ]
}

/// Events with an amount that cannot be counted.
fn amounts() -> Vec<(Outgoing, &'static str)> {
    let deep = deep();
    let amounts = [
        (
            "deep",
            deep.as_str(),
            "amount must be a decimal number, got `[[[[",
        ),
        ("zero", "0", "amount must be greater than 0, got 0"),
        ("negative", "-1", "amount must be greater than 0, got -1"),
        (
            "precise",
            "1.005",
            "amount must have at most 2 decimals in USD, got 1.005",
        ),
        (
            "boundless",
            "1e400",
            "amount must be at most 1000000000000 minor units, got 1e400",
        ),
        ("nan", "\"NaN\"", "amount must be a decimal number, got `NaN`"),
        (
            "euro",
            "10,\"currency\":\"EUR\"",
            "currency must be USD, got `EUR`",
        ),
    ];
    let poisoned = |(id, amount, reason)| (created(id, "poisoned").amount_text(amount), reason);
    amounts.into_iter().map(poisoned).collect()
}

fn deep() -> String {
    format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))
}

#[tokio::test]
async fn every_kind_of_poison_is_dead_lettered_with_its_reason() {
    let world = World::new().await;
    let worker = world.worker().await;
    let poison = poison();
    let mut messages: Vec<Outgoing> = poison.iter().map(|(message, _)| message.clone()).collect();
    // Between the poison: what looks odd and is fine.
    for (number, amount) in ["\"12.50\"", "0.30000000000000004", "1e1"].iter().enumerate() {
        messages.insert(
            number * 5,
            created(&format!("fine{number}"), &format!("d{number}")).amount_text(amount),
        );
    }
    world.publish(messages).await;

    let dead_letters = world.expect_dead_letters(poison.len()).await;
    for (message, reason) in &poison {
        let letter = dead_letters.iter().find(|letter| letter.body == message.body);
        let letter = letter.unwrap_or_else(|| panic!("no dead letter for {reason:?}"));
        assert!(
            letter.reason().contains(reason),
            "{:?} should contain {reason:?}",
            letter.reason()
        );
        assert!(letter.reason().len() < 300, "short enough to read");
        assert_eq!(letter.header("x-original-exchange"), world.broker.exchange);
        assert_eq!(letter.header("x-original-routing-key"), message.routing_key);
        assert!(letter.header("x-failed-at").ends_with('Z'));
        assert!(!letter.header("x-reason-code").is_empty());
    }
    world.expect_totals("c", 1250 + 30 + 1000, 3, 0).await;
    world.expect_settled(3).await;
    let row = world.database.failed_row("zero").await;
    assert_eq!(row.get_str("code").unwrap(), "INVALID_AMOUNT");
    assert_eq!(row.get_str("campaignId").unwrap(), "c");
    let counted = r#"dead_letters_total{reason="INVALID_AMOUNT"}"#;
    assert_eq!(worker.metric(counted).await, 6);
}

#[tokio::test]
async fn a_failed_event_is_dead_lettered_once_and_applied_when_it_comes_mended() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let broken = created("e1", "d1").amount_text("0");
    world.publish([broken.clone(), broken.clone()]).await;
    world.publish([broken]).await;
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
    world.expect_settled(1).await;
    assert_eq!(world.expect_dead_letters(1).await.len(), 1);
    assert_eq!(
        world.database.row("e1").await.unwrap().get_str("status").unwrap(),
        "PROCESSED"
    );
}

#[tokio::test]
async fn a_dead_letter_moved_back_is_tried_again_and_remembers_where_it_came_from() {
    let world = World::new().await;
    let worker = world.worker().await;
    // Without an envelope the routing key is all that says what it is.
    world
        .publish([paid("", "d1").with("currency", json!("EUR")).bare()])
        .await;
    let letter = world.expect_dead_letters(1).await.remove(0);
    world.broker.move_back(letter).await;
    let again = world.expect_dead_letters(1).await.remove(0);
    assert_eq!(again.reason(), "currency must be USD, got `EUR`");
    assert_eq!(again.header("x-original-routing-key"), "payment.completed");
    assert_eq!(again.header("x-original-exchange"), world.broker.exchange);
    let attempts = again
        .properties
        .headers()
        .as_ref()
        .unwrap()
        .inner()
        .get("x-attempts")
        .cloned();
    assert_eq!(attempts, Some(AMQPValue::LongLongInt(2)));

    // What was wrong may be the service: mended, it takes the same letter.
    assert_eq!(worker.terminate().await, Some(0));
    // Nothing was counted in the former one.
    world.database.collection("settings").drop().await.unwrap();
    let _worker = world.worker_with(&[("CURRENCY", "EUR")]).await;
    world.broker.move_back(again).await;
    world.expect_settled(1).await;
}

#[tokio::test]
async fn an_event_that_the_database_refuses_is_parked_and_its_batch_committed() {
    let world = World::new().await;
    let worker = world.worker().await;
    // An administrator's rule of what a donation may be.
    let rule = doc! { "campaignId": { "$ne": "damaged" } };
    world
        .database
        .run(doc! { "collMod": "donations", "validator": rule })
        .await;
    worker.terminate().await;
    let mut events: Vec<Outgoing> = numbered(0..50).map(Outgoing::from).collect();
    events.insert(25, created("refused", "refused").campaign("damaged").into());
    world.publish(events).await;

    let worker = world.worker_with(&[("LANES", "1")]).await;
    world.expect_totals("c", 50_000, 50, 0).await;
    let dead_letters = world.expect_dead_letters(1).await;
    assert_eq!(
        dead_letters[0].reason(),
        "donations \"refused\": MongoDB refused a write: code 121 DocumentValidationFailure"
    );
    assert_eq!(dead_letters[0].header("x-reason-code"), "DATABASE_REFUSED");
    assert_eq!(world.database.processed().await, 50);
    let row = world.database.row("refused").await.unwrap();
    assert!(row.get_str("error").unwrap().contains("code 121"), "{row}");
    assert_eq!(worker.terminate().await, Some(0));
    world.database.check_invariants().await;
}

#[tokio::test]
async fn a_body_is_the_event_that_it_names_in_either_shape_and_spelling() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let refund = refunded("R-1", "A1").amount(30.0);
    let flat = |more: &str| {
        let payload = String::from_utf8(refund.bare().body).unwrap();
        payload.replacen('{', &format!(r#"{{"eventId":"R-1",{more}"#), 1)
    };
    let own = r#""eventType":"donation.refunded","#;
    let under = |key: &str, body: String| Outgoing::new(key, body);
    world
        .publish([
            created("C-1", "A1").amount(100.0).into(),
            under("donation.refunded", flat(own)),
            under("donation.refunded", flat(&format!(r#"{own}"more":1,"#))),
            under("donation.refunded", flat("").replace("30.0", "30.00")),
            refund.clone().into(),
            // A refund that is sent as a creation is neither.
            under("donation.created", flat(own).replace("R-1", "R-2")),
        ])
        .await;
    let letter = world.expect_dead_letters(1).await.remove(0);
    assert_eq!(letter.header("x-reason-code"), "EVENT_TYPE_MISMATCH");
    world.expect_totals("c", 7000, 1, 0).await;
    world.expect_settled(2).await;
}

//! Every form in which producers write the same event, published to the real broker and counted.

use lapin::types::AMQPValue;
use mongodb::bson::doc;

use crate::events::{created, paid, payment_refunded, refunded};
use crate::harness::{Outgoing, World, eventually};
use crate::tool::json;

/// A message with this text in place of another.
pub fn with(message: Outgoing, from: &str, to: &str) -> Outgoing {
    let text = String::from_utf8(message.body).unwrap();
    assert!(text.contains(from), "{text}");
    let body = text.replace(from, to).into_bytes();
    Outgoing { body, ..message }
}

/// The attributes of a CloudEvent as headers with this prefix, around a bare payload.
pub fn in_headers(prefix: &str, id: &str, payload: Outgoing) -> Outgoing {
    let event_type = format!("org.example.{}", payload.routing_key);
    let attributes = [
        ("specversion", "1.0"),
        ("id", id),
        ("source", "/pay"),
        ("type", &event_type),
    ];
    let header =
        |message: Outgoing, (name, value): (&str, &str)| message.header(&format!("{prefix}{name}"), value);
    attributes.into_iter().fold(payload, header)
}

/// A CloudEvent around a payload.
pub fn in_body(id: &str, payload: &Outgoing) -> Outgoing {
    let data = String::from_utf8(payload.body.clone()).unwrap();
    let key = &payload.routing_key;
    let body = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/pay","type":"org.example.{key}","data":{data}}}"#
    );
    let mut message = Outgoing::new(key, body);
    message.properties = message
        .properties
        .with_content_type("application/cloudevents+json; charset=UTF-8".into());
    message
}

#[tokio::test]
async fn each_form_counts_as_the_plain_one_does() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let time = r#""2025-11-21T10:00:00.000Z""#;
    let donation = |number: usize| created("", &number.to_string()).campaign("7").bare();
    let id = |number: usize| format!(r#""donationId":"{number}""#);
    let mut messages: Vec<Outgoing> = [
        "\"2025-11-21T10:00:00+0000\"",
        "\"2025-11-21T10:00:00\"",
        "\"2025-11-21 10:00:00.000\"",
        "\"2025-11-21\"",
        "1763719200",
        "1763719200000",
        "\"1763719200\"",
        "null",
    ]
    .into_iter()
    .enumerate()
    .map(|(number, form)| with(donation(number), time, form))
    .collect();
    let mut sent = with(donation(8), &format!(r#","timestamp":{time}"#), "");
    sent.properties = sent.properties.with_timestamp(1_763_719_200_000);
    messages.push(sent);
    messages.push(with(donation(9), r#""campaignId":"7""#, r#""campaignId":7"#));
    messages.push(with(donation(10), &id(10), r#""donationId":10.0"#));
    messages.push(with(donation(11), "{", "\u{feff}{"));
    messages.push(in_headers("cloudEvents:", "12", donation(12)));
    messages.push(in_headers("cloudEvents_", "13", donation(13)));
    messages.push(in_body("14", &donation(14)));
    messages.push(donation(15).header("eventId", "evt-15"));
    let count = messages.len();
    world.publish(messages).await;
    let pledges = i64::try_from(count).unwrap();
    world.expect_totals("7", 1000 * pledges, pledges, 0).await;

    // Each once more, in another form.
    world
        .publish([
            in_body("12", &donation(12)),
            in_headers("cloudEvents:", "14", donation(14)),
            with(donation(10), &id(10), r#""donationId":1e1"#),
            with(donation(4), time, "\"1763719200000\""),
            with(donation(0), r#""amount":10"#, r#""more":1,"amount":"10.00""#),
        ])
        .await;
    world.expect_settled(count).await;
    let row = world.database.row("evt-15").await.unwrap();
    assert_eq!(row.get_str("donationId").unwrap(), "15");
    let sent = world
        .database
        .collection("event_log")
        .find_one(doc! { "donationId": "8" })
        .await
        .unwrap();
    let occurred = sent
        .unwrap()
        .get_datetime("occurredAt")
        .unwrap()
        .timestamp_millis();
    assert_eq!(occurred, 1_763_719_200_000);
    json(&world, 0, &["verify"]).await;
}

/// Messages in the shapes of a real platform's own services, with their headers and properties. They are written by hand.
#[tokio::test]
async fn a_real_platforms_messages_are_counted_or_logged() {
    let world = World::new().await;
    let worker = world.worker().await;
    let as_sent = |mut message: Outgoing| {
        message.properties = message
            .properties
            .with_content_type("application/json".into())
            .with_timestamp(1_763_719_203_428);
        message
    };
    let outbox =
        |message: Outgoing, id: &str| as_sent(message).header("eventId", id).header("source", "outbox");
    let refund_of_payment = with(
        payment_refunded("", "d1").bare(),
        "{",
        r#"{"refundId":"mock_refund_1","#,
    );
    let too_precise = created("donation.created_4", "d4").amount(10.005);
    let mut attempt = as_sent(created("donation.created_2", "d2").donor("u").into())
        .header("eventId", "donation.created_2");
    let mut headers = attempt.properties.headers().clone().unwrap();
    headers.insert("attempt".into(), AMQPValue::LongLongInt(1));
    attempt.properties = attempt.properties.with_headers(headers);
    let messages = [
        as_sent(created("donation.created_1", "d1").donor("u").amount(2.96).into()),
        attempt,
        outbox(created("", "d3").amount(4.44).bare(), "evt_1"),
        as_sent(refunded("donation.refunded_1", "d1").amount(0.5).into()),
        as_sent(paid("", "d1").bare()),
        as_sent(refund_of_payment),
        as_sent(too_precise.into()),
    ];
    world.publish(messages.clone()).await;
    let letter = world.expect_dead_letters(1).await.remove(0);
    assert_eq!(letter.header("x-reason-code"), "INVALID_AMOUNT");
    world.expect_totals("c", 296 - 50 + 1000 + 444, 3, 1).await;
    world.expect_settled(6).await;

    // Delivered again, as after a crash.
    world.publish(messages[..6].iter().cloned()).await;
    let again = r#"totals_worker_events_total{type="payment.refunded",outcome="duplicate"}"#;
    eventually(|| worker.counted(again), |count| *count == 1).await;
    world.expect_settled(6).await;
}

#[tokio::test]
async fn a_cloud_event_that_is_replayed_is_the_event_that_it_was() {
    let world = World::new().await;
    let worker = world.worker().await;
    let euros = |id: &str| created("", id).with("currency", "EUR".into()).bare();
    world
        .publish([
            in_headers("cloudEvents:", "1", euros("d1")),
            in_body("2", &euros("d2")),
        ])
        .await;
    world.expect_queued(&world.broker.dead_letter_queue, 2).await;
    world.database.failed_row("cloudevent_4_/pay_1").await;
    world.database.failed_row("cloudevent_4_/pay_2").await;
    assert_eq!(worker.terminate().await, Some(0));
    world.database.collection("settings").drop().await.unwrap();
    let _worker = world.worker_with(&[("CURRENCY", "EUR")]).await;
    let replayed = world
        .worker_command()
        .env("CURRENCY", "EUR")
        .args(["dead-letters", "replay", "--all"])
        .output()
        .await;
    assert_eq!(replayed.unwrap().status.code(), Some(0));
    world.expect_totals("c", 2000, 2, 0).await;
    for id in ["cloudevent_4_/pay_1", "cloudevent_4_/pay_2"] {
        let row = world.database.row(id).await.unwrap();
        assert_eq!(row.get_str("status").unwrap(), "PROCESSED");
    }
    world.expect_settled(2).await;
}

#[tokio::test]
async fn a_cloud_event_that_is_mended_and_replayed_is_the_event_that_it_was() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let worthless = |donation: &str| with(created("", donation).bare(), r#""amount":10"#, r#""amount":0"#);
    let sound = |donation: &str| created("", donation).bare();
    let forms = |payload: fn(&str) -> Outgoing| {
        [
            in_headers("cloudEvents:", "1", payload("d1")),
            in_headers("cloudEvents_", "2", payload("d2")),
            in_body("3", &payload("d3")),
        ]
    };
    world.publish(forms(worthless)).await;
    world.expect_queued(&world.broker.dead_letter_queue, 3).await;
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for (number, mended) in (1..).zip(forms(sound)) {
        let id = format!("cloudevent_4_/pay_{number}");
        let file = directory.path().join(number.to_string());
        std::fs::write(&file, mended.body).unwrap();
        let file = file.to_str().unwrap();
        let replay = ["dead-letters", "replay", "--id", &id, "--body", file];
        assert_eq!(json(&world, 0, &replay).await["replayed"], 1, "{id}");
    }
    world.expect_totals("c", 3000, 3, 0).await;
    // What its producer mends as well is a duplicate.
    world.publish(forms(sound)).await;
    world.publish([created("last", "d4")]).await;
    world.expect_totals("c", 4000, 4, 0).await;
    world.expect_settled(4).await;
    assert_eq!(world.broker.count(&world.broker.dead_letter_queue).await, 0);
}

/// Messages that were captured from a platform: a file of lines `{"routingKey","properties","body"}`.
#[tokio::test]
#[ignore = "needs a capture of messages, whose path is in PLATFORM_EVENTS"]
async fn captured_messages_are_counted_or_logged_but_for_a_third_decimal() {
    const BOUND: [&str; 4] = [
        "donation.created",
        "donation.refunded",
        "payment.completed",
        "payment.refunded",
    ];
    let capture = std::fs::read_to_string(std::env::var("PLATFORM_EVENTS").unwrap()).unwrap();
    let lines = capture
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let messages = lines
        .filter(|line| BOUND.contains(&line["routingKey"].as_str().unwrap()))
        .map(|line| {
            let properties = &line["properties"];
            let mut message = Outgoing::new(
                line["routingKey"].as_str().unwrap(),
                line["body"].as_str().unwrap(),
            );
            if let Some(sent_at) = properties["timestamp"].as_u64() {
                message.properties = message.properties.with_timestamp(sent_at);
            }
            let headers = properties["headers"].as_object().into_iter().flatten();
            let texts = headers.filter_map(|(name, value)| Some((name, value.as_str()?)));
            texts.fold(message, |message, (name, value)| message.header(name, value))
        });
    let messages: Vec<Outgoing> = messages.collect();
    assert!(!messages.is_empty());
    let has_third_decimal = |message: &&Outgoing| {
        let body: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
        let amount = [&body["amount"], &body["payload"]["amount"]]
            .into_iter()
            .find_map(serde_json::Value::as_f64);
        let decimals = amount.unwrap().to_string();
        decimals
            .split_once('.')
            .is_some_and(|(_, decimals)| decimals.len() > 2)
    };
    let refused = messages.iter().filter(has_third_decimal).count();
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish(messages.clone()).await;
    let done = async || {
        let mut done = world.database.processed().await;
        for event_type in BOUND {
            let line = format!(r#"totals_worker_events_total{{type="{event_type}",outcome="duplicate"}}"#);
            done += usize::try_from(worker.counted(&line).await).unwrap();
        }
        done
    };
    eventually(done, |done| *done == messages.len() - refused).await;
    world.expect_settled(world.database.processed().await).await;
    for letter in world.expect_dead_letters(refused).await {
        assert_eq!(
            letter.header("x-reason-code"),
            "INVALID_AMOUNT",
            "{}",
            letter.reason()
        );
    }
    eprintln!("{} messages, {refused} of them refused", messages.len());
}

use std::collections::HashSet;

use totals_core::contract::examples::{Example, Shape, example};
use totals_core::domain::{AmountRules, EventType, Precision, decode};

use super::*;

#[test]
fn a_line_is_a_body_unless_it_has_the_marks_of_a_capture() {
    let body = br#"{"donationId":"d","routingKey":"x"}"#;
    let message = Message::of_line(body, "donation.created").unwrap();
    assert_eq!(
        (&*message.routing_key, &*message.body),
        ("donation.created", &body[..])
    );
    for body in [r#""{\"a\": 1}""#, r#"{"a": 1}"#] {
        let line = format!(r#"{{"routingKey":"payment.completed","body":{body}}}"#);
        let message = Message::of_line(line.as_bytes(), "").unwrap();
        assert_eq!(
            (&*message.routing_key, &*message.body),
            ("payment.completed", &br#"{"a": 1}"#[..])
        );
    }
}

#[test]
fn what_a_capture_says_is_read_or_the_line_is_refused() {
    for (more, problem) in [
        (r#""properties":{"message_id":7}"#, "invalid type: integer `7`"),
        (
            r#""properties":{"message":"m"}"#,
            "unknown field `message`, expected one of `messageId`, `message_id`",
        ),
        (
            r#""properties":{"message_id":"m","messageId":"m"}"#,
            "duplicate field `message_id`",
        ),
        (r#""headers":{}"#, "unknown field `headers`"),
        (r#""properties":{"headers":[]}"#, "invalid type: sequence"),
    ] {
        let line = format!(r#"{{"routingKey":"payment.completed","body":{{}},{more}}}"#);
        let refused = Message::of_line(line.as_bytes(), "").unwrap_err();
        assert!(refused.starts_with(problem), "{refused}");
    }
    // As amqplib has it, and the management API.
    let fields = [
        [
            "routingKey",
            "contentType",
            "contentEncoding",
            "deliveryMode",
            "correlationId",
            "replyTo",
            "messageId",
            "userId",
            "appId",
            "clusterId",
            "deliveryTag",
            "consumerTag",
        ],
        [
            "routing_key",
            "content_type",
            "content_encoding",
            "delivery_mode",
            "correlation_id",
            "reply_to",
            "message_id",
            "user_id",
            "app_id",
            "cluster_id",
            "delivery_tag",
            "consumer_tag",
        ],
    ];
    for [
        key,
        content_type,
        encoding,
        mode,
        correlation,
        reply,
        id,
        user,
        app,
        cluster,
        delivery,
        consumer,
    ] in fields
    {
        let line = format!(
            r#"{{"{key}":"k","exchange":"e","queue":"q","redelivered":false,"{delivery}":1,"{consumer}":"c","body":"b",
                "properties":{{"{id}":"m","{content_type}":"t","{encoding}":null,"{mode}":2,"priority":0,"{correlation}":"c",
                    "{reply}":"r","expiration":"60000","type":"t","{user}":"u","{app}":"a","{cluster}":"","headers":null}}}}"#
        );
        let message = Message::of_line(line.as_bytes(), "").unwrap();
        let received = message.received();
        assert_eq!(
            (received.routing_key, received.message_id, received.content_type),
            ("k", Some("m"), Some("t"))
        );
    }
}

#[test]
fn what_stands_around_a_body_is_read() {
    let line = br#"{"routingKey":"payment.completed","properties":{"message_id":"m","timestamp":1763719200000,
        "content_type":"text/plain","delivery_mode":2,"headers":{"eventId":"h","attempt":1,"cloudEvents:id":"c"}},"body":"x"}"#;
    let message = Message::of_line(line, "").unwrap();
    let received = message.received();
    assert_eq!(
        (received.message_id, received.event_id),
        (Some("m"), Some("h".into()))
    );
    assert_eq!(
        (received.sent_at, received.content_type),
        (Some(1_763_719_200_000), Some("text/plain"))
    );
    assert_eq!(
        format!("{:?}", received.cloud_event),
        format!(
            "{:?}",
            CloudEventHeaders::find([("cloudEvents:id", "c".into())].into_iter())
        )
    );
}

const DOCUMENT: &str = include_str!("../../../../../../docs/events.md");

/// The parts of docs/events.md that are examples of a type's messages, each with the line that introduces it.
fn documented(event_type: EventType) -> Vec<&'static str> {
    let (_, section) = DOCUMENT.split_once(&format!("\n## {event_type}\n")).unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let blocks = section.split("```json\n").skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0).collect()
}

#[test]
fn every_documented_example_is_what_it_is_said_to_be() {
    let amounts = AmountRules {
        currency: "USD".parse().unwrap(),
        precision: Precision::Reject,
    };
    let mut ids = HashSet::new();
    for event_type in EventType::ALL {
        let blocks = documented(event_type);
        assert_eq!(blocks.len(), Shape::ALL.len(), "{event_type}");
        for (block, shape) in blocks.into_iter().zip(Shape::ALL) {
            let message = Message::of_line(block.as_bytes(), "").unwrap();
            let event = decode(&message.received(), amounts).unwrap();
            assert_eq!(event.event_type(), event_type, "{block}");
            ids.insert(event.id);
            // The same as in the schemas and the AsyncAPI document.
            let Example { headers, body, .. } = example(event_type, shape);
            assert_eq!(
                serde_json::from_slice::<Value>(&message.body).unwrap(),
                body,
                "{block}"
            );
            let named = message.properties.headers.unwrap_or_default();
            assert_eq!(Value::Object(named), headers, "{block}");
        }
    }
    // Structured and binary are two spellings of one event.
    assert_eq!(ids.len(), 3 * EventType::ALL.len());
}

#[test]
fn every_rule_that_a_schema_cannot_say_is_documented() {
    for unsaid in totals_core::contract::schema::UNSAID {
        let flat = DOCUMENT.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(unsaid.what), "{}", unsaid.what);
    }
}

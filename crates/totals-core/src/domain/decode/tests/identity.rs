//! Which event a body is, and of which type: its own word, the message's, and what happens where they differ.

use super::*;

/// A refund in a shape without `payload`, with more members before its own.
fn flat(more: &str) -> String {
    format!(
        r#"{{{more}"donationId":"d1","campaignId":"c1","amount":30,"reason":"asked","timestamp":"2025-11-21T10:00:00Z"}}"#
    )
}

#[test]
fn a_body_names_itself_in_either_shape() {
    let own = r#""eventId":"R-1","eventType":"donation.refunded","#;
    let enveloped = decoded(
        &with_payload("donation.refunded", &flat("")).replace("e1", "R-1"),
        "donation.refunded",
    );
    for body in [
        flat(own),
        flat(own).replace("30,", "30.0,"),
        flat(&format!(r#"{own}"more":[1],"#)),
        flat(&format!(r#"{own}"payload":null,"#)),
        flat(&format!(r#"{own}"payload":"a column of an export","#)),
    ] {
        for key in ["donation.refunded", "totals-service.events", ""] {
            let event = named(&body, key, "of the message").unwrap();
            assert_eq!(event.id.as_str(), "R-1", "{body} under {key}");
            assert_eq!(
                event.event_type(),
                EventType::DonationRefunded,
                "{body} under {key}"
            );
            assert_eq!(
                event.content_hash(),
                enveloped.content_hash(),
                "{body} under {key}"
            );
        }
    }
}

#[test]
fn a_body_without_an_id_of_its_own_takes_the_messages_then_a_derived_one() {
    for none in ["", r#""eventId":null,"#] {
        let body = flat(none);
        let event = named(&body, "donation.refunded", "m1").unwrap();
        assert_eq!(event.id.as_str(), "m1");
        let derived = decoded(&body, "donation.refunded");
        assert!(derived.id.as_str().starts_with("donation.refunded_"));
    }
    let typed = flat(r#""eventType":"donation.refunded","#);
    let (by_key, by_itself) = (decoded(&typed, "donation.refunded"), decoded(&typed, ""));
    assert_eq!(by_key.id, by_itself.id, "the key is no part of it");
}

#[test]
fn a_flat_body_with_a_malformed_id_is_refused_as_an_envelope_is() {
    let endless = format!("\"{}\"", "x".repeat(300));
    for (id, reason) in [
        ("0.7", "eventId must be a string or a whole number, got `0.7`"),
        ("true", "eventId must be a string or a whole number, got `true`"),
        ("\"\"", "eventId must not be empty"),
        (endless.as_str(), "eventId must be at most 256 bytes, got 300"),
    ] {
        let body = flat(&format!(r#""eventId":{id},"#));
        let invalid = named(&body, "donation.refunded", "m1").unwrap_err();
        assert_eq!(
            (invalid.code, invalid.message.as_str()),
            (InvalidCode::InvalidField, reason)
        );
    }
}

#[test]
fn a_key_that_says_another_type_than_the_body_is_a_contradiction() {
    let own = r#""eventId":"e1","eventType":"donation.refunded","#;
    for body in [flat(own), with_payload("donation.refunded", &flat(""))] {
        for key in EventType::ALL {
            let answer = decode(&Received::new(body.as_bytes(), key.as_str()), usd());
            if key == EventType::DonationRefunded {
                answer.unwrap();
                continue;
            }
            let invalid = answer.unwrap_err();
            assert_eq!(invalid.code, InvalidCode::EventTypeMismatch, "{body} under {key}");
            let reason = format!("eventType is donation.refunded, but the routing key is {key}");
            assert_eq!(invalid.message, reason);
            let subject = *invalid.subject;
            assert_eq!(subject.event_id.unwrap().as_str(), "e1");
            assert_eq!(subject.event_type.unwrap(), "donation.refunded");
            assert_eq!(subject.donation.unwrap().as_str(), "d1");
        }
    }
}

#[test]
fn a_payload_that_says_another_type_than_its_envelope_is_a_contradiction() {
    let payload = flat(r#""eventType":"donation.refunded","#);
    let invalid = decode(
        &Received::new(
            with_payload("donation.created", &payload).as_bytes(),
            "donation.created",
        ),
        usd(),
    )
    .unwrap_err();
    assert_eq!(invalid.code, InvalidCode::EventTypeMismatch);
    assert_eq!(invalid.subject.event_id.unwrap().as_str(), "e1");
    decoded(&with_payload("donation.refunded", &payload), "");
    // What is no type of ours is a member that nobody reads.
    decoded(&with_payload("donation.created", &flat(r#""eventType":7,"#)), "");
}

#[test]
fn a_type_that_nothing_says_or_nobody_knows_is_refused() {
    for (body, key, code, reason) in [
        (
            flat(r#""eventType":"donation.eaten","#),
            "donation.created",
            InvalidCode::UnknownEventType,
            "eventType must be one of donation.created, donation.refunded, payment.completed, payment.refunded, \
             campaign.created, campaign.updated, campaign.status_changed, got `donation.eaten`",
        ),
        (
            flat(r#""eventType":7,"#),
            "donation.created",
            InvalidCode::InvalidField,
            "eventType must be a string, got `7`",
        ),
        (
            flat(""),
            "totals-service.events",
            InvalidCode::UnknownEventType,
            "eventType is missing, and the routing key `totals-service.events` is none of donation.created, \
             donation.refunded, payment.completed, payment.refunded, campaign.created, campaign.updated, \
             campaign.status_changed",
        ),
    ] {
        let invalid = named(&body, key, "m1").unwrap_err();
        assert_eq!((invalid.code, invalid.message.as_str()), (code, reason));
        assert_eq!(invalid.subject.event_id.unwrap().as_str(), "m1");
    }
}

/// What a message is made of: any of its parts may be absent, and the key may be one of the types or a queue's name.
fn parts() -> impl proptest::strategy::Strategy<
    Value = (
        bool,
        Option<usize>,
        Option<usize>,
        Option<&'static str>,
        Option<&'static str>,
    ),
> {
    use proptest::prelude::*;
    let kind = || proptest::option::of(0..EventType::ALL.len());
    let id = |text: &'static str| proptest::option::of(Just(text));
    (any::<bool>(), kind(), kind(), id("own"), id("of-message"))
}

proptest::proptest! {
    /// The rules of identity, said once more, plainly: whichever shape, the body's own word counts before the message's.
    #[test]
    fn identity_is_the_bodys_own_word_first((enveloped, own_type, key, own_id, message_id) in parts()) {
        const ALL: [EventType; 7] = EventType::ALL;
        let payload = r#""donationId":"d","campaignId":"c","paymentId":"p","amount":1,"updates":{},"newStatus":"s","timestamp":"2025-11-21T10:00:00Z""#;
        let mut members = Vec::new();
        members.extend(own_id.map(|id| format!(r#""eventId":"{id}""#)));
        members.extend(own_type.map(|index| format!(r#""eventType":"{}""#, ALL[index])));
        members.push(if enveloped { format!(r#""payload":{{{payload}}}"#) } else { payload.to_owned() });
        if enveloped {
            members.push(r#""timestamp":"2025-11-21T10:00:00Z""#.to_owned());
        }
        let body = format!("{{{}}}", members.join(","));
        let routing_key = key.map_or("some-queue", |index| ALL[index].as_str());
        let answer = decode(&Received { message_id, ..Received::new(body.as_bytes(), routing_key) }, usd());

        let event_type = if enveloped { own_type } else { own_type.or(key) };
        let contradicted = own_type.is_some() && key.is_some() && own_type != key;
        let id = if enveloped { own_id } else { own_id.or(message_id) };
        let complete = event_type.is_some() && (id.is_some() || !enveloped);
        match answer {
            Ok(event) => {
                proptest::prop_assert!(complete && !contradicted, "{body} under {routing_key}");
                proptest::prop_assert_eq!(event.event_type(), ALL[event_type.unwrap()]);
                match id {
                    Some(id) => proptest::prop_assert_eq!(event.id.as_str(), id),
                    None => proptest::prop_assert!(event.id.as_str().starts_with(event.event_type().as_str())),
                }
            }
            Err(invalid) => {
                proptest::prop_assert!(!complete || contradicted, "{body} under {routing_key}: {invalid}");
                if complete {
                    proptest::prop_assert_eq!(invalid.code, InvalidCode::EventTypeMismatch);
                }
            }
        }
    }
}

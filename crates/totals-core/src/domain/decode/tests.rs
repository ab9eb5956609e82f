use super::*;

const CREATED: &str = r#"{"eventId":"e1","eventType":"donation.created","timestamp":"2025-11-21T10:00:00.000Z",
    "version":"1.0","payload":{"donationId":"d1","campaignId":"c1","amount":50.25,"donorId":"u1","donorName":"Ada",
    "isAnonymous":false,"isGuest":false,"timestamp":"2025-11-21T09:59:59.000Z","unknown":[1]}}"#;
const PAYMENT: &str = r#"{"paymentId":"p1","donationId":"d1","amount":50.25,"provider":"stripe",
    "providerTransactionId":"t1","timestamp":"2025-11-21T10:00:00.000Z","metadata":{"a":1}}"#;

fn usd() -> Currency {
    "USD".parse().unwrap()
}

fn decoded(body: &str, key: &str) -> Event {
    decode(body.as_bytes(), key, None, usd()).unwrap()
}

fn refused(body: &str) -> (InvalidCode, String) {
    let invalid = decode(body.as_bytes(), "totals-service.events", None, usd()).unwrap_err();
    (invalid.code, invalid.message)
}

fn with_payload(event_type: &str, payload: &str) -> String {
    format!(
        r#"{{"eventId":"e1","eventType":"{event_type}","timestamp":"2025-11-21T10:00:00Z","payload":{payload}}}"#
    )
}

#[test]
fn an_envelope_is_read_whatever_the_routing_key() {
    let event = decoded(CREATED, "something.else");
    assert_eq!(event.id.as_str(), "e1");
    assert_eq!(event.event_type(), EventType::DonationCreated);
    assert_eq!(event.donation.as_str(), "d1");
    assert_eq!(event.occurred_at.to_string(), "2025-11-21T10:00:00.000Z");
    let EventKind::DonationCreated(creation) = &event.kind else {
        panic!("{event:?}")
    };
    assert_eq!(creation.amount.minor(), 5025);
    assert_eq!(creation.donor.as_ref().map(DonorId::as_str), Some("u1"));
    assert!(
        event.payload.get().contains(r#""unknown":[1]"#),
        "the payload is kept as received"
    );
}

#[test]
fn every_type_is_accepted_in_both_shapes() {
    let donation = r#"{"donationId":"d1","campaignId":"c1","amount":1,"timestamp":"2025-11-21T10:00:00Z"}"#;
    for (event_type, payload) in [
        (EventType::DonationCreated, donation),
        (EventType::DonationRefunded, donation),
        (EventType::PaymentCompleted, PAYMENT),
        (EventType::PaymentRefunded, PAYMENT),
    ] {
        let enveloped = decoded(&with_payload(event_type.as_str(), payload), "any");
        let bare = decoded(payload, event_type.as_str());
        assert_eq!(enveloped.event_type(), event_type);
        assert_eq!(enveloped.kind, bare.kind);
        assert_eq!(enveloped.content_hash(), bare.content_hash());
    }
}

#[test]
fn a_bare_payload_takes_its_id_from_the_message_or_from_its_content() {
    let named = decode(PAYMENT.as_bytes(), "payment.completed", Some("m1"), usd()).unwrap();
    assert_eq!(named.id.as_str(), "m1");
    let derived = decoded(PAYMENT, "payment.completed");
    assert!(
        derived.id.as_str().starts_with("payment.completed_"),
        "{}",
        derived.id
    );
    let members: std::collections::BTreeMap<&str, &RawValue> = serde_json::from_str(PAYMENT).unwrap();
    assert_eq!(
        derived.id,
        decoded(&serde_json::to_string(&members).unwrap(), "payment.completed").id
    );
    assert_ne!(derived.id, decoded(PAYMENT, "payment.refunded").id);
    assert_ne!(
        derived.id,
        decoded(&PAYMENT.replace("p1", "p2"), "payment.completed").id
    );
}

#[test]
fn content_is_what_the_fold_reads() {
    let same = [
        CREATED.replace("50.25", "\"50.250\""),
        CREATED.replace("Ada", "Bob"),
        CREATED.replace("09:59", "08:00"),
    ];
    for body in same {
        assert_eq!(
            decoded(&body, "").content_hash(),
            decoded(CREATED, "").content_hash()
        );
    }
    for (from, to) in [
        ("50.25", "50.26"),
        ("c1", "c2"),
        ("u1", "u2"),
        ("d1", "d2"),
        ("\"u1\"", "null"),
    ] {
        assert_ne!(
            decoded(&CREATED.replace(from, to), "").content_hash(),
            decoded(CREATED, "").content_hash()
        );
    }
}

#[test]
fn guests_and_donations_without_a_donor_have_no_donor() {
    for (from, to) in [
        (r#""isGuest":false"#, r#""isGuest":true"#),
        (r#""donorId":"u1","#, ""),
        (r#""donorId":"u1""#, r#""donorId":null"#),
        (r#""donorId":"u1""#, r#""donorId":"""#),
    ] {
        let event = decoded(&CREATED.replace(from, to), "");
        let EventKind::DonationCreated(creation) = event.kind else {
            panic!()
        };
        assert_eq!(creation.donor, None, "{to}");
    }
}

#[test]
fn a_refused_message_names_its_reason() {
    use InvalidCode as Code;
    for (body, code, reason) in [
        ("", Code::InvalidJson, "the message must be a JSON object, got ``"),
        (
            "[1,2,3,4,5]",
            Code::InvalidJson,
            "the message must be a JSON object, got `[1,2,3,4,5]`",
        ),
        (
            "{\"eventId\":",
            Code::InvalidJson,
            "the message is not valid JSON: EOF",
        ),
        (
            "{}",
            Code::MissingField,
            "neither a payload (an envelope) nor a donationId",
        ),
        (
            &CREATED.replace("\"eventId\":\"e1\",", ""),
            Code::MissingField,
            "eventId is missing",
        ),
        (
            &CREATED.replace("\"e1\"", "\"\""),
            Code::InvalidField,
            "eventId must not be empty",
        ),
        (
            &CREATED.replace("\"e1\"", "17"),
            Code::InvalidField,
            "eventId must be a string, got `17`",
        ),
        (
            &CREATED.replace("donation.created", "donation.eaten"),
            Code::UnknownEventType,
            "got `donation.eaten`",
        ),
        (
            &CREATED.replace("\"amount\":50.25,", ""),
            Code::MissingField,
            "amount is missing",
        ),
        (
            &CREATED.replace("50.25", "0"),
            Code::InvalidAmount,
            "amount must be greater than 0, got 0",
        ),
        (
            &CREATED.replace("50.25", "1.005"),
            Code::InvalidAmount,
            "amount must have at most 2 decimals in USD",
        ),
        (
            &CREATED.replace("50.25", "1e400"),
            Code::InvalidAmount,
            "amount must be at most",
        ),
        (
            &CREATED.replace("50.25", "1,\"amount\":2"),
            Code::InvalidJson,
            "duplicate field `amount`",
        ),
        (
            &CREATED.replace("50.25", "1,\"currency\":\"EUR\""),
            Code::WrongCurrency,
            "currency must be USD, got `EUR`",
        ),
        (
            &CREATED.replace("\"c1\"", "[\"c1\"]"),
            Code::InvalidField,
            "campaignId must be a string",
        ),
        (
            &CREATED.replace("\"isGuest\":false", "\"isGuest\":1"),
            Code::InvalidField,
            "isGuest must be true or false",
        ),
        (
            &CREATED.replace("10:00:00.000Z", "noon"),
            Code::InvalidField,
            "timestamp must be an RFC 3339 time",
        ),
        (
            &with_payload("donation.created", "[1]"),
            Code::InvalidJson,
            "payload must be a JSON object, got `[1]`",
        ),
        (
            &with_payload("payment.completed", r#"{"donationId":"d"}"#),
            Code::MissingField,
            "paymentId is missing",
        ),
    ] {
        let (got, message) = refused(body);
        assert_eq!(got, code, "{message}");
        assert!(message.contains(reason), "{message:?} should contain {reason:?}");
    }
}

#[test]
fn what_can_be_read_of_a_refused_message_is_known() {
    let refused = decode(CREATED.replace("50.25", "-1").as_bytes(), "", None, usd()).unwrap_err();
    assert_eq!(refused.subject.event_id.unwrap().as_str(), "e1");
    assert_eq!(refused.subject.campaign.unwrap().as_str(), "c1");
    assert_eq!(refused.subject.donation.unwrap().as_str(), "d1");
    assert_eq!(refused.subject.event_type.unwrap(), "donation.created");

    for id in ["7", "null", r#""""#] {
        let body = CREATED.replace(r#""e1""#, id);
        let subject = *decode(body.as_bytes(), "", None, usd()).unwrap_err().subject;
        assert_eq!(subject.event_id, None, "{body}");
        assert_eq!(subject.campaign.unwrap().as_str(), "c1", "{body}");
        assert_eq!(subject.donation.unwrap().as_str(), "d1", "{body}");
        assert_eq!(subject.event_type.unwrap(), "donation.created", "{body}");
    }
}

#[test]
fn hostile_bodies_are_refused_without_harm() {
    let invalid = decode(b"{\"a\":\"\xff\"}", "donation.created", None, usd()).unwrap_err();
    assert_eq!(invalid.code, InvalidCode::NotUtf8);
    let huge = vec![b' '; MAX_BODY_BYTES + 1];
    assert_eq!(
        decode(&huge, "donation.created", None, usd()).unwrap_err().code,
        InvalidCode::BodyTooLarge
    );
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let accepted = CREATED.replace("[1]", &deep);
    assert_eq!(
        decoded(&accepted, "").id.as_str(),
        "e1",
        "depth in a field nobody reads does no harm"
    );
    let (code, _) = refused(&CREATED.replace("50.25", &deep));
    assert_eq!(code, InvalidCode::InvalidAmount);
}

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
            let event = decode(body.as_bytes(), key, Some("of the message"), usd()).unwrap();
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
        let event = decode(body.as_bytes(), "donation.refunded", Some("m1"), usd()).unwrap();
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
        ("7", "eventId must be a string, got `7`"),
        ("\"\"", "eventId must not be empty"),
        (endless.as_str(), "eventId must be at most 256 bytes, got 300"),
    ] {
        let body = flat(&format!(r#""eventId":{id},"#));
        let invalid = decode(body.as_bytes(), "donation.refunded", Some("m1"), usd()).unwrap_err();
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
            let answer = decode(body.as_bytes(), key.as_str(), None, usd());
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
        with_payload("donation.created", &payload).as_bytes(),
        "donation.created",
        None,
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
            "eventType must be one of donation.created, donation.refunded, payment.completed, payment.refunded, got \
             `donation.eaten`",
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
             donation.refunded, payment.completed, payment.refunded",
        ),
    ] {
        let invalid = decode(body.as_bytes(), key, Some("m1"), usd()).unwrap_err();
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
    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = decode(&body, "donation.created", None, usd());
    }

    #[test]
    fn no_mutation_of_an_event_panics(at in 0..CREATED.len(), byte in proptest::num::u8::ANY) {
        let mut body = CREATED.as_bytes().to_vec();
        body[at] = byte;
        let _ = decode(&body, "donation.created", None, usd());
    }

    /// The rules of identity, said once more, plainly: whichever shape, the body's own word counts before the message's.
    #[test]
    fn identity_is_the_bodys_own_word_first((enveloped, own_type, key, own_id, message_id) in parts()) {
        const ALL: [EventType; 4] = EventType::ALL;
        let payload = r#""donationId":"d","campaignId":"c","paymentId":"p","amount":1,"timestamp":"2025-11-21T10:00:00Z""#;
        let mut members = Vec::new();
        members.extend(own_id.map(|id| format!(r#""eventId":"{id}""#)));
        members.extend(own_type.map(|index| format!(r#""eventType":"{}""#, ALL[index])));
        members.push(if enveloped { format!(r#""payload":{{{payload}}}"#) } else { payload.to_owned() });
        if enveloped {
            members.push(r#""timestamp":"2025-11-21T10:00:00Z""#.to_owned());
        }
        let body = format!("{{{}}}", members.join(","));
        let routing_key = key.map_or("some-queue", |index| ALL[index].as_str());
        let answer = decode(body.as_bytes(), routing_key, message_id, usd());

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

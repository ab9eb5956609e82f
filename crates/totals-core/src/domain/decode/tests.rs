mod cloud_events;
mod declarations;
mod facts;
mod forms;
mod hostile;
mod identity;
mod unnamed;

use super::*;
use crate::domain::{DonorId, Precision};

const CREATED: &str = r#"{"eventId":"e1","eventType":"donation.created","timestamp":"2025-11-21T10:00:00.000Z",
    "version":"1.0","payload":{"donationId":"d1","campaignId":"c1","amount":50.25,"donorId":"u1","donorName":"Ada",
    "isAnonymous":false,"isGuest":false,"timestamp":"2025-11-21T09:59:59.000Z","unknown":[1]}}"#;
const PAYMENT: &str = r#"{"paymentId":"p1","donationId":"d1","amount":50.25,"provider":"stripe",
    "providerTransactionId":"t1","timestamp":"2025-11-21T10:00:00.000Z","metadata":{"a":1}}"#;

fn usd() -> AmountRules {
    AmountRules {
        currency: "USD".parse().unwrap(),
        precision: Precision::Reject,
    }
}

fn decoded(body: &str, key: &str) -> Event {
    decode(&Received::new(body.as_bytes(), key), usd()).unwrap()
}

/// Decodes a message that has a `message_id`.
fn named(body: &str, key: &str, message_id: &str) -> Result<Event, Invalid> {
    let received = Received::new(body.as_bytes(), key);
    decode(
        &Received {
            message_id: Some(message_id),
            ..received
        },
        usd(),
    )
}

fn refused(body: &str) -> (InvalidCode, String) {
    let invalid = decode(&Received::new(body.as_bytes(), "totals-service.events"), usd()).unwrap_err();
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
    assert_eq!(event.donation().unwrap().as_str(), "d1");
    assert_eq!(event.occurred_at.to_string(), "2025-11-21T10:00:00.000Z");
    let EventKind::DonationCreated(_, creation, stated) = &event.kind else {
        panic!("{event:?}")
    };
    let stated = stated.map(|stated| stated.to_string());
    assert_eq!(stated.as_deref(), Some("2025-11-21T09:59:59.000Z"));
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
        (EventType::CampaignCreated, r#"{"campaignId":"c1","title":"t"}"#),
        (
            EventType::CampaignUpdated,
            r#"{"campaignId":"c1","updates":{"title":"t"}}"#,
        ),
        (
            EventType::CampaignStatusChanged,
            r#"{"campaignId":"c1","newStatus":"ACTIVE"}"#,
        ),
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
    let named = named(PAYMENT, "payment.completed", "m1").unwrap();
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
        let EventKind::DonationCreated(_, creation, _) = event.kind else {
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
            &CREATED.replace("\"e1\"", "1.5"),
            Code::InvalidField,
            "eventId must be a string or a whole number, got `1.5`",
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
    let refused = decode(
        &Received::new(CREATED.replace("50.25", "-1").as_bytes(), ""),
        usd(),
    )
    .unwrap_err();
    assert_eq!(refused.subject.event_id.unwrap().as_str(), "e1");
    assert_eq!(refused.subject.campaign.unwrap().as_str(), "c1");
    assert_eq!(refused.subject.donation.unwrap().as_str(), "d1");
    assert_eq!(refused.subject.event_type.unwrap(), "donation.created");

    for id in ["1.5", "null", r#""""#] {
        let body = CREATED.replace(r#""e1""#, id);
        let subject = *decode(&Received::new(body.as_bytes(), ""), usd())
            .unwrap_err()
            .subject;
        assert_eq!(subject.event_id, None, "{body}");
        assert_eq!(subject.campaign.unwrap().as_str(), "c1", "{body}");
        assert_eq!(subject.donation.unwrap().as_str(), "d1", "{body}");
        assert_eq!(subject.event_type.unwrap(), "donation.created", "{body}");
    }
}

#[test]
fn hostile_bodies_are_refused_without_harm() {
    let invalid = decode(&Received::new(b"{\"a\":\"\xff\"}", "donation.created"), usd()).unwrap_err();
    assert_eq!(invalid.code, InvalidCode::NotUtf8);
    let huge = vec![b' '; MAX_BODY_BYTES + 1];
    assert_eq!(
        decode(&Received::new(&huge, "donation.created"), usd())
            .unwrap_err()
            .code,
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

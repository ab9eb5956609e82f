//! Which event a bare payload is that does not name itself: by the message around it, else by what it says.

use super::forms::{REFUND, bare, refund};
use super::*;
use crate::domain::Timestamp;

#[test]
fn a_header_names_a_bare_payload_that_nothing_else_names() {
    let id = |body: &str, message_id, event_id: Option<HeaderValue<'_>>| {
        let received = Received::new(body.as_bytes(), "donation.refunded");
        let received = Received {
            message_id,
            event_id,
            ..received
        };
        match decode(&received, usd()) {
            Ok(event) => event.id.to_string(),
            Err(invalid) => invalid.to_string(),
        }
    };
    let text = |text| Some(HeaderValue::Text(text));
    let own = refund("{", r#"{"eventId":"own","#);
    assert_eq!(id(&own, Some("message"), text("header")), "own");
    assert_eq!(id(REFUND, Some("message"), text("header")), "message");
    assert_eq!(id(REFUND, None, text("header")), "header");
    assert_eq!(id(REFUND, Some(""), text("header")), "header");
    assert_eq!(id(REFUND, None, Some(HeaderValue::Whole(-7))), "-7");
    let enveloped = with_payload("donation.refunded", REFUND);
    assert_eq!(id(&enveloped, Some("message"), text("header")), "e1");

    // A header that names nothing is no licence to take the event for another one that says the same.
    let too_long = "x".repeat(257);
    for (unusable, problem) in [
        (HeaderValue::Text(""), "must not be empty"),
        (HeaderValue::Text(&too_long), "must be at most 256 bytes, got 257"),
        (HeaderValue::Other, "must be a string or a whole number"),
    ] {
        assert_eq!(
            id(REFUND, None, Some(unusable)),
            format!("the header eventId {problem}")
        );
        assert_eq!(id(REFUND, Some("message"), Some(unusable)), "message");
        assert_eq!(id(&enveloped, None, Some(unusable)), "e1");
    }
}

#[test]
fn a_derived_id_follows_from_what_is_said_and_not_from_how() {
    let expected = bare(REFUND).id;
    for same in [
        refund("30", "30.0"),
        refund("30", "\"30\""),
        refund("30", "3e1"),
        refund("\"12\"", "12"),
        refund(".000Z", "+0000"),
        refund("{", r#"{"reason":"asked for","#),
        refund("{", "{ \n"),
        refund(",\"amount\":30", "").replace('{', r#"{"amount":30,"#),
        refund("{", r#"{"eventType":"donation.refunded","#),
    ] {
        assert_eq!(bare(&same).id, expected, "{same}");
    }
    for other in [
        refund("30", "31"),
        refund("\"12\"", "13"),
        refund("10:00:00", "10:00:01"),
        refund(r#","timestamp":"2025-11-21T10:00:00.000Z""#, ""),
        refund("{", r#"{"refundId":"r","#),
    ] {
        assert_ne!(bare(&other).id, expected, "{other}");
    }
}

#[test]
fn a_derived_id_does_not_depend_on_when_the_message_comes() {
    let body = refund(r#","timestamp":"2025-11-21T10:00:00.000Z""#, "");
    let id = |day: &str, sent_at| {
        let received_at = Timestamp::parse(day).unwrap();
        let received = Received::new(body.as_bytes(), "donation.refunded");
        decode(
            &Received {
                sent_at,
                received_at,
                ..received
            },
            usd(),
        )
        .unwrap()
        .id
    };
    assert_eq!(id("2025-12-01", None), id("2025-12-02", None));
    assert_eq!(id("2025-12-01", None), id("2025-12-01", Some(1_763_719_200)));
}

#[test]
fn a_refund_of_its_own_id_is_named_by_it() {
    for event_type in ["donation.refunded", "payment.refunded"] {
        let with = |refund_id: &str| {
            let more = format!(r#"{{"paymentId":"p","refundId":{refund_id},"#);
            refund("{", &more)
        };
        let id = |body: &str| decoded(body, event_type).id;
        let expected = id(&with("\"7\""));
        assert_eq!(id(&with("7")), expected);
        assert_eq!(id(&with("\"7\"").replace("10:00:00", "11:11:11")), expected);
        assert_eq!(
            id(&with("\"7\"").replace("30", "31")),
            expected,
            "{event_type}: two amounts are a conflict"
        );
        assert_ne!(id(&with("\"8\"")), expected);
        assert_ne!(id(&with("\"7\"").replace("\"12\"", "\"13\"")), expected);
        assert_eq!(id(&with("null")), id(&refund("{", r#"{"paymentId":"p","#)));
    }
    // Two refunds whose refundId cannot be read would be taken for one. With an id of its own, nothing depends on it.
    for unreadable in [
        r#"{"refundId":{},"#,
        r#"{"refundId":1.5,"#,
        r#"{"refundId":"a","refundId":"b","#,
    ] {
        let body = refund("{", unreadable);
        let refused = decode(&Received::new(body.as_bytes(), "donation.refunded"), usd()).unwrap_err();
        assert!(refused.message.contains("refundId"), "{refused}");
        assert_eq!(
            bare(&refund("{", &format!("{unreadable}\"eventId\":\"own\",")))
                .id
                .as_str(),
            "own"
        );
    }
}

#[test]
fn an_event_that_its_message_does_not_name_knows_the_id_that_earlier_versions_gave_it() {
    let former = |body: &str, message_id, event_id: Option<&'static str>| {
        let event_id = event_id.map(Into::into);
        let received = Received::new(body.as_bytes(), "donation.refunded");
        let event = decode(
            &Received {
                message_id,
                event_id,
                ..received
            },
            usd(),
        )
        .unwrap();
        event.former_id.map(|id| id.to_string())
    };
    // As an earlier version has derived it.
    let known = "donation.refunded_bdfcf6f4681f080ae5803905cca60cd7".to_owned();
    assert_eq!(former(REFUND, None, None), Some(known.clone()));
    assert_eq!(former(REFUND, None, Some("header")), Some(known.clone()));
    assert_eq!(
        former(
            &refund(",\"amount\":30", "").replace('{', r#"{"amount":30,"#),
            None,
            None
        ),
        Some(known.clone())
    );
    assert_ne!(former(&refund("30", "30.0"), None, None), Some(known));
    assert_eq!(former(REFUND, Some("message"), Some("header")), None);
    assert_eq!(
        former(&refund("{", r#"{"eventId":"own","#), None, Some("header")),
        None
    );
    assert_eq!(
        former(&with_payload("donation.refunded", REFUND), None, None),
        None
    );
}

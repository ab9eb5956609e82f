//! The forms in which an event may come, each beside the plain one: the event is the same.

use super::*;
use crate::domain::Timestamp;

pub const REFUND: &str =
    r#"{"donationId":"12","campaignId":"345","amount":30,"timestamp":"2025-11-21T10:00:00.000Z"}"#;

/// The refund with one text in place of another.
pub fn refund(from: &str, to: &str) -> String {
    let body = REFUND.replace(from, to);
    assert_ne!(body, REFUND, "{from} is not there");
    body
}

pub fn bare(body: &str) -> Event {
    decoded(body, "donation.refunded")
}

/// All that a total, an identity or a history depends on.
fn essence(event: &Event) -> (String, String, EventKind, Timestamp, crate::domain::ContentHash) {
    let (id, donation) = (event.id.to_string(), event.donation().unwrap().to_string());
    (
        id,
        donation,
        event.kind.clone(),
        event.occurred_at,
        event.content_hash(),
    )
}

#[test]
fn a_whole_number_is_an_id_by_its_digits() {
    let all = r#"{"eventId":"1","eventType":"payment.refunded","donationId":"12","paymentId":"3","refundId":"4","amount":5,
        "timestamp":"2025-11-21T10:00:00Z"}"#;
    let created = CREATED.replace("u1", "77");
    for (plain, text, numbers) in [
        (all, "\"12\"", ["12", "12.0", "1.2e1", "120e-1"]),
        (all, "\"1\"", ["1", "1.0", "1e0", "10E-1"]),
        (all, "\"3\"", ["3", "3.00", "0.3e1", "30e-1"]),
        (all, "\"4\"", ["4", "4.00", "0.4E1", "40e-1"]),
        (created.as_str(), "\"77\"", ["77", "77.0", "7.7e1", "770e-1"]),
    ] {
        let expected = essence(&decoded(plain, ""));
        for number in numbers {
            let body = plain.replace(text, number);
            assert_ne!(body, plain);
            assert_eq!(essence(&decoded(&body, "")), expected, "{body}");
        }
    }
    assert_eq!(
        bare(&refund("\"345\"", "345.0")).campaign().unwrap().as_str(),
        "345"
    );
    // Beyond what floating point holds.
    let large = bare(&refund("\"12\"", "9007199254740993"));
    assert_eq!(large.donation().unwrap().as_str(), "9007199254740993");
    for (number, reason) in [
        ("1.5", "donationId must be a string or a whole number, got `1.5`"),
        (
            "true",
            "donationId must be a string or a whole number, got `true`",
        ),
        ("{}", "donationId must be a string or a whole number, got `{}`"),
        ("1e256", "donationId must be at most 256 bytes, got 257"),
        ("1e99999999999999999999", "donationId must be at most 256 bytes"),
    ] {
        let body = refund("\"12\"", number);
        let invalid = decode(&Received::new(body.as_bytes(), "donation.refunded"), usd()).unwrap_err();
        assert_eq!(invalid.code, InvalidCode::InvalidField);
        assert!(invalid.message.starts_with(reason), "{invalid}");
    }
}

#[test]
fn a_moment_is_read_in_any_usual_form() {
    let time = "\"2025-11-21T10:00:00.000Z\"";
    let expected = essence(&bare(REFUND));
    for form in [
        "\"2025-11-21T10:00:00+0000\"",
        "\"2025-11-21T11:00:00.000+0100\"",
        "\"2025-11-21T10:00:00\"",
        "\"2025-11-21 10:00:00\"",
        "1763719200",
        "1763719200.0001",
        "1763719200000",
        "1.7637192e9",
        "\"1763719200\"",
        "\"1763719200000\"",
        "\"1763719200.000\"",
    ] {
        assert_eq!(essence(&bare(&refund(time, form))), expected, "{form}");
    }
    let midnight = bare(&refund(time, "\"2025-11-21\""));
    assert_eq!(midnight.occurred_at.to_string(), "2025-11-21T00:00:00.000Z");
    for form in [
        "\"noon\"",
        "{}",
        "[1]",
        "true",
        "\"20251121\"",
        "1e99",
        "\"2025-02-30\"",
        "\"1763719200000000\"",
    ] {
        let body = refund(time, form);
        let invalid = decode(&Received::new(body.as_bytes(), "donation.refunded"), usd()).unwrap_err();
        assert_eq!(invalid.code, InvalidCode::InvalidField, "{form}");
        assert!(
            invalid.message.starts_with("timestamp must be an RFC 3339 time"),
            "{invalid}"
        );
    }
}

#[test]
fn a_moment_that_the_body_does_not_state_is_the_messages_or_that_of_its_receipt() {
    let received_at = Timestamp::parse("2025-12-01").unwrap();
    let moment = |body: &str, sent_at| {
        let received = Received::new(body.as_bytes(), "donation.refunded");
        let event = decode(
            &Received {
                sent_at,
                received_at,
                ..received
            },
            usd(),
        )
        .unwrap();
        event.occurred_at.to_string()
    };
    let stated = r#","timestamp":"2025-11-21T10:00:00.000Z""#;
    for absent in [
        refund(stated, ""),
        refund(stated, r#","timestamp":null"#),
        refund(stated, r#","timestamp":"""#),
    ] {
        assert_eq!(moment(&absent, None), "2025-12-01T00:00:00.000Z");
        assert_eq!(moment(&absent, Some(1_763_719_200)), "2025-11-21T10:00:00.000Z");
        assert_eq!(
            moment(&absent, Some(1_763_719_200_123)),
            "2025-11-21T10:00:00.123Z"
        );
        assert_eq!(moment(&absent, Some(u64::MAX)), "2025-12-01T00:00:00.000Z");
    }
    assert_eq!(moment(REFUND, Some(1)), "2025-11-21T10:00:00.000Z");
    // An envelope's own, then its payload's.
    let enveloped =
        with_payload("donation.refunded", REFUND).replace("2025-11-21T10:00:00Z", "2025-11-20T00:00:00Z");
    assert_eq!(moment(&enveloped, Some(1)), "2025-11-20T00:00:00.000Z");
    let payloads = enveloped.replace(r#""timestamp":"2025-11-20T00:00:00Z","#, "");
    assert_eq!(moment(&payloads, Some(1)), "2025-11-21T10:00:00.000Z");
}

#[test]
fn a_byte_order_mark_is_skipped_and_utf_16_is_named() {
    let marked = format!("\u{feff}{REFUND}");
    assert_eq!(essence(&bare(&marked)), essence(&bare(REFUND)));
    let units = || REFUND.encode_utf16();
    let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
    for body in [
        little.clone(),
        big.clone(),
        [&[0xff, 0xfe][..], &little].concat(),
        [&[0xfe, 0xff][..], &big].concat(),
    ] {
        let invalid = decode(&Received::new(&body, "donation.refunded"), usd()).unwrap_err();
        assert_eq!(invalid.code, InvalidCode::NotUtf8);
        assert_eq!(invalid.message, "the message is UTF-16, and must be UTF-8");
    }
}

proptest::proptest! {
    /// Whatever the numbers, the new spellings say the same as the old ones.
    #[test]
    fn every_spelling_is_the_same_event(
        donation in 1_u64..u64::MAX, campaign in 0_u32..u32::MAX, minor in 1_u32..u32::MAX, millis in 0_i64..4_000_000_000_000,
        spelling in 0..6_usize, offset in -14_i64..15, shift in 0_usize..9,
    ) {
        let moment = Timestamp::from_unix_millis(millis).unwrap();
        let text = moment.to_string();
        let amount = format!("{}.{:02}", minor / 100, minor % 100);
        let plain = format!(
            r#"{{"donationId":"{donation}","campaignId":"{campaign}","amount":{amount},"timestamp":"{text}"}}"#
        );
        let local = Timestamp::from_unix_millis(millis + offset * 3_600_000);
        let form = match (spelling, local) {
            (0, Some(local)) => {
                let sign = if offset < 0 { '-' } else { '+' };
                format!("\"{}{sign}{:02}00\"", local.to_string().trim_end_matches('Z'), offset.abs())
            }
            (1, _) => format!("\"{}\"", text.trim_end_matches('Z').replace('T', " ")),
            (2, _) => format!("{}.{:03}", millis / 1000, millis % 1000),
            (3, _) if millis >= 100_000_000_000 => format!("{millis}"),
            (4, _) if millis >= 100_000_000_000 => format!("\"{millis}\""),
            _ => format!("\"{}+00:00\"", text.trim_end_matches('Z')),
        };
        let zeros = "0".repeat(shift);
        let other = format!(
            "\u{feff}{{\"timestamp\":{form},\"more\":[],\"amount\":\"{amount}0\",\"campaignId\":{campaign}.0{zeros},\
             \"donationId\":{donation}{zeros}e-{shift}}}"
        );
        let (plain, other) = (bare(&plain), bare(&other));
        proptest::prop_assert_eq!(essence(&plain), essence(&other));
    }
}

//! Whatever comes, decoding answers. `PROPTEST_CASES=1000000 cargo test --release -p totals-core hostile` asks it a million
//! times.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

const REFUND: &str = r#"{"eventId":7,"donationId":12,"campaignId":3e1,"amount":"30.10","refundId":"r","timestamp":1763719200000}"#;
const CLOUD_EVENT: &str = r#"{"specversion":"1.0","id":"A-1","source":"/s","type":"org.example.payment.completed",
    "time":"2025-11-21 10:00:00+0100","data":{"donationId":"d","paymentId":9,"amount":5,"currency":"usd"}}"#;
const BASE64: &str =
    r#"{"specversion":"1.0","id":"1","source":"s","type":"donation.created","data_base64":"e30="}"#;
static SEEDS: [&str; 5] = [CREATED, PAYMENT, REFUND, CLOUD_EVENT, BASE64];

/// What a mutation puts in.
static PIECES: [&str; 24] = [
    "null",
    "true",
    "{}",
    "[",
    "}",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "1e999",
    "-0",
    "0.1e-400",
    "9007199254740993",
    "\"\"",
    "\u{feff}",
    "é",
    "\u{202e}",
    "\"payload\":{},",
    "\"specversion\":\"1.0\",",
    "\"donationId\":1,",
    "99999999999",
    "-62167219200001",
    "\"2025-11-21T10:00\"",
    ":",
];

/// A body: bytes of no meaning, or an event with pieces put in, cut out and turned over.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let noise = vec(any::<u8>(), 0..200);
    let changes = vec(
        (
            any::<prop::sample::Index>(),
            0..12_usize,
            prop::sample::select(&PIECES[..]),
            any::<u8>(),
        ),
        0..6,
    );
    let mutated = (prop::sample::select(&SEEDS[..]), changes).prop_map(|(seed, changes)| {
        let mut body = seed.as_bytes().to_vec();
        for (at, cut, piece, byte) in changes {
            let at = at.index(body.len() + 1);
            let end = (at + cut).min(body.len());
            if byte < 128 {
                drop(body.splice(at..end, piece.bytes()));
            } else if at < body.len() {
                body[at] = byte;
            }
        }
        body
    });
    prop_oneof![1 => noise, 4 => mutated]
}

fn text() -> impl Strategy<Value = Option<String>> {
    let known = prop::sample::select(vec![
        "",
        "1.0",
        "m1",
        "donation.created",
        "x.payment.refunded",
        "application/cloudevents+json",
    ]);
    option::of(prop_oneof![known.prop_map(str::to_owned), "\\PC{0,40}"])
}

proptest! {
    #[test]
    fn nothing_panics_and_what_is_an_event_is_one_again(
        body in body(), key in text(), message_id in text(), event_id in text(), content_type in text(), sent_at in option::of(any::<u64>()),
        headers in vec((prop::sample::select(vec!["cloudEvents:specversion", "cloudEvents_id", "cloudEvents:source", "cloudEvents:type",
            "cloudEvents_time", "cloudEvents:", "other"]), text()), 0..6),
    ) {
        let headers: Vec<_> = headers.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?.into()))).collect();
        let received = Received {
            message_id: message_id.as_deref(),
            event_id: event_id.as_deref().map(Into::into),
            content_type: content_type.as_deref(),
            sent_at,
            cloud_event: CloudEventHeaders::find(headers.into_iter()),
            ..Received::new(&body, key.as_deref().unwrap_or_default())
        };
        if let Ok(event) = decode(&received, usd()) {
            prop_assert!(event.former_id.as_ref() != Some(&event.id));
            // The log can read it again.
            let kind = decode_payload(event.event_type(), event.payload.get(), usd()).unwrap();
            prop_assert_eq!(&kind, &event.kind);
            let again = decode(&received, usd()).unwrap();
            prop_assert_eq!(&again.id, &event.id);
        }
    }
}

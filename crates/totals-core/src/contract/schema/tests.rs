mod messages;
mod values;

use std::collections::HashMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;

use super::*;
use crate::contract::examples::Example;
use crate::domain::{AmountRules, CloudEventHeaders, MAX_BODY_BYTES, Precision, Received, decode};

/// The schemas of services with amounts of two, no and three decimals.
const CURRENCIES: [&str; 3] = ["USD", "JPY", "BHD"];

/// The escape of one half of a surrogate pair.
const HALF_A_PAIR: &str = r"\ud800";

static VALIDATORS: LazyLock<HashMap<(&str, &str), Validator>> = LazyLock::new(|| {
    let of = |code: &'static str| {
        EventType::ALL.map(|event_type| {
            let schema = schema(event_type, code.parse().unwrap());
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            ((event_type.as_str(), code), validator)
        })
    };
    CURRENCIES.into_iter().flat_map(of).collect()
});

/// Returns true if the schema accepts the body; `None` if no reader of JSON hands the body to a schema, because of a number beyond
/// all bounds.
fn judged(body: &str, event_type: EventType, code: &'static str) -> Option<bool> {
    // Most readers of JSON take half of a surrogate pair for a character. Rust's does not: let it see another one.
    let body = body.replace(HALF_A_PAIR, r"\ufffd");
    let value = serde_json::from_str::<Value>(&body).ok()?;
    Some(VALIDATORS[&(event_type.as_str(), code)].is_valid(&value))
}

fn accepted(body: &str, event_type: EventType, code: &'static str) -> bool {
    judged(body, event_type, code) == Some(true)
}

/// Says what is wrong if the schema and the decoder differ about a message without need.
fn compare(
    body: &str,
    event_type: EventType,
    code: &'static str,
    precision: Precision,
) -> Result<(), String> {
    let amounts = AmountRules {
        currency: code.parse().unwrap(),
        precision,
    };
    let decoded = decode(&Received::new(body.as_bytes(), event_type.as_str()), amounts);
    match (decoded, judged(body, event_type, code)) {
        // The decoder takes such a number where it reads none.
        (_, None) | (Ok(_), Some(true)) | (Err(_), Some(false)) => Ok(()),
        (Ok(_), Some(false)) => Err(format!(
            "{event_type} in {code} is decoded and its schema refuses it: {body}"
        )),
        (Err(invalid), Some(true)) => {
            let unsaid =
                |unsaid: &Unsaid| unsaid.code == invalid.code && invalid.message.contains(unsaid.words);
            let differs =
                format!("{event_type} in {code} is refused ({invalid}) and its schema accepts it: {body}");
            UNSAID.iter().any(unsaid).then_some(()).ok_or(differs)
        }
    }
}

proptest! {
    #[test]
    fn the_schema_accepts_what_is_decoded_and_nothing_else(
        (event_type, body) in messages::messages(),
        code in proptest::sample::select(&CURRENCIES),
        precision in proptest::sample::select(&[Precision::Reject, Precision::HalfEven]),
    ) {
        compare(&body, event_type, code, precision).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn the_messages_compared_are_of_either_kind() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let (mut runner, mut fine) = (TestRunner::deterministic(), 0);
    for _ in 0..1000 {
        let (event_type, body) = messages::messages().new_tree(&mut runner).unwrap().current();
        fine += usize::from(accepted(&body, event_type, "USD"));
    }
    assert!((200..800).contains(&fine), "{fine} of 1000 are accepted");
}

/// Messages that a schema accepts and the decoder refuses, one for each of [`UNSAID`], in that order.
fn unsaid_messages() -> Vec<String> {
    let with = |from: &str, to: &str| {
        let body = example(EventType::DonationCreated, Shape::Envelope)
            .body
            .to_string();
        assert!(body.contains(from), "{body}");
        body.replace(from, to)
    };
    let title = r#"{"campaignId":"c","title":"Clean"}"#;
    let base64 =
        r#"{"specversion":"1.0","id":"1","source":"/s","type":"donation.created","data_base64":"W10="}"#;
    vec![
        with("Ada", &"x".repeat(MAX_BODY_BYTES)),
        with("\"amount\":50.25", "\"amount\":50.25,\"amount\":50.25"),
        with("camp_123", &"é".repeat(129)),
        title.replace("Clean", &"é".repeat(513)),
        with("\"camp_123\"", "9007199254740993.5"),
        with("camp_123", HALF_A_PAIR),
        with("donorName", HALF_A_PAIR),
        with("2025-11-21", "2025-02-30"),
        with("50.25", "50.255"),
        with("50.25", "\"50000000000\""),
        base64.replace("W10=", "no Base64"),
    ]
}

#[test]
fn each_rule_that_a_schema_cannot_say_is_one() {
    let amounts = AmountRules {
        currency: "USD".parse().unwrap(),
        precision: Precision::Reject,
    };
    let messages = unsaid_messages();
    assert_eq!(messages.len(), UNSAID.len());
    for (unsaid, body) in UNSAID.iter().zip(messages) {
        let event_type = if body.contains("title") {
            EventType::CampaignCreated
        } else {
            EventType::DonationCreated
        };
        assert!(accepted(&body, event_type, "USD"), "{}", unsaid.what);
        let invalid = decode(&Received::new(body.as_bytes(), event_type.as_str()), amounts).unwrap_err();
        assert_eq!(invalid.code, unsaid.code, "{invalid}");
        assert!(invalid.message.contains(unsaid.words), "{invalid}");
    }
}

#[test]
fn every_example_is_decoded_and_accepted_by_its_schema() {
    let amounts = AmountRules {
        currency: "USD".parse().unwrap(),
        precision: Precision::Reject,
    };
    for event_type in EventType::ALL {
        for shape in Shape::ALL {
            let Example {
                content_type,
                headers,
                body,
            } = example(event_type, shape);
            let headers = headers.as_object().unwrap();
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap().into()))
                .collect();
            let body = body.to_string();
            let event = decode(
                &Received {
                    content_type: Some(content_type),
                    cloud_event: CloudEventHeaders::find(headers.iter().copied()),
                    ..Received::new(body.as_bytes(), event_type.as_str())
                },
                amounts,
            );
            assert_eq!(event.unwrap().event_type(), event_type, "{body}");
            assert!(accepted(&body, event_type, "USD"), "{body}");
        }
    }
}

#[test]
fn a_schema_is_a_schema_and_holds_its_examples() {
    for event_type in EventType::ALL {
        let schema = schema(event_type, "USD".parse().unwrap());
        jsonschema::meta::validate(&schema).unwrap();
        for example in schema["examples"].as_array().unwrap() {
            assert!(accepted(&example.to_string(), event_type, "USD"), "{example}");
        }
    }
}

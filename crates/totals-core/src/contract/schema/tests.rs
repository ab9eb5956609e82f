mod messages;

use std::collections::HashMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;

use super::*;
use crate::domain::{AmountRules, Precision, decode};

/// The schemas of services with amounts of two, no and three decimals.
const CURRENCIES: [&str; 3] = ["USD", "JPY", "BHD"];

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

fn accepted(body: &str, event_type: EventType, code: &'static str) -> bool {
    // What no reader of JSON takes, such as a number beyond all bounds, does not come as far as to a schema.
    let value = serde_json::from_str::<Value>(body);
    value.is_ok_and(|value| VALIDATORS[&(event_type.as_str(), code)].is_valid(&value))
}

/// Says what is wrong if the schema and the decoder differ about a message without need.
fn compare(body: &str, event_type: EventType, code: &'static str, precision: Precision) -> Result<(), String> {
    let amounts = AmountRules { currency: code.parse().unwrap(), precision };
    let decoded = decode(body.as_bytes(), event_type.as_str(), None, amounts);
    match (decoded, accepted(body, event_type, code)) {
        (Ok(_), true) | (Err(_), false) => Ok(()),
        (Ok(_), false) => Err(format!("{event_type} in {code} is decoded and its schema refuses it: {body}")),
        (Err(invalid), true) => {
            let unsaid = |unsaid: &Unsaid| unsaid.code == invalid.code && invalid.message.contains(unsaid.words);
            let differs = format!("{event_type} in {code} is refused ({invalid}) and its schema accepts it: {body}");
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

//! What is declared about fields is what decoding does with them.

use serde_json::{Value, json};

use super::*;

fn full(event_type: EventType) -> Value {
    let value = |field: Field| match field.kind() {
        FieldKind::Id | FieldKind::IdOrEmpty | FieldKind::Text | FieldKind::FactText => json!("x"),
        FieldKind::EventType => json!(event_type.as_str()),
        FieldKind::Amount | FieldKind::AmountOrNone => json!(5),
        FieldKind::Currency => json!("usd"),
        FieldKind::Flag => json!(false),
        FieldKind::Moment => json!("2025-11-21T10:00:00Z"),
        FieldKind::Payload | FieldKind::Updates => json!({}),
        FieldKind::Attribute | FieldKind::Base64 | FieldKind::SpecVersion | FieldKind::TypeSuffix => {
            unreachable!("no payload has it")
        }
    };
    let members = declared::payload(event_type).iter().chain(declared::BARE);
    let members = members.map(|member| (member.field.name().to_owned(), value(member.field)));
    Value::Object(members.collect())
}

fn enveloped(event_type: EventType) -> Value {
    let payload = full(event_type);
    json!({ "eventId": "e1", "eventType": event_type.as_str(), "timestamp": "2025-11-21T10:00:00Z", "payload": payload })
}

fn answer(body: &Value) -> Result<Event, Invalid> {
    decode(&Received::new(body.to_string().as_bytes(), "some-queue"), usd())
}

#[test]
fn a_field_is_required_or_not_as_it_is_declared() {
    for event_type in EventType::ALL {
        answer(&full(event_type)).unwrap();
        for (field, need) in declared::payload(event_type).iter().map(|it| (it.field, it.need)) {
            let mut body = enveloped(event_type);
            for none in [None, Some(Value::Null)] {
                let payload = body["payload"].as_object_mut().unwrap();
                match none {
                    None => payload.remove(field.name()),
                    Some(null) => payload.insert(field.name().to_owned(), null),
                };
                let answer = answer(&body).map_err(|invalid| (invalid.code, invalid.message));
                let missing = (InvalidCode::MissingField, format!("{} is missing", field.name()));
                let expected = match need {
                    Need::Required => Err(missing),
                    Need::Optional | Need::Hint => Ok(()),
                };
                assert_eq!(answer.map(drop), expected, "{event_type}: {body}");
            }
        }
        for (field, need) in declared::ENVELOPE.iter().map(|it| (it.field, it.need)) {
            let mut body = enveloped(event_type);
            body.as_object_mut().unwrap().remove(field.name());
            assert_eq!(
                answer(&body).is_err(),
                need == Need::Required,
                "{event_type}: {body}"
            );
        }
    }
}

#[test]
fn a_field_that_is_not_of_its_kind_is_refused() {
    for event_type in EventType::ALL {
        for member in declared::payload(event_type) {
            let mut body = full(event_type);
            body[member.field.name()] = json!([["no kind is an array of arrays"]]);
            if member.need == Need::Hint {
                answer(&body).unwrap();
                continue;
            }
            let invalid = answer(&body).unwrap_err();
            assert!(
                invalid.message.starts_with(member.field.name()),
                "{event_type}: {invalid}"
            );
        }
    }
}

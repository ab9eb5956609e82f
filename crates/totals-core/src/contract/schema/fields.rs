//! Single fields of a schema, each from its declaration.

use serde_json::{Map, Value, json};

use crate::domain::id::MAX_ID_BYTES;
use crate::domain::money::MAX_AMOUNT_MINOR;
use crate::domain::{Currency, EventType, FieldKind, Member, Money, Need};

/// A decimal above zero, as a text. No look-ahead: not every engine of regular expressions has one.
const DECIMAL: &str = r"^(?:[1-9][0-9]*(?:\.[0-9]+)?|0\.0*[1-9][0-9]*)(?:[eE][+-]?[0-9]+)?$";

/// RFC 3339.
const MOMENT: &str = "";

/// An object with these members and any others.
pub fn object(members: &[Member], event_type: EventType, currency: Currency) -> Value {
    let properties: Map<String, Value> = members
        .iter()
        .map(|member| (member.field.name().to_owned(), value(*member, event_type, currency)))
        .collect();
    let required = members.iter().filter(|member| member.need == Need::Required);
    let required: Vec<_> = required.map(|member| member.field.name()).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

/// What may stand in a field.
fn value(Member { field, need }: Member, event_type: EventType, currency: Currency) -> Value {
    let mut schema = match field.kind() {
        FieldKind::Id => json!({"type": ["string"], "minLength": 1, "maxLength": MAX_ID_BYTES}),
        FieldKind::IdOrEmpty => json!({"type": ["string"], "maxLength": MAX_ID_BYTES}),
        FieldKind::Text => json!({"type": ["string"]}),
        FieldKind::EventType => json!({"type": ["string"], "enum": [event_type.as_str()]}),
        FieldKind::Amount => json!({
            "type": ["number", "string"],
            "exclusiveMinimum": 0,
            // One minor unit more than the most, so that float noise on the most is accepted.
            "exclusiveMaximum": currency.format(Money::from_minor(MAX_AMOUNT_MINOR + 1)),
            "pattern": DECIMAL,
        }),
        FieldKind::Currency => json!({"type": ["string"], "pattern": in_either_case(currency.code())}),
        FieldKind::Flag => json!({"type": ["boolean"]}),
        FieldKind::Moment => json!({"type": ["string"], "pattern": MOMENT}),
        FieldKind::Payload => json!({"type": ["object"]}),
    };
    if need == Need::Optional {
        for (alternatives, null) in [("type", json!("null")), ("enum", Value::Null)] {
            if let Some(Value::Array(alternatives)) = schema.get_mut(alternatives) {
                alternatives.push(null);
            }
        }
    }
    schema["description"] = json!(field.about());
    schema
}

fn in_either_case(code: &str) -> String {
    let either = |letter: char| format!("[{}{}]", letter.to_ascii_uppercase(), letter.to_ascii_lowercase());
    format!("^{}$", code.chars().map(either).collect::<String>())
}

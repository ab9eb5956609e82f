//! Single fields of a schema, each from its declaration.

use serde_json::{Map, Value, json};

use crate::domain::declared::{UPDATES, payload};
use crate::domain::facts::MAX_FACT_BYTES;
use crate::domain::id::MAX_ID_BYTES;
use crate::domain::money::MAX_AMOUNT_MINOR;
use crate::domain::{Currency, EventType, Field, FieldKind, Member, Money, Need, Timestamp};

/// A decimal above zero, as a text. No look-ahead: not every engine of regular expressions has one.
const DECIMAL: &str = r"^(?:[1-9][0-9]*(?:\.[0-9]+)?|0\.0*[1-9][0-9]*)(?:[eE][+-]?[0-9]+)?$";

/// Zero, as a text.
const ZERO: &str = r"^-?0(?:\.[0]+)?(?:[eE][+-]?[0-9]+)?$";

/// A time since the epoch of fewer characters is refused as a text, and no other form is shorter.
const SHORTEST_MOMENT: usize = 9;

/// An object with these members and any others.
pub fn object(members: &[Member], event_type: EventType, currency: Currency) -> Value {
    let property = |Member { field, need }: &Member| {
        let schema = match need {
            Need::Required => of_field(*field, event_type, currency),
            Need::Optional => optional(*field, event_type, currency),
            Need::Hint => json!({"description": field.about()}),
        };
        (field.name().to_owned(), schema)
    };
    let properties: Map<_, _> = members.iter().map(property).collect();
    let required = members.iter().filter(|member| member.need == Need::Required);
    let required: Vec<_> = required.map(|member| member.field.name()).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

/// What may stand in a field that may be absent. Null is the same as an absent field.
pub fn optional(field: Field, event_type: EventType, currency: Currency) -> Value {
    let mut schema = of_field(field, event_type, currency);
    for (alternatives, null) in [("type", json!("null")), ("enum", Value::Null)] {
        if let Some(Value::Array(alternatives)) = schema.get_mut(alternatives) {
            alternatives.push(null);
        }
    }
    schema
}

/// What may stand in a field.
fn of_field(field: Field, event_type: EventType, currency: Currency) -> Value {
    let mut schema = match field.kind() {
        FieldKind::Id => json!({"type": ["string", "integer"], "minLength": 1, "maxLength": MAX_ID_BYTES}),
        FieldKind::IdOrEmpty => json!({"type": ["string", "integer"], "maxLength": MAX_ID_BYTES}),
        FieldKind::Text => json!({"type": ["string", "integer"]}),
        FieldKind::Attribute => json!({"type": ["string"], "minLength": 1}),
        FieldKind::EventType => json!({"type": ["string"], "enum": [event_type.as_str()]}),
        FieldKind::TypeSuffix => {
            json!({"type": ["string"], "pattern": format!(r"^(?:[\s\S]*\.)?{}$", event_type.as_str().replace('.', r"\."))})
        }
        FieldKind::Amount => json!({
            "type": ["number", "string"],
            "exclusiveMinimum": 0,
            // One minor unit more than the most, because float noise on the most is accepted.
            "exclusiveMaximum": currency.format(Money::from_minor(MAX_AMOUNT_MINOR + 1)),
            "pattern": DECIMAL,
        }),
        FieldKind::AmountOrNone => json!({
            "type": ["number", "string"],
            "minimum": 0,
            "exclusiveMaximum": currency.format(Money::from_minor(MAX_AMOUNT_MINOR + 1)),
            "pattern": format!("{DECIMAL}|{ZERO}"),
        }),
        FieldKind::FactText => json!({"type": ["string", "integer"], "maxLength": MAX_FACT_BYTES}),
        FieldKind::Updates => {
            let mut updates = object(UPDATES, event_type, currency);
            updates["type"] = json!(["object"]);
            updates
        }
        FieldKind::Currency => json!({"type": ["string"], "pattern": in_either_case(currency.code())}),
        FieldKind::Flag => json!({"type": ["boolean"]}),
        FieldKind::Moment => moment(),
        FieldKind::Payload => return data(field, event_type, currency),
        FieldKind::Base64 => json!({
            "type": ["string"],
            "minLength": 1,
            "contentEncoding": "base64",
            "contentMediaType": "application/json",
        }),
        FieldKind::SpecVersion => json!({"type": ["string"], "enum": ["1.0"]}),
    };
    schema["description"] = json!(field.about());
    schema
}

/// A payload that is not the body itself.
fn data(field: Field, event_type: EventType, currency: Currency) -> Value {
    let mut schema = object(payload(event_type), event_type, currency);
    schema["type"] = json!(["object"]);
    schema["description"] = json!(field.about());
    let own_type = Field::EventType.name();
    let others: Vec<_> = EventType::ALL
        .into_iter()
        .filter(|other| *other != event_type)
        .collect();
    let others: Vec<_> = others.into_iter().map(EventType::as_str).collect();
    schema["properties"][own_type] = json!({"not": {"enum": others}, "description": "Its type again."});
    // What stands in it is checked only where it is read.
    let timestamp = Field::Timestamp;
    schema["properties"][timestamp.name()] = json!({"description": timestamp.about()});
    schema
}

/// RFC 3339 and what resembles it, or the time since the Unix epoch. An empty text is none.
fn moment() -> Value {
    let (hour, minute, second) = (
        "(?:[01][0-9]|2[0-3])",
        "[0-5][0-9]",
        r"(?:[0-5][0-9]|60)(?:\.[0-9]+)?",
    );
    let date = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])";
    // The RFC leaves open what stands between date and time.
    let rfc3339 = format!(r"{date}[\x00-\x7f]{hour}:{minute}:{second}(?:[Zz]|[+-]{hour}:{minute})");
    let resembling =
        format!("{date}(?:[Tt ]{hour}:{minute}(?::{second})? *(?:[Zz]|[+-]{hour}(?::?{minute})?)?)?");
    let since_epoch = r"[0-9]+(?:\.[0-9]*)?";
    json!({
        "type": ["string", "number"],
        "pattern": format!("^(?:{rfc3339}|{resembling}|{since_epoch})?$"),
        "anyOf": [{"maxLength": 0}, {"minLength": SHORTEST_MOMENT}],
        "exclusiveMinimum": Timestamp::EARLIEST.unix_millis() - 1,
        "exclusiveMaximum": Timestamp::LATEST.unix_millis() + 2,
    })
}

fn in_either_case(code: &str) -> String {
    let either = |letter: char| format!("[{}{}]", letter.to_ascii_uppercase(), letter.to_ascii_lowercase());
    format!("^{}$", code.chars().map(either).collect::<String>())
}

//! What is known of a campaign, within the document of its totals: each fact with the event that has said it.

use mongodb::bson::{DateTime, RawDocumentBuf, deserialize_from_slice};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::fields::{Text, date, id_text, timestamp};
use crate::domain::facts::{Fact, FactValue, Facts, Register};
use crate::domain::money::MAX_AMOUNT_MINOR;
use crate::domain::{EventId, Money};

/// See [`Facts`].
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct FactsDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<RegisterDocument<Text>>,
    /// In minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    goal: Option<RegisterDocument<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<RegisterDocument<Text>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<RegisterDocument<DateTime>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<RegisterDocument<DateTime>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<RegisterDocument<Text>>,
}

/// See [`Register`]. Without a value the event has said that there is none.
#[derive(Debug, Serialize, Deserialize)]
struct RegisterDocument<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<T>,
    at: DateTime,
    #[serde(deserialize_with = "id_text")]
    by: EventId,
}

impl From<&Facts> for FactsDocument {
    fn from(facts: &Facts) -> Self {
        let mut document = Self::default();
        for fact in Fact::ALL {
            let Some(register) = facts.register(fact) else {
                continue;
            };
            match fact {
                Fact::Title => document.title = Some(RegisterDocument::new(register, text)),
                Fact::Goal => document.goal = Some(RegisterDocument::new(register, minor)),
                Fact::Status => document.status = Some(RegisterDocument::new(register, text)),
                Fact::StartsAt => document.starts_at = Some(RegisterDocument::new(register, moment)),
                Fact::EndsAt => document.ends_at = Some(RegisterDocument::new(register, moment)),
                Fact::Category => document.category = Some(RegisterDocument::new(register, text)),
            }
        }
        document
    }
}

impl TryFrom<FactsDocument> for Facts {
    type Error = String;

    fn try_from(document: FactsDocument) -> Result<Self, String> {
        let amount = |minor: i64| {
            let in_range = (1..=MAX_AMOUNT_MINOR).contains(&minor);
            in_range.then(|| FactValue::Amount(Money::from_minor(minor)))
        };
        let moment = |date| timestamp(date).map(FactValue::Moment);
        let text = |Text(text)| Some(FactValue::Text(text));
        let mut facts = Self::default();
        restore(&mut facts, Fact::Title, document.title, text)?;
        restore(&mut facts, Fact::Goal, document.goal, amount)?;
        restore(&mut facts, Fact::Status, document.status, text)?;
        restore(&mut facts, Fact::StartsAt, document.starts_at, moment)?;
        restore(&mut facts, Fact::EndsAt, document.ends_at, moment)?;
        restore(&mut facts, Fact::Category, document.category, text)?;
        Ok(facts)
    }
}

impl<T> RegisterDocument<T> {
    fn new(register: &Register, value: impl FnOnce(&FactValue) -> Option<T>) -> Self {
        Self {
            value: register.value.as_ref().and_then(value),
            at: date(register.at),
            by: register.by.clone(),
        }
    }
}

fn text(value: &FactValue) -> Option<Text> {
    match value {
        FactValue::Text(text) => Some(Text(text.clone())),
        FactValue::Amount(_) | FactValue::Moment(_) => None,
    }
}

fn minor(value: &FactValue) -> Option<i64> {
    match value {
        FactValue::Amount(amount) => Some(amount.minor()),
        FactValue::Text(_) | FactValue::Moment(_) => None,
    }
}

fn moment(value: &FactValue) -> Option<DateTime> {
    match value {
        FactValue::Moment(moment) => Some(date(*moment)),
        FactValue::Text(_) | FactValue::Amount(_) => None,
    }
}

fn restore<T>(
    facts: &mut Facts,
    fact: Fact,
    register: Option<RegisterDocument<T>>,
    value: impl FnOnce(T) -> Option<FactValue>,
) -> Result<(), String> {
    let Some(register) = register else {
        return Ok(());
    };
    let problem = || format!("its facts.{} is none that this service has written", fact.name());
    let value = match register.value {
        Some(stored) => Some(value(stored).ok_or_else(problem)?),
        None => None,
    };
    let at = timestamp(register.at).ok_or_else(problem)?;
    let by = register.by;
    facts.restore(fact, Register { value, at, by });
    Ok(())
}

/// Reads the facts of a document.
pub(in crate::store) fn facts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Facts, D::Error> {
    // serde shows what has no type of its own in serde, such as a decimal or an ObjectId, as a map without any of our fields.
    let Some(document) = Option::<RawDocumentBuf>::deserialize(deserializer)? else {
        return Ok(Facts::default());
    };
    let document: FactsDocument = deserialize_from_slice(document.as_bytes()).map_err(D::Error::custom)?;
    Facts::try_from(document).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use mongodb::bson::oid::ObjectId;
    use mongodb::bson::{Bson, doc};

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "facts")]
        facts: Facts,
    }

    #[test]
    fn facts_that_are_no_document_are_none_of_this_services() {
        let decimal = Bson::Decimal128("5".parse().unwrap());
        let object_id = Bson::ObjectId(ObjectId::new());
        for facts in [decimal, object_id, Bson::Int32(5), Bson::Array(Vec::new())] {
            let document = doc! { "facts": &facts }.to_vec().unwrap();
            let read = deserialize_from_slice::<Holder>(&document);
            assert!(read.is_err(), "{facts} is read as {:?}", read.map(|it| it.facts));
        }
    }
}

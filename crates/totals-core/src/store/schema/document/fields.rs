//! Single fields of documents: read without trust, and written.

use std::fmt;

use mongodb::bson::{DateTime, RawBsonRef, RawDocument};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::Timestamp;

pub(super) const ID: &str = "an id of 1 to 256 bytes";
pub(super) const AMOUNT: &str = "a whole number of minor units in its range";

/// A field, read by `read`; `None` if it is missing or null.
///
/// # Errors
/// What is wrong with it, without its value: that may be personal.
pub(in crate::store) fn field<'a, T>(
    document: &'a RawDocument,
    name: &str,
    wanted: &str,
    read: impl FnOnce(RawBsonRef<'a>) -> Option<T>,
) -> Result<Option<T>, String> {
    match document.get(name) {
        Ok(None | Some(RawBsonRef::Null)) => Ok(None),
        Ok(Some(value)) => read(value).map(Some).ok_or_else(|| {
            format!(
                "its {name} is not {wanted} (its type is {:?})",
                value.element_type()
            )
        }),
        Err(_) => Err(format!("its {name} is not valid BSON")),
    }
}

/// An id of any kind.
pub(in crate::store) fn id_of<'a, T: TryFrom<&'a str>>(value: RawBsonRef<'a>) -> Option<T> {
    T::try_from(value.as_str()?).ok()
}

/// The id in a field; `None` if the field holds none.
pub(in crate::store) fn id_in<'a, T: TryFrom<&'a str>>(document: &'a RawDocument, name: &str) -> Option<T> {
    document.get(name).ok()?.and_then(id_of)
}

/// A whole number of 64 or 32 bits: a person who corrects a document by hand may write the shorter one.
pub(in crate::store) fn as_i64(value: RawBsonRef<'_>) -> Option<i64> {
    value.as_i64().or_else(|| value.as_i32().map(i64::from))
}

/// A text and nothing else: serde's own reader of texts takes binary data for one, which MongoDB does not.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(in crate::store) struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }
}

/// Reads an id of any kind.
pub(in crate::store) fn id_text<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<String, Error: fmt::Display>,
{
    let Text(text) = Text::deserialize(deserializer)?;
    T::try_from(text).map_err(D::Error::custom)
}

pub(in crate::store) fn date(moment: Timestamp) -> DateTime {
    DateTime::from_millis(moment.unix_millis())
}

/// A date's moment; `None` if it is not within the years 0 to 9999.
pub(in crate::store) fn timestamp(date: DateTime) -> Option<Timestamp> {
    Timestamp::from_unix_millis(date.timestamp_millis())
}

/// Reads a date that can be written as the wire writes it.
pub(in crate::store) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let date = DateTime::deserialize(deserializer)?;
    timestamp(date).ok_or_else(|| D::Error::custom("a date is not within the years 0 to 9999"))
}

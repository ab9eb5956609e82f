//! Single fields, each read from its own JSON text.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::InvalidCode;
use crate::domain::{InvalidId, Timestamp, excerpt};

/// Why a message is no event, before it is known what the message is about.
pub(super) struct Fault(pub InvalidCode, pub String);

/// Reads the members of a JSON object; serde alone would take an array of the right length for one.
pub(super) fn object<'a, T: Deserialize<'a>>(text: &'a str, name: &str) -> Result<T, Fault> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(not_json(name))
    } else {
        let message = format!("{name} must be a JSON object, got `{}`", excerpt(text));
        Err(Fault(InvalidCode::InvalidJson, message))
    }
}

pub(super) fn not_json(name: &str) -> impl FnOnce(serde_json::Error) -> Fault {
    move |error| {
        Fault(
            InvalidCode::InvalidJson,
            format!("{name} is not valid JSON: {error}"),
        )
    }
}

pub(super) fn id<T: TryFrom<String, Error = InvalidId>>(
    name: &str,
    value: Option<&RawValue>,
) -> Result<T, Fault> {
    parse_id(name, required_string(name, value)?.into_owned())
}

pub(super) fn parse_id<T: TryFrom<String, Error = InvalidId>>(name: &str, text: String) -> Result<T, Fault> {
    T::try_from(text).map_err(|error| Fault(InvalidCode::InvalidField, format!("{name} {error}")))
}

pub(super) fn required_string<'a>(name: &str, value: Option<&'a RawValue>) -> Result<Cow<'a, str>, Fault> {
    optional_string(name, value)?.ok_or_else(|| missing(name))
}

pub(super) fn optional_string<'a>(
    name: &str,
    value: Option<&'a RawValue>,
) -> Result<Option<Cow<'a, str>>, Fault> {
    value
        .map(|value| string(value).ok_or_else(|| invalid(name, "must be a string", value.get())))
        .transpose()
}

pub(super) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    /// `Cow` alone would always copy.
    #[derive(Deserialize)]
    struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str(value.get()).ok().map(|Borrowed(text)| text)
}

pub(super) fn missing(name: &str) -> Fault {
    Fault(InvalidCode::MissingField, format!("{name} is missing"))
}

pub(super) fn invalid(name: &str, expected: &str, got: &str) -> Fault {
    Fault(
        InvalidCode::InvalidField,
        format!("{name} {expected}, got `{}`", excerpt(got)),
    )
}

pub(super) fn timestamp(value: Option<&RawValue>) -> Result<Timestamp, Fault> {
    let text = required_string("timestamp", value)?;
    let expected = "must be an RFC 3339 time such as 2025-11-21T10:00:00.000Z";
    Timestamp::parse(&text).ok_or_else(|| invalid("timestamp", expected, &text))
}

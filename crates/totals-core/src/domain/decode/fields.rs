//! Single fields, each read from its own JSON text.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::InvalidCode;
use super::declared::{Field, Member, Need};
use super::members::Members;
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

/// Checks that those of these members which are required are there, and that none is there twice.
pub(super) fn complete(members: &Members<'_>, declared: &[Member]) -> Result<(), Fault> {
    for Member { field, need } in declared {
        once(members, *field)?;
        if *need == Need::Required && members.get(*field).is_none() {
            return Err(missing(*field));
        }
    }
    Ok(())
}

pub(super) fn once(members: &Members<'_>, field: Field) -> Result<(), Fault> {
    if members.has_twice(field) {
        let message = format!(
            "the message is not valid JSON: duplicate field `{}`",
            field.name()
        );
        return Err(Fault(InvalidCode::InvalidJson, message));
    }
    Ok(())
}

pub(super) fn id<T: TryFrom<String, Error = InvalidId>>(
    members: &Members<'_>,
    field: Field,
) -> Result<T, Fault> {
    parse_id(field, required_string(members, field)?.into_owned())
}

pub(super) fn parse_id<T: TryFrom<String, Error = InvalidId>>(
    field: Field,
    text: String,
) -> Result<T, Fault> {
    T::try_from(text).map_err(|error| Fault(InvalidCode::InvalidField, format!("{} {error}", field.name())))
}

pub(super) fn required_string<'a>(members: &Members<'a>, field: Field) -> Result<Cow<'a, str>, Fault> {
    optional_string(members, field)?.ok_or_else(|| missing(field))
}

pub(super) fn optional_string<'a>(
    members: &Members<'a>,
    field: Field,
) -> Result<Option<Cow<'a, str>>, Fault> {
    let value = members.get(field);
    value
        .map(|value| string(value).ok_or_else(|| invalid(field, "must be a string", value.get())))
        .transpose()
}

pub(super) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    /// `Cow` alone would always copy.
    #[derive(Deserialize)]
    struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str(value.get()).ok().map(|Borrowed(text)| text)
}

pub(super) fn missing(field: Field) -> Fault {
    Fault(InvalidCode::MissingField, format!("{} is missing", field.name()))
}

pub(super) fn invalid(field: Field, expected: &str, got: &str) -> Fault {
    Fault(
        InvalidCode::InvalidField,
        format!("{} {expected}, got `{}`", field.name(), excerpt(got)),
    )
}

/// The moment that these members state.
pub(super) fn timestamp(members: &Members<'_>) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = optional_string(members, Field::Timestamp)? else {
        return Ok(None);
    };
    let expected = "must be an RFC 3339 time such as 2025-11-21T10:00:00.000Z";
    let parsed = Timestamp::parse(&text).ok_or_else(|| invalid(Field::Timestamp, expected, &text));
    parsed.map(Some)
}

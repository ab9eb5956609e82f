//! Single fields, each read from its own JSON text.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::InvalidCode;
use super::declared::{Field, Member, Need};
use super::members::Members;
use super::number::Number;
use crate::domain::id::MAX_ID_BYTES;
use crate::domain::{InvalidAmount, InvalidId, Timestamp, excerpt};

/// A text of fewer digits is no time since the epoch: `20251121` is meant for a date.
const FEWEST_EPOCH_DIGITS: usize = 9;

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
    for Member { field, need } in declared.iter().filter(|it| it.need != Need::Hint) {
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
    parse_id(field, required_text(members, field)?.into_owned())
}

pub(super) fn parse_id<T: TryFrom<String, Error = InvalidId>>(
    field: Field,
    text: String,
) -> Result<T, Fault> {
    T::try_from(text).map_err(|error| not_an_id(field, error))
}

fn not_an_id(field: Field, error: InvalidId) -> Fault {
    Fault(InvalidCode::InvalidField, format!("{} {error}", field.name()))
}

pub(super) fn required_text<'a>(members: &Members<'a>, field: Field) -> Result<Cow<'a, str>, Fault> {
    optional_text(members, field)?.ok_or_else(|| missing(field))
}

/// A text, or a whole number as its decimal digits: producers write the same id in either way.
pub(super) fn optional_text<'a>(members: &Members<'a>, field: Field) -> Result<Option<Cow<'a, str>>, Fault> {
    let Some(value) = members.get(field) else {
        return Ok(None);
    };
    let text = text_or_too_long(value)
        .transpose()
        .map_err(|bytes| not_an_id(field, InvalidId::TooLong(bytes)))?;
    let expected = "must be a string or a whole number";
    text.map(Some).ok_or_else(|| no_text(field, expected, value))
}

/// The text that a value is, or the decimal digits of a whole number.
pub(in crate::domain) fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    text_or_too_long(value)?.ok()
}

/// As [`text_of`]; the number of bytes of a whole number that is too long.
fn text_or_too_long(value: &RawValue) -> Option<Result<Cow<'_, str>, usize>> {
    let number = match value.get().as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => Number::parse(value.get()),
        _ => None,
    };
    match number {
        Some(number) => number.whole(MAX_ID_BYTES),
        None => string(value).map(Ok),
    }
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
        .map(|value| string(value).ok_or_else(|| no_text(field, "must be a string", value)))
        .transpose()
}

pub(super) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    /// `Cow` alone would always copy.
    #[derive(Deserialize)]
    struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str(value.get()).ok().map(|Borrowed(text)| text)
}

/// The fault of a value that is no text. A text of valid JSON is none if it escapes half of a surrogate pair alone: some
/// programs take that for a text, and no UTF-8 has it.
fn no_text(field: Field, expected: &str, value: &RawValue) -> Fault {
    let is_quoted = value.get().starts_with('"');
    let half = "must have no half of a surrogate pair, which is no character";
    invalid(field, if is_quoted { half } else { expected }, value.get())
}

/// The failure for an amount that cannot be taken.
pub(super) fn invalid_amount(field: Field, error: &InvalidAmount) -> Fault {
    Fault(InvalidCode::InvalidAmount, format!("{} {error}", field.name()))
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

/// The moment in a field, if there is one: a text, or a number of seconds or milliseconds since the epoch.
pub(super) fn moment(members: &Members<'_>, field: Field) -> Result<Option<Timestamp>, Fault> {
    let Some(value) = members.get(field) else {
        return Ok(None);
    };
    match value.get().as_bytes().first() {
        Some(b'"') => {
            let text = string(value).ok_or_else(|| no_text(field, "", value))?;
            moment_of_text(field, &text)
        }
        _ => since_epoch(value.get())
            .map(Some)
            .ok_or_else(|| not_a_moment(field, value.get())),
    }
}

/// The moment in a text, which is absent if the text is empty.
pub(super) fn moment_of_text(field: Field, text: &str) -> Result<Option<Timestamp>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let moment = if text.len() >= FEWEST_EPOCH_DIGITS && is_number(text) {
        since_epoch(text)
    } else {
        Timestamp::parse(text)
    };
    moment.map(Some).ok_or_else(|| not_a_moment(field, text))
}

fn since_epoch(number: &str) -> Option<Timestamp> {
    Timestamp::from_epoch_thousandths(Number::parse(number)?.thousandths()?)
}

fn not_a_moment(field: Field, got: &str) -> Fault {
    let expected =
        "must be an RFC 3339 time such as 2025-11-21T10:00:00.000Z, or seconds or milliseconds since 1970";
    invalid(field, expected, got)
}

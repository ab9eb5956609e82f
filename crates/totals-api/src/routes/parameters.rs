//! The parameters of a query. They are read by hand rather than by serde, so that an error message names the parameter, what
//! it allows and what was sent. A route ignores parameters that it does not know, as
//! is usual on the web, unless it says that it takes [only](Parameters::only) its own.

use std::ops::RangeInclusive;

use axum::extract::Query;
use axum::http::Uri;
use percent_encoding::percent_decode_str;
use serde_json::json;
use totals_core::domain::excerpt;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::error::ApiError;

/// The values that a parameter may have, each with its name.
pub type Choices<T> = [(&'static str, T)];

/// The schema of a parameter with these choices.
pub fn schema<T>(choices: &Choices<T>, default: &str, description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .default(Some(json!(default)))
        .enum_values(Some(choices.iter().map(|(name, _)| *name)))
        .into()
}

/// A query's names and values, decoded; no value where its bytes are no UTF-8.
pub struct Parameters(Vec<(String, Option<String>)>);

impl Parameters {
    /// The parameters of a request.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], like all errors here, if the query is not of the form `name=value&name=value`.
    pub fn of(uri: &Uri) -> Result<Self, ApiError> {
        let Query::<Vec<(String, String)>>(pairs) = Query::try_from_uri(uri).map_err(|_| {
            ApiError::Invalid("the query must be of the form name=value&name=value".to_owned())
        })?;
        // Bytes that are no UTF-8 have become `\u{fffd}`: that would be another id than was meant.
        let raw = uri.query().unwrap_or_default().split('&');
        let is_text = raw
            .filter(|pair| !pair.is_empty())
            .map(|pair| percent_decode_str(pair).decode_utf8().is_ok());
        let pairs = pairs.into_iter().zip(is_text);
        Ok(Self(
            pairs
                .map(|((name, value), is_text)| (name, is_text.then_some(value)))
                .collect(),
        ))
    }

    /// The one value of parameter `name`, if it was sent.
    ///
    /// # Errors
    /// If it was sent more than once, or is no UTF-8.
    pub fn single(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some((_, Some(value))), None) => Ok(Some(value)),
            (Some((_, None)), None) => {
                Err(ApiError::Invalid(format!("{name} must be percent-encoded UTF-8")))
            }
            (Some(_), Some(_)) => Err(ApiError::Invalid(format!("{name} must be given at most once"))),
        }
    }

    /// Parameter `name` as a number, if it was sent.
    ///
    /// # Errors
    /// If it is no number, or not one of the `allowed` ones.
    pub fn number(&self, name: &str, allowed: RangeInclusive<u32>) -> Result<Option<u32>, ApiError> {
        let Some(text) = self.single(name)? else {
            return Ok(None);
        };
        let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text
            .parse()
            .ok()
            .filter(|number| all_digits && allowed.contains(number));
        number.map(Some).ok_or_else(|| {
            let (least, most) = (allowed.start(), allowed.end());
            ApiError::Invalid(format!(
                "{name} must be a whole number from {least} to {most}, got `{}`",
                excerpt(text)
            ))
        })
    }

    /// Parameter `name` as one of `choices`, if it was sent.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn choice<T: Copy>(&self, name: &str, choices: &Choices<T>) -> Result<Option<T>, ApiError> {
        let Some(text) = self.single(name)? else {
            return Ok(None);
        };
        let chosen = choices.iter().find(|(choice, _)| *choice == text);
        chosen.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(choice, _)| *choice).collect();
            ApiError::Invalid(format!(
                "{name} must be one of {}, got `{}`",
                names.join(", "),
                excerpt(text)
            ))
        })
    }

    /// Checks that nothing but `names` was sent.
    ///
    /// # Errors
    /// If anything was.
    pub fn only(&self, names: &[&str]) -> Result<(), ApiError> {
        let other = self.0.iter().find(|(key, _)| !names.contains(&key.as_str()));
        other.map_or(Ok(()), |(other, _)| {
            Err(ApiError::Invalid(format!(
                "there is no parameter `{}`: the parameters are {}",
                excerpt(other),
                names.join(", ")
            )))
        })
    }

    /// Checks that none of `others` was sent beside parameter `name`.
    ///
    /// # Errors
    /// If one was.
    pub fn forbid_beside(&self, name: &str, others: &[&str]) -> Result<(), ApiError> {
        let other = self.0.iter().find(|(key, _)| others.contains(&key.as_str()));
        other.map_or(Ok(()), |(other, _)| {
            Err(ApiError::Invalid(format!(
                "{name} cannot be combined with {other}: leave one of them out"
            )))
        })
    }
}

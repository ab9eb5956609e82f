//! The query of a list: read by hand rather than by serde, for messages that name the parameter, what it allows and
//! what was sent. Parameters that the list does not know are ignored, as everywhere on the web.

use std::ops::RangeInclusive;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::Serialize;
use totals_core::store;
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiError, excerpt};

/// Which part of the list of campaigns to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    /// At most so many campaigns.
    #[param(required = false, minimum = 1, maximum = 100, default = 20, example = 20)]
    pub limit: u32,
    /// After skipping so many.
    #[param(
        required = false,
        minimum = 0,
        maximum = 2_147_483_647,
        default = 0,
        example = 0
    )]
    pub offset: u32,
    /// What the list is sorted by.
    #[param(inline, required = false, example = "totalAmount")]
    pub sort_by: SortBy,
    /// In which direction.
    #[param(inline, required = false, example = "desc")]
    pub sort_order: SortOrder,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(default = "totalAmount")]
pub enum SortBy {
    /// The amount raised.
    TotalAmount,
    /// The count of pledges.
    TotalPledges,
    /// The count of donors.
    TotalDonors,
    /// The time of the last change.
    LastUpdated,
}

/// The direction of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(default = "desc")]
pub enum SortOrder {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

const LIMITS: RangeInclusive<u32> = 1..=100;
const OFFSETS: RangeInclusive<u32> = 0..=2_147_483_647;
const SORTS: [(&str, SortBy); 4] = [
    ("totalAmount", SortBy::TotalAmount),
    ("totalPledges", SortBy::TotalPledges),
    ("totalDonors", SortBy::TotalDonors),
    ("lastUpdated", SortBy::LastUpdated),
];
const ORDERS: [(&str, SortOrder); 2] = [("asc", SortOrder::Asc), ("desc", SortOrder::Desc)];

impl ListQuery {
    fn parse(pairs: &[(String, String)]) -> Result<Self, ApiError> {
        Ok(Self {
            limit: number(pairs, "limit", LIMITS)?.unwrap_or(20),
            offset: number(pairs, "offset", OFFSETS)?.unwrap_or(0),
            sort_by: choice(pairs, "sortBy", &SORTS)?.unwrap_or(SortBy::TotalAmount),
            sort_order: choice(pairs, "sortOrder", &ORDERS)?.unwrap_or(SortOrder::Desc),
        })
    }

    /// The same in the store's terms.
    pub fn page(self) -> store::Page {
        store::Page {
            limit: self.limit,
            offset: self.offset,
            sort_by: match self.sort_by {
                SortBy::TotalAmount => store::SortBy::TotalAmount,
                SortBy::TotalPledges => store::SortBy::TotalPledges,
                SortBy::TotalDonors => store::SortBy::TotalDonors,
                SortBy::LastUpdated => store::SortBy::LastUpdated,
            },
            order: match self.sort_order {
                SortOrder::Asc => store::SortOrder::Ascending,
                SortOrder::Desc => store::SortOrder::Descending,
            },
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| {
            ApiError::Invalid("the query must be of the form name=value&name=value".to_owned())
        })?;
        Self::parse(&pairs)
    }
}

/// The one value of parameter `name`, if it was sent.
fn only<'a>(pairs: &'a [(String, String)], name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut values = pairs
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.as_str());
    let value = values.next();
    match values.next() {
        None => Ok(value),
        Some(_) => Err(ApiError::Invalid(format!("{name} must be given at most once"))),
    }
}

fn number(
    pairs: &[(String, String)],
    name: &str,
    allowed: RangeInclusive<u32>,
) -> Result<Option<u32>, ApiError> {
    let Some(text) = only(pairs, name)? else {
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

fn choice<T: Copy>(
    pairs: &[(String, String)],
    name: &str,
    choices: &[(&str, T)],
) -> Result<Option<T>, ApiError> {
    let Some(text) = only(pairs, name)? else {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<ListQuery, String> {
        let uri = format!("/?{query}").parse().unwrap();
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap();
        ListQuery::parse(&pairs).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_given_has_its_default() {
        let defaults = ListQuery {
            limit: 20,
            offset: 0,
            sort_by: SortBy::TotalAmount,
            sort_order: SortOrder::Desc,
        };
        assert_eq!(parse(""), Ok(defaults));
        assert_eq!(parse("utm_source=letter&_=17"), Ok(defaults));
        assert_eq!(
            parse("limit=100&offset=2147483647&sortBy=lastUpdated&sortOrder=asc"),
            Ok(ListQuery {
                limit: 100,
                offset: 2_147_483_647,
                sort_by: SortBy::LastUpdated,
                sort_order: SortOrder::Asc,
            })
        );
    }

    #[test]
    fn a_message_names_the_parameter_what_it_allows_and_what_was_sent() {
        for (query, message) in [
            (
                "limit=abc",
                "limit must be a whole number from 1 to 100, got `abc`",
            ),
            ("limit=0", "limit must be a whole number from 1 to 100, got `0`"),
            (
                "limit=101",
                "limit must be a whole number from 1 to 100, got `101`",
            ),
            ("limit=", "limit must be a whole number from 1 to 100, got ``"),
            (
                "limit=%2B5",
                "limit must be a whole number from 1 to 100, got `+5`",
            ),
            (
                "limit=1.0",
                "limit must be a whole number from 1 to 100, got `1.0`",
            ),
            (
                "limit=%FF",
                "limit must be a whole number from 1 to 100, got `\u{fffd}`",
            ),
            ("limit=5&limit=5", "limit must be given at most once"),
            (
                "offset=-1",
                "offset must be a whole number from 0 to 2147483647, got `-1`",
            ),
            (
                "sortBy=amount",
                "sortBy must be one of totalAmount, totalPledges, totalDonors, lastUpdated, got `amount`",
            ),
            ("sortOrder=DESC", "sortOrder must be one of asc, desc, got `DESC`"),
        ] {
            assert_eq!(parse(query), Err(message.to_owned()), "{query}");
        }
    }

    #[test]
    fn a_message_shows_the_start_of_an_endless_value() {
        let message = parse(&format!("limit={}", "9".repeat(60_000))).unwrap_err();
        assert!(message.len() < 200, "{message}");
    }
}

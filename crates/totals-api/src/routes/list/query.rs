//! What a list is asked for: a page of all campaigns, or some of them by name.

use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use totals_core::store::{self, Position, Start};
use utoipa::IntoParams;

use super::cursor::Cursor;
use super::sort::{ORDERS, SORTS, SortBy, SortOrder};
use crate::error::ApiError;
use crate::routes::ids::Ids;
use crate::routes::parameters::{Choices, Parameters};

/// What to answer with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListQuery {
    /// A page of all campaigns.
    Page(PageQuery),
    /// These campaigns.
    Ids(Ids),
}

/// Which part of the list of campaigns to answer with.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct PageQuery {
    /// At most so many campaigns.
    #[param(required = false, minimum = 1, maximum = 100, default = 20, example = 20)]
    pub limit: u32,
    /// After skipping so many. The further, the longer it takes: a walk through all campaigns goes by `cursor`.
    #[param(
        required = false,
        minimum = 0,
        maximum = 2_147_483_647,
        default = 0,
        example = 0
    )]
    pub offset: u32,
    /// Behind another page: its `nextCursor`, instead of an offset. The order of the list is then that page's, and
    /// need not be sent again. A walk from cursor to cursor meets every campaign whose totals stay as they are exactly
    /// once, whatever becomes of the others.
    #[param(required = false, value_type = String, pattern = "^[A-Za-z0-9_-]+$", max_length = 360)]
    pub cursor: Option<Position>,
    /// What the list is sorted by.
    #[param(inline, required = false, example = "totalAmount")]
    pub sort_by: SortBy,
    /// In which direction.
    #[param(inline, required = false, example = "desc")]
    pub sort_order: SortOrder,
}

const LIMITS: RangeInclusive<u32> = 1..=100;
const OFFSETS: RangeInclusive<u32> = 0..=2_147_483_647;

impl ListQuery {
    fn parse(parameters: &Parameters) -> Result<Self, ApiError> {
        match Ids::parse(parameters)? {
            Some(ids) => {
                parameters.alone("ids", &["limit", "offset", "cursor", "sortBy", "sortOrder"])?;
                Ok(Self::Ids(ids))
            }
            None => PageQuery::parse(parameters).map(Self::Page),
        }
    }
}

impl PageQuery {
    fn parse(parameters: &Parameters) -> Result<Self, ApiError> {
        let cursor = parameters.only("cursor")?.map(Cursor::parse).transpose()?;
        if cursor.is_some() {
            parameters.alone("cursor", &["offset"])?;
        }
        let sorted = cursor.as_ref().map(|cursor| cursor.sort_by);
        let ordered = cursor.as_ref().map(|cursor| cursor.sort_order);
        Ok(Self {
            limit: parameters.number("limit", LIMITS)?.unwrap_or(20),
            offset: parameters.number("offset", OFFSETS)?.unwrap_or(0),
            sort_by: choice_or(parameters, "sortBy", SORTS, sorted)?.unwrap_or(SortBy::TotalAmount),
            sort_order: choice_or(parameters, "sortOrder", ORDERS, ordered)?.unwrap_or(SortOrder::Desc),
            cursor: cursor.map(|cursor| cursor.position),
        })
    }

    /// The same in the store's terms.
    pub fn page(&self) -> store::Page {
        store::Page {
            limit: self.limit,
            start: match &self.cursor {
                Some(position) => Start::After(position.clone()),
                None => Start::Offset(self.offset),
            },
            sort_by: self.sort_by.into(),
            order: self.sort_order.into(),
        }
    }

    /// What to ask with for the page behind this one, whose last campaign is at `position`.
    pub fn next_cursor(&self, position: Position) -> String {
        let cursor = Cursor {
            sort_by: self.sort_by,
            sort_order: self.sort_order,
            position,
        };
        cursor.encode()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Self::parse(&Parameters::of(&parts.uri)?)
    }
}

/// Parameter `name`, or else what the cursor says, which it must not contradict.
fn choice_or<T: Copy + PartialEq>(
    parameters: &Parameters,
    name: &str,
    choices: &Choices<T>,
    of_cursor: Option<T>,
) -> Result<Option<T>, ApiError> {
    let chosen = parameters.choice(name, choices)?;
    match (chosen, of_cursor) {
        (Some(chosen), Some(of_cursor)) if chosen != of_cursor => {
            let text = |value| {
                choices
                    .iter()
                    .find(|(_, choice)| *choice == value)
                    .map_or("", |(text, _)| text)
            };
            Err(ApiError::Invalid(format!(
                "{name} `{}` contradicts cursor, which is of a list with {name} `{}`: leave {name} out, or start \
                 without a cursor",
                text(chosen),
                text(of_cursor)
            )))
        }
        _ => Ok(chosen.or(of_cursor)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<ListQuery, String> {
        let parameters = Parameters::of(&format!("/?{query}").parse().unwrap()).unwrap();
        ListQuery::parse(&parameters).map_err(|error| error.to_string())
    }

    fn defaults() -> PageQuery {
        PageQuery {
            limit: 20,
            offset: 0,
            cursor: None,
            sort_by: SortBy::TotalAmount,
            sort_order: SortOrder::Desc,
        }
    }

    /// A list by `lastUpdated`, ascending, and the cursor behind its first page.
    fn walk() -> (PageQuery, String) {
        let position = Position {
            value: 1_732_185_000_000,
            campaign: "camp_1".try_into().unwrap(),
        };
        let first = PageQuery {
            sort_by: SortBy::LastUpdated,
            sort_order: SortOrder::Asc,
            ..defaults()
        };
        let cursor = first.next_cursor(position.clone());
        let second = PageQuery {
            cursor: Some(position),
            ..first
        };
        (second, cursor)
    }

    #[test]
    fn what_is_not_given_has_its_default() {
        assert_eq!(parse(""), Ok(ListQuery::Page(defaults())));
        assert_eq!(parse("utm_source=letter&_=17"), Ok(ListQuery::Page(defaults())));
        assert_eq!(
            parse("limit=100&offset=2147483647&sortBy=lastUpdated&sortOrder=asc"),
            Ok(ListQuery::Page(PageQuery {
                limit: 100,
                offset: 2_147_483_647,
                cursor: None,
                sort_by: SortBy::LastUpdated,
                sort_order: SortOrder::Asc,
            }))
        );
    }

    #[test]
    fn a_cursor_brings_its_order_along() {
        let (second, cursor) = walk();
        for agreeing in [
            "",
            "&sortBy=lastUpdated",
            "&sortOrder=asc",
            "&sortBy=lastUpdated&sortOrder=asc",
        ] {
            let query = format!("cursor={cursor}{agreeing}");
            assert_eq!(parse(&query), Ok(ListQuery::Page(second.clone())), "{query}");
        }
    }

    #[test]
    fn a_message_says_what_does_not_go_together() {
        let (_, cursor) = walk();
        for (query, message) in [
            (
                format!("cursor={cursor}&sortBy=totalDonors"),
                "sortBy `totalDonors` contradicts cursor, which is of a list with sortBy `lastUpdated`: leave sortBy \
                 out, or start without a cursor",
            ),
            (
                format!("cursor={cursor}&sortOrder=desc"),
                "sortOrder `desc` contradicts cursor, which is of a list with sortOrder `asc`: leave sortOrder out, \
                 or start without a cursor",
            ),
            (
                format!("cursor={cursor}&offset=0"),
                "cursor cannot be combined with offset: leave one of them out",
            ),
            (
                format!("cursor={}", &cursor[1..]),
                "cursor must be a nextCursor that this service gave out",
            ),
            (
                "cursor=".to_owned(),
                "cursor must be a nextCursor that this service gave out",
            ),
            (
                format!("cursor={cursor}&cursor={cursor}"),
                "cursor must be given at most once",
            ),
            (
                "ids=a&limit=5".to_owned(),
                "ids cannot be combined with limit: leave one of them out",
            ),
            (
                "sortOrder=asc&ids=a".to_owned(),
                "ids cannot be combined with sortOrder: leave one of them out",
            ),
            (
                "offset=0&ids=a".to_owned(),
                "ids cannot be combined with offset: leave one of them out",
            ),
            (
                "sortBy=totalDonors&ids=a".to_owned(),
                "ids cannot be combined with sortBy: leave one of them out",
            ),
            (
                format!("ids=a&cursor={cursor}"),
                "ids cannot be combined with cursor: leave one of them out",
            ),
        ] {
            assert_eq!(parse(&query), Err(message.to_owned()), "{query}");
        }
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

//! What a request wants of the list: a page of all campaigns, or some campaigns by name.

use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use totals_core::store::{Page, Position, SortBy, SortOrder, Start};
use utoipa::IntoParams;

use super::cursor::PageCursor;
use super::sort::{ORDERS, SORTS, SortBySchema, SortOrderSchema};
use crate::error::ApiError;
use crate::routes::ids::Ids;
use crate::routes::parameters::{Choices, Parameters};

/// Which campaigns to answer with.
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
    /// After skipping so many. A campaign that moves meanwhile shifts those behind it: a walk through all campaigns goes by
    /// `cursor`.
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
    #[param(inline, value_type = SortBySchema, required = false, example = "totalAmount")]
    pub sort_by: SortBy,
    /// In which direction.
    #[param(inline, value_type = SortOrderSchema, required = false, example = "desc")]
    pub sort_order: SortOrder,
}

const LIMITS: RangeInclusive<u32> = 1..=100;
const OFFSETS: RangeInclusive<u32> = 0..=2_147_483_647;

impl ListQuery {
    fn parse(parameters: &Parameters) -> Result<Self, ApiError> {
        match Ids::parse(parameters)? {
            Some(ids) => {
                parameters.forbid_beside("ids", &["limit", "offset", "cursor", "sortBy", "sortOrder"])?;
                Ok(Self::Ids(ids))
            }
            None => PageQuery::parse(parameters).map(Self::Page),
        }
    }
}

impl PageQuery {
    fn parse(parameters: &Parameters) -> Result<Self, ApiError> {
        let cursor = parameters.single("cursor")?.map(PageCursor::parse).transpose()?;
        if cursor.is_some() {
            parameters.forbid_beside("cursor", &["offset"])?;
        }
        let sorted = cursor.as_ref().map(|cursor| cursor.sort_by);
        let ordered = cursor.as_ref().map(|cursor| cursor.sort_order);
        Ok(Self {
            limit: parameters.number("limit", LIMITS)?.unwrap_or(20),
            offset: parameters.number("offset", OFFSETS)?.unwrap_or(0),
            sort_by: choice_or(parameters, "sortBy", SORTS, sorted)?.unwrap_or(SortBy::TotalAmount),
            sort_order: choice_or(parameters, "sortOrder", ORDERS, ordered)?.unwrap_or(SortOrder::Descending),
            cursor: cursor.map(|cursor| cursor.position),
        })
    }

    /// The page in the store's terms.
    pub fn page(&self) -> Page {
        Page {
            limit: self.limit,
            start: match &self.cursor {
                Some(position) => Start::After(position.clone()),
                None => Start::Offset(self.offset),
            },
            sort_by: self.sort_by,
            order: self.sort_order,
        }
    }

    /// The cursor of the page behind this one, whose last campaign is at `position`.
    pub fn next_cursor(&self, position: Position) -> String {
        let cursor = PageCursor {
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

/// The value of parameter `name`, or else the cursor's, which the parameter must not contradict.
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
mod tests;

//! What a list may be sorted by, in the names that callers use.

use totals_core::store::{SortBy, SortOrder};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::routes::parameters::{Choices, schema};

/// Values of `sortBy`. A cursor holds the place of one in this list: new ones come last.
pub const SORTS: &Choices<SortBy> = &[
    ("totalAmount", SortBy::TotalAmount),
    ("totalPledges", SortBy::TotalPledges),
    ("totalDonors", SortBy::TotalDonors),
    ("lastUpdated", SortBy::LastUpdated),
];

/// Values of `sortOrder`. A cursor holds the place of one in this list.
pub const ORDERS: &Choices<SortOrder> = &[("asc", SortOrder::Ascending), ("desc", SortOrder::Descending)];

/// Describes `sortBy`.
pub struct SortBySchema;

impl PartialSchema for SortBySchema {
    fn schema() -> RefOr<Schema> {
        schema(SORTS, "totalAmount", "What a list is sorted by.")
    }
}

/// Describes `sortOrder`.
pub struct SortOrderSchema;

impl PartialSchema for SortOrderSchema {
    fn schema() -> RefOr<Schema> {
        schema(ORDERS, "desc", "The direction of a list.")
    }
}

impl ToSchema for SortBySchema {}
impl ToSchema for SortOrderSchema {}

//! What a list may be sorted by, by the names that callers and the store have for it.

use serde::Serialize;
use totals_core::store;
use utoipa::ToSchema;

use crate::routes::parameters::Choices;

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

/// Values of `sortBy`. Cursors hold their place in here: new ones come last.
pub const SORTS: &Choices<SortBy> = &[
    ("totalAmount", SortBy::TotalAmount),
    ("totalPledges", SortBy::TotalPledges),
    ("totalDonors", SortBy::TotalDonors),
    ("lastUpdated", SortBy::LastUpdated),
];

/// Values of `sortOrder`. Cursors hold their place in here.
pub const ORDERS: &Choices<SortOrder> = &[("asc", SortOrder::Asc), ("desc", SortOrder::Desc)];

impl From<SortBy> for store::SortBy {
    fn from(sort_by: SortBy) -> Self {
        match sort_by {
            SortBy::TotalAmount => Self::TotalAmount,
            SortBy::TotalPledges => Self::TotalPledges,
            SortBy::TotalDonors => Self::TotalDonors,
            SortBy::LastUpdated => Self::LastUpdated,
        }
    }
}

impl From<SortOrder> for store::SortOrder {
    fn from(order: SortOrder) -> Self {
        match order {
            SortOrder::Asc => Self::Ascending,
            SortOrder::Desc => Self::Descending,
        }
    }
}

//! The list of campaigns, a page at a time: each page is a stretch of one of four indexes, read where it stands.
//!
//! A page starts behind a count of campaigns, or behind a [`Position`]. A count is what people know, but the server
//! walks over all that is skipped, and a campaign that moves in the meantime shifts those behind it: one is repeated or
//! missed. A position is a key of the index. The walk begins there whatever is before it, and since every campaign's key
//! is its own (the id breaks ties), a walk from position to position comes by each campaign that stays where it is
//! exactly once, and in order. One that changes meanwhile may be met at its old place, its new one, both or neither.
//!
//! Behind a position means `$or`: further in the sort value, or equal in it and further in the id. MongoDB merges two
//! scans of the same index for that (`SORT_MERGE`), reads the documents of the page alone, and has nothing to sort.
//! One scan between bounds (`hint` with `min` and `max`) is a tenth of a millisecond faster. It was rejected because it
//! fails where an index is missing, in a restored copy for instance, while this is only slow there.

use futures::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::ReadConcern;

use super::document::{TotalsDocument, date};
use super::read::{CampaignTotals, READ_TIMEOUT};
use super::{Store, StoreError};
use crate::domain::{CampaignId, Timestamp};

/// Which part of the list of campaigns to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Page {
    /// At most so many campaigns.
    pub limit: u32,
    /// From here on.
    pub start: Start,
    /// Ordered by this.
    pub sort_by: SortBy,
    /// In this direction.
    pub order: SortOrder,
}

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Start {
    /// After skipping so many campaigns.
    Offset(u32),
    /// Behind a place in a list of the same order and direction.
    After(Position),
}

/// A campaign's place in a list, which it keeps until its totals change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position {
    /// What the list is ordered by: minor units of the amount, a count, or milliseconds since the Unix epoch.
    pub value: i64,
    /// The campaign.
    pub campaign: CampaignId,
}

/// What a list is ordered by. Campaigns that are equal in it are ordered by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

impl Store {
    /// A page of campaigns, and the position of its last one if there are campaigns behind it.
    ///
    /// # Errors
    /// As [`Store::totals`].
    pub async fn list(&self, page: Page) -> Result<(Vec<CampaignTotals>, Option<Position>), StoreError> {
        let totals = self.campaign_totals::<TotalsDocument>();
        // One more than asked for tells whether there is a next page.
        let found = totals
            .find(page.filter())
            .read_concern(ReadConcern::majority())
            .sort(page.sort())
            .skip(page.skip())
            .limit(i64::from(page.limit) + 1)
            .max_time(READ_TIMEOUT)
            .await?;
        let found = found.map_ok(CampaignTotals::from).try_collect().await?;
        Ok(page.cut(found))
    }
}

impl Page {
    fn sort(&self) -> Document {
        let direction = match self.order {
            SortOrder::Ascending => 1,
            SortOrder::Descending => -1,
        };
        doc! { self.sort_by.field(): direction, "_id": direction }
    }

    fn filter(&self) -> Document {
        let Start::After(position) = &self.start else {
            return doc! {};
        };
        let further = match self.order {
            SortOrder::Ascending => "$gt",
            SortOrder::Descending => "$lt",
        };
        let (field, value) = (self.sort_by.field(), self.sort_by.stored(position.value));
        let tie = doc! { field: value.clone(), "_id": { further: position.campaign.as_str() } };
        doc! { "$or": [{ field: { further: value } }, tie] }
    }

    fn skip(&self) -> u64 {
        match self.start {
            Start::Offset(count) => count.into(),
            Start::After(_) => 0,
        }
    }

    /// The page out of what was found, which is one campaign more if the list goes on.
    fn cut(&self, mut found: Vec<CampaignTotals>) -> (Vec<CampaignTotals>, Option<Position>) {
        let limit = self.limit as usize;
        let goes_on = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| goes_on);
        let next = last.map(|last| Position {
            value: self.sort_by.value(last),
            campaign: last.campaign.clone(),
        });
        (found, next)
    }
}

impl SortBy {
    fn field(self) -> &'static str {
        match self {
            Self::TotalAmount => "totalAmountMinor",
            Self::TotalPledges => "totalPledges",
            Self::TotalDonors => "totalDonors",
            Self::LastUpdated => "lastUpdated",
        }
    }

    /// See [`Position::value`].
    fn value(self, totals: &CampaignTotals) -> i64 {
        match self {
            Self::TotalAmount => totals.totals.amount.minor(),
            Self::TotalPledges => totals.totals.pledges,
            Self::TotalDonors => totals.totals.donors,
            Self::LastUpdated => totals.last_updated.unix_millis(),
        }
    }

    /// A position's value as the documents have it.
    fn stored(self, value: i64) -> Bson {
        match self {
            Self::TotalAmount | Self::TotalPledges | Self::TotalDonors => value.into(),
            Self::LastUpdated => date(Timestamp::from_unix_millis(value)).into(),
        }
    }
}

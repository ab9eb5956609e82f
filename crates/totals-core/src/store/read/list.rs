//! The list of campaigns, a page at a time: what a page is, and how MongoDB finds one.
//!
//! A page starts after a count of campaigns, or after a [`Position`]. A count is what people know, but a campaign that
//! moves in the meantime shifts the ones after it, so that one is repeated or missed. A position is a campaign's key in
//! the order. Every campaign has a key of its own (the id breaks ties), so a walk from position to position meets each
//! campaign that stays where it is exactly once, and in order. A campaign that changes meanwhile may be met at its old
//! place, at its new one, at both or at neither.
//!
//! No index keeps an order of the totals. Four of them made MongoDB work three times as long for each campaign that a
//! commit touches as the totals themselves do. The API keeps the order in memory ([`Store::scan`]) and reads pages here
//! only while it has none. Then MongoDB reads all campaigns for each page and keeps those of the page, which takes
//! longer the more campaigns there are and the further back in the list the page is.

use mongodb::bson::{Bson, DateTime, Document, RawDocument, doc};
use serde::Deserialize;

use crate::domain::CampaignId;
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::read::cluster_time::ClusterTime;
use crate::store::read::one::{At, CampaignTotals, max_time};
use crate::store::read::readable::readable;
use crate::store::read::snapshot::{Snapshot, read};
use crate::store::schema::document::CAMPAIGN_TOTALS;

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
    /// After a place in a list of the same order and direction.
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

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Its campaigns.
    pub totals: Vec<CampaignTotals>,
    /// The position of the last one, if more campaigns come after it.
    pub next: Option<Position>,
    /// Campaigns in the whole list.
    pub total: u64,
}

#[derive(Deserialize)]
struct Counted {
    campaigns: u64,
}

impl Store {
    /// A page of campaigns, as of `earliest` or later. It takes longer the more campaigns there are.
    ///
    /// # Errors
    /// As [`Store::totals`].
    pub async fn list(&self, page: Page, earliest: ClusterTime) -> Result<At<Listing>, StoreError> {
        let Some(moment) = self.moment(earliest).await? else {
            return Ok(At {
                found: Listing::default(),
                moment: earliest,
            });
        };
        let snapshot = Snapshot::at(self, moment);
        // To leave documents out takes MongoDB a look at each one, also to count them: so only where there are any.
        let campaigns = match self.campaigns_of(&snapshot, &page, self.left_out.any()).await? {
            Some(campaigns) => campaigns,
            None => self
                .campaigns_of(&snapshot, &page, true)
                .await?
                .unwrap_or_default(),
        };
        let counted = snapshot.all(count(self.left_out.any()), read::<Counted>).await?;
        let total = counted.first().map_or(0, |counted| counted.campaigns);
        let found = page.cut(campaigns, total);
        Ok(At { found, moment })
    }

    /// The campaigns of a page and one more; `None` if a document had to be left out and `leave_out` was false.
    async fn campaigns_of(
        &self,
        snapshot: &Snapshot,
        page: &Page,
        leave_out: bool,
    ) -> Result<Option<Vec<CampaignTotals>>, StoreError> {
        let left_out = self.left_out.clone();
        let read = move |document: &RawDocument| {
            let totals = CampaignTotals::read(document);
            Ok(totals.inspect_err(|error| left_out.add(error)).ok())
        };
        let mut campaigns = snapshot.all(page.find(leave_out), read).await?;
        let all = campaigns.iter().all(Option::is_some);
        Ok((all || leave_out).then(|| campaigns.drain(..).flatten().collect()))
    }
}

fn count(leave_out: bool) -> Document {
    let mut pipeline = vec![doc! { "$count": "campaigns" }];
    if leave_out {
        pipeline.insert(0, doc! { "$match": readable() });
    }
    doc! {
        "aggregate": CAMPAIGN_TOTALS, "pipeline": pipeline, "cursor": {}, "hint": "_id_", "maxTimeMS": max_time(),
    }
}

impl Page {
    fn find(&self, leave_out: bool) -> Document {
        let mut filter = self.filter();
        if leave_out {
            filter = doc! { "$and": [filter, readable()] };
        }
        doc! {
            "find": CAMPAIGN_TOTALS, "filter": filter, "sort": self.sort(), "skip": self.skip(),
            "limit": i64::from(self.limit) + 1, "maxTimeMS": max_time(),
        }
    }

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

    fn skip(&self) -> i64 {
        match self.start {
            Start::Offset(count) => count.into(),
            Start::After(_) => 0,
        }
    }

    /// The page out of what was found, which is one campaign more than asked for if the list goes on; `total` is how
    /// many are in all of it.
    pub fn cut(&self, mut found: Vec<CampaignTotals>, total: u64) -> Listing {
        let limit = self.limit as usize;
        let goes_on = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| goes_on);
        let next = last.map(|last| Position {
            value: self.sort_by.value(last),
            campaign: last.campaign.clone(),
        });
        Listing {
            totals: found,
            next,
            total,
        }
    }
}

impl SortBy {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [
        Self::TotalAmount,
        Self::TotalPledges,
        Self::TotalDonors,
        Self::LastUpdated,
    ];

    fn field(self) -> &'static str {
        match self {
            Self::TotalAmount => "totalAmountMinor",
            Self::TotalPledges => "totalPledges",
            Self::TotalDonors => "totalDonors",
            Self::LastUpdated => "lastUpdated",
        }
    }

    /// What a campaign is ordered by; see [`Position::value`].
    pub fn value(self, totals: &CampaignTotals) -> i64 {
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
            Self::LastUpdated => DateTime::from_millis(value).into(),
        }
    }
}

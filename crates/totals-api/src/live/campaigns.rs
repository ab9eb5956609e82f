//! All campaigns that have totals, with their numbers and in each of the orders of the list, and the rules by which they
//! change.
//!
//! What is known of a campaign has its moment. A change at or before that moment is in it already. A later one continues
//! it if its revision says so. A read that shows a campaign at a moment is a change like any other: the campaign has
//! become what was read. So no campaign ever goes back.

use std::collections::{HashMap, HashSet};

use totals_core::domain::{CampaignId, Money, Timestamp, Totals};
use totals_core::store::{
    CampaignTotals, Change, ChangeKind, ClusterTime, Listing, Page, SortBy, SortOrder, Start,
};

use super::order::{Id, Key, Order};

/// What a campaign shows: its totals, or that it has none.
pub type View = Option<CampaignTotals>;

/// The numbers of each campaign.
pub type Numbers = HashMap<Id, Known>;

/// What is known of one campaign.
#[derive(Debug)]
pub struct Known {
    /// As of when.
    at: ClusterTime,
    revision: i64,
    /// What it is ordered by in each of [`SortBy::ALL`], which is all that there is to its totals.
    values: [i64; SortBy::ALL.len()],
}

/// All campaigns, in all orders.
#[derive(Debug)]
pub struct Campaigns {
    /// When all of them were read; what is known of one may be as of later.
    at: ClusterTime,
    /// When a campaign that is not in the map was last changed. A read from before may have shown one that is gone.
    removed: ClusterTime,
    numbers: Numbers,
    /// Campaigns that only the database can tell of: something is stored that cannot be read, or a change did not continue
    /// what was known. They are in no order. A worker may go on changing them.
    unknown: HashSet<CampaignId>,
    /// Every campaign that can be read is in the orders.
    complete: bool,
    orders: [Order; SortBy::ALL.len()],
}

impl Known {
    /// What a read as of `at` has shown.
    pub fn new(at: ClusterTime, totals: &CampaignTotals) -> Self {
        Self {
            at,
            revision: totals.revision,
            values: SortBy::ALL.map(|sort_by| sort_by.value(totals)),
        }
    }

    fn totals(&self, campaign: &CampaignId) -> CampaignTotals {
        let [amount, pledges, donors, last_updated] = self.values;
        CampaignTotals {
            campaign: campaign.clone(),
            totals: Totals {
                amount: Money::from_minor(amount),
                pledges,
                donors,
            },
            revision: self.revision,
            // It was made of one.
            last_updated: Timestamp::from_unix_millis(last_updated).unwrap_or(Timestamp::LATEST),
        }
    }
}

impl Campaigns {
    /// All campaigns as they were at a moment, and those whose totals cannot be read. It sorts them: a second of a million.
    pub fn new(at: ClusterTime, numbers: Numbers, unreadable: HashSet<CampaignId>) -> Self {
        let mut orders = <[Order; SortBy::ALL.len()]>::default();
        for (number, order) in orders.iter_mut().enumerate() {
            *order = numbers
                .iter()
                .map(|(id, known)| (known.values[number], id.clone()))
                .collect();
        }
        Self {
            at,
            removed: at,
            numbers,
            unknown: unreadable,
            complete: true,
            orders,
        }
    }

    /// How many campaigns there are.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Returns true if pages can be answered: every campaign that can be read is known.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// What a campaign shows, if it is known.
    pub fn totals(&self, campaign: &str) -> Option<View> {
        match self.numbers.get_key_value(campaign) {
            Some((id, known)) => Some(Some(known.totals(&id.0))),
            None if self.unknown.contains(campaign) => None,
            None => Some(None),
        }
    }

    /// A page of them, as the database would find it; none while the orders are not complete.
    pub fn page(&self, page: &Page) -> Option<Listing> {
        if !self.complete {
            return None;
        }
        let order = &self.orders[page.sort_by as usize];
        let skipped = match &page.start {
            Start::Offset(count) => *count as usize,
            Start::After(position) => {
                let place = (position.value, &position.campaign);
                match page.order {
                    SortOrder::Ascending => order.count(|(value, id)| (*value, &*id.0) <= place),
                    SortOrder::Descending => self.len() - order.count(|(value, id)| (*value, &*id.0) < place),
                }
            }
        };
        // One more than asked for tells whether there is a next page.
        let limit = page.limit as usize + 1;
        let totals = |(_, id): &Key| self.numbers[id].totals(&id.0);
        let found = match page.order {
            SortOrder::Ascending => order.keys().skip(skipped).take(limit).map(totals).collect(),
            SortOrder::Descending => order.keys().rev().skip(skipped).take(limit).map(totals).collect(),
        };
        Some(page.cut(found, self.len() as u64))
    }

    /// Takes in a change. A campaign whose change was made on something else than what is known here becomes unknown, and
    /// the orders are not complete from then on.
    pub fn take(&mut self, change: &Change) {
        let Change { campaign, at, kind } = change;
        let known = self.numbers.get(campaign.as_str());
        let is_past = match known {
            Some(known) => *at <= known.at,
            None => *at <= self.at || *at < self.removed,
        };
        if is_past {
            return;
        }
        match kind {
            ChangeKind::Removed => {
                self.unknown.remove(campaign);
                self.remove(*at, campaign);
            }
            ChangeKind::Unreadable => {
                self.unknown.insert(campaign.clone());
                self.remove(*at, campaign);
            }
            ChangeKind::Created(totals) | ChangeKind::Replaced(totals) => self.put(*at, totals),
            // A worker's change, which leaves unread what cannot be read. Whoever mends it by hand leaves the revision alone.
            ChangeKind::Moved(moved) if moved.revision.is_some() && self.unknown.contains(campaign) => {
                self.removed = *at;
            }
            ChangeKind::Moved(moved) => {
                if let Some(after) = known.and_then(|known| moved.applied_to(&known.totals(campaign))) {
                    self.put(*at, &after);
                } else {
                    self.complete = false;
                    self.unknown.insert(campaign.clone());
                    self.remove(*at, campaign);
                }
            }
        }
    }

    fn put(&mut self, at: ClusterTime, totals: &CampaignTotals) {
        let now = Known::new(at, totals);
        self.unknown.remove(&totals.campaign);
        let before = self.numbers.remove_entry(totals.campaign.as_str());
        let (id, before) = match before {
            Some((id, before)) => (id, Some(before)),
            None => (Id::from(totals.campaign.clone()), None),
        };
        for (number, order) in self.orders.iter_mut().enumerate() {
            let value = now.values[number];
            let was = before.as_ref().map(|before| before.values[number]);
            if was != Some(value) {
                if let Some(was) = was {
                    order.remove(&(was, id.clone()));
                }
                order.insert((value, id.clone()));
            }
        }
        self.numbers.insert(id, now);
    }

    fn remove(&mut self, at: ClusterTime, campaign: &CampaignId) {
        self.removed = at;
        let Some((id, known)) = self.numbers.remove_entry(campaign.as_str()) else {
            return;
        };
        for (order, value) in self.orders.iter_mut().zip(known.values) {
            order.remove(&(value, id.clone()));
        }
    }
}

//! All campaigns that have totals, in each of the orders of the list, and the rules by which they change.
//!
//! The rules are those of a slot: all that is known of a campaign has its moment, a change at or before that moment is
//! in it already, and a later one continues it if its revision says so. A read that shows a campaign at a moment is a
//! change like any other: it has become what was read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use totals_core::domain::{CampaignId, Money, Timestamp, Totals};
use totals_core::store::{
    CampaignTotals, Change, ChangeKind, ClusterTime, Listing, Page, SortBy, SortOrder, Start,
};

use super::order::{Key, Order};

/// What is known of each campaign. Its id is shared with the orders.
pub type Campaigns = HashMap<Arc<CampaignId>, Known>;

/// What is known of one campaign.
#[derive(Debug)]
pub struct Known {
    /// As of when.
    at: ClusterTime,
    revision: i64,
    /// What it is ordered by in each of [`SortBy::ALL`], which is all that there is to its totals.
    values: [i64; SortBy::ALL.len()],
}

/// All campaigns in all orders.
#[derive(Debug)]
pub struct Ranking {
    /// When all of them were read; what is known of one may be as of later.
    at: ClusterTime,
    /// When the latest one was removed. A read from before may have shown one that is gone.
    removed: ClusterTime,
    campaigns: Campaigns,
    /// Campaigns of which something is stored that cannot be read: they are in no order. A worker may go on changing them.
    unreadable: HashSet<CampaignId>,
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
            last_updated: Timestamp::from_unix_millis(last_updated),
        }
    }
}

impl Ranking {
    /// All campaigns, as they were at a moment. It sorts them: a second of a million.
    pub fn new(at: ClusterTime, campaigns: Campaigns) -> Self {
        let mut orders = <[Order; SortBy::ALL.len()]>::default();
        for (number, order) in orders.iter_mut().enumerate() {
            *order = campaigns
                .iter()
                .map(|(id, known)| (known.values[number], id.clone()))
                .collect();
        }
        Self {
            at,
            removed: at,
            campaigns,
            unreadable: HashSet::new(),
            orders,
        }
    }

    /// The same, without these campaigns, whose totals cannot be read.
    pub fn without(self, unreadable: HashSet<CampaignId>) -> Self {
        Self { unreadable, ..self }
    }

    /// How many campaigns there are.
    pub fn len(&self) -> usize {
        self.campaigns.len()
    }

    /// A page of them, as the database would find it.
    pub fn page(&self, page: &Page) -> Listing {
        let order = &self.orders[page.sort_by as usize];
        let skipped = match &page.start {
            Start::Offset(count) => *count as usize,
            Start::After(position) => {
                let place = (position.value, &position.campaign);
                match page.order {
                    SortOrder::Ascending => order.count(|(value, id)| (*value, &**id) <= place),
                    SortOrder::Descending => self.len() - order.count(|(value, id)| (*value, &**id) < place),
                }
            }
        };
        // One more than asked for tells whether there is a next page.
        let limit = page.limit as usize + 1;
        let totals = |(_, id): &Key| self.campaigns[id].totals(id);
        let found = match page.order {
            SortOrder::Ascending => order.keys().skip(skipped).take(limit).map(totals).collect(),
            SortOrder::Descending => order.keys().rev().skip(skipped).take(limit).map(totals).collect(),
        };
        page.cut(found, self.len() as u64)
    }

    /// Takes in a change; false if it was made on something else than what is known here.
    #[must_use]
    pub fn take(&mut self, change: &Change) -> bool {
        let Change { campaign, at, kind } = change;
        let known = self.campaigns.get(campaign);
        let is_past = match known {
            Some(known) => *at <= known.at,
            None => *at <= self.at || *at < self.removed,
        };
        if is_past {
            return true;
        }
        match kind {
            ChangeKind::Removed | ChangeKind::Unreadable => {
                self.removed = *at;
                self.remove(campaign);
                if *kind == ChangeKind::Unreadable {
                    self.unreadable.insert(campaign.clone());
                } else {
                    self.unreadable.remove(campaign);
                }
            }
            ChangeKind::Created(totals) | ChangeKind::Replaced(totals) => self.put(*at, totals),
            // A worker's change, which leaves unread what cannot be read. Whoever mends it by hand leaves the revision alone.
            ChangeKind::Moved(moved) if moved.revision.is_some() && self.unreadable.contains(campaign) => {}
            ChangeKind::Moved(moved) => {
                let after = known.and_then(|known| moved.applied_to(&known.totals(campaign)));
                let Some(after) = after else { return false };
                self.put(*at, &after);
            }
        }
        true
    }

    fn put(&mut self, at: ClusterTime, totals: &CampaignTotals) {
        let now = Known::new(at, totals);
        self.unreadable.remove(&totals.campaign);
        let before = self.campaigns.remove_entry(&totals.campaign);
        let (id, before) = match before {
            Some((id, before)) => (id, Some(before)),
            None => (Arc::new(totals.campaign.clone()), None),
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
        self.campaigns.insert(id, now);
    }

    fn remove(&mut self, campaign: &CampaignId) {
        let Some((id, known)) = self.campaigns.remove_entry(campaign) else {
            return;
        };
        for (order, value) in self.orders.iter_mut().zip(known.values) {
            order.remove(&(value, id.clone()));
        }
    }
}

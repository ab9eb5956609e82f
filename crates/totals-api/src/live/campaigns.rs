//! All campaigns that have totals, each of them once and in every order of the list, and the rules by which they change.
//!
//! Each entry says as of which moment it is. A change at or before that moment is in the entry already. A later change
//! continues the entry if its revision says so. A read that shows a campaign at a moment is a change like any other: the
//! campaign has become what was read. So no campaign ever goes back.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use totals_core::domain::{CampaignFacts, CampaignId, Money, Timestamp, Totals};
use totals_core::store::{
    CampaignTotals, Change, ChangeKind, ClusterTime, Listing, Page, SortBy, SortOrder, Start, Sum,
};

use super::order::{Order, OrderKey, SharedId};

/// What a campaign shows: its totals, or that it has none.
pub type View = Option<CampaignTotals>;

/// What is known of each campaign.
pub type CampaignMap = HashMap<SharedId, CampaignEntry>;

/// What is known of one campaign.
#[derive(Debug)]
pub struct CampaignEntry {
    /// The moment at which the campaign showed this.
    at: ClusterTime,
    revision: i64,
    /// The value for each of [`SortBy::ALL`]. Together they are all of the campaign's totals.
    values: [i64; SortBy::ALL.len()],
    /// What is known of it beside its totals. Shared with the answers, so that none copies it.
    facts: Option<Arc<CampaignFacts>>,
}

/// All campaigns, in all orders.
#[derive(Debug)]
pub struct Campaigns {
    /// The moment that the read of all campaigns showed; an entry may be newer.
    at: ClusterTime,
    /// The latest change of a campaign that is not in the map: it is gone, or unknown. An earlier read may show it.
    latest_outside_map: ClusterTime,
    /// No campaign has changed since. It may have been earlier: of a change that a read has shown, only that is known.
    latest_change: ClusterTime,
    entries: CampaignMap,
    /// Campaigns of which only the database can tell: the stored document cannot be read, or a change did not continue the
    /// entry. They are in no order. A worker may go on changing them.
    unknown: HashSet<CampaignId>,
    /// The amounts in minor units of all entries, and their pledges. No campaign's amount is beyond an `i64`, their sum may be.
    amount: i128,
    pledges: i128,
    /// True as long as every campaign that can be read is in the orders.
    complete: bool,
    orders: [Order; SortBy::ALL.len()],
}

impl CampaignEntry {
    /// The entry of a campaign that a read has shown as of `at`.
    pub fn new(at: ClusterTime, totals: &CampaignTotals) -> Self {
        Self {
            at,
            revision: totals.revision,
            values: SortBy::ALL.map(|sort_by| sort_by.value(totals)),
            facts: totals.facts.clone(),
        }
    }

    /// Returns true if it shows these totals.
    fn shows(&self, totals: &CampaignTotals) -> bool {
        self.revision == totals.revision
            && self.values == SortBy::ALL.map(|sort_by| sort_by.value(totals))
            && self.facts == totals.facts
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
            // The value was made from a timestamp.
            last_updated: Timestamp::from_unix_millis(last_updated).unwrap_or(Timestamp::LATEST),
            facts: self.facts.clone(),
        }
    }
}

impl Campaigns {
    /// All campaigns as they were at the moment `at`, and those whose totals cannot be read. Sorting a million campaigns takes
    /// a second.
    pub fn new(at: ClusterTime, entries: CampaignMap, unreadable: HashSet<CampaignId>) -> Self {
        let mut orders = <[Order; SortBy::ALL.len()]>::default();
        for (number, order) in orders.iter_mut().enumerate() {
            *order = entries
                .iter()
                .map(|(id, known)| (known.values[number], id.clone()))
                .collect();
        }
        let [amount, pledges] = [SortBy::TotalAmount, SortBy::TotalPledges].map(|summed| {
            let values = entries.values().map(|known| known.values[summed as usize]);
            values.map(i128::from).sum()
        });
        Self {
            at,
            latest_outside_map: at,
            latest_change: at,
            amount,
            pledges,
            entries,
            unknown: unreadable,
            complete: true,
            orders,
        }
    }

    /// How many campaigns there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns true if every campaign that can be read is known, so that pages can be answered.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The sum of all campaigns; `None` while a campaign is not known, since a part of a sum would look like a sum.
    pub fn sum(&self) -> Option<Sum> {
        if !self.complete || !self.unknown.is_empty() {
            return None;
        }
        let latest = self.orders[SortBy::LastUpdated as usize].keys().next_back();
        Some(Sum {
            amount_minor: self.amount,
            pledges: self.pledges,
            campaigns: self.len() as u64,
            last_updated: latest.and_then(|(millis, _)| Timestamp::from_unix_millis(*millis)),
        })
    }

    /// A moment since which no campaign has changed; `None` if one may have.
    pub fn latest_change(&self) -> Option<ClusterTime> {
        self.complete.then_some(self.latest_change)
    }

    /// What a campaign shows; `None` if only the database can tell.
    pub fn totals(&self, campaign: &str) -> Option<View> {
        match self.entries.get_key_value(campaign) {
            Some((id, known)) => Some(Some(known.totals(&id.0))),
            None if self.unknown.contains(campaign) => None,
            None => Some(None),
        }
    }

    /// A page of the list, as the database would find it; `None` while the orders are not complete.
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
                    SortOrder::Ascending => order.partition_point(|(value, id)| (*value, &*id.0) <= place),
                    SortOrder::Descending => {
                        self.len() - order.partition_point(|(value, id)| (*value, &*id.0) < place)
                    }
                }
            }
        };
        // One campaign more than asked for tells whether there is a next page.
        let limit = page.limit as usize + 1;
        let totals = |(_, id): &OrderKey| self.entries[id].totals(&id.0);
        let found = match page.order {
            SortOrder::Ascending => order.keys().skip(skipped).take(limit).map(totals).collect(),
            SortOrder::Descending => order.keys().rev().skip(skipped).take(limit).map(totals).collect(),
        };
        Some(page.cut(found, self.len() as u64))
    }

    /// Applies a change. If it does not continue the campaign's entry, the campaign becomes unknown and the orders are not
    /// complete any more.
    pub fn apply(&mut self, change: &Change) {
        let Change { campaign, at, kind } = change;
        let known = self.entries.get(campaign.as_str());
        let is_past = match known {
            Some(known) => *at <= known.at,
            None => *at <= self.at || *at < self.latest_outside_map,
        };
        if is_past {
            return;
        }
        let is_known = match kind {
            ChangeKind::Created(totals) | ChangeKind::Replaced(totals) => {
                known.is_some_and(|known| known.shows(totals))
            }
            ChangeKind::Moved(_) | ChangeKind::Removed | ChangeKind::Unreadable => false,
        };
        if !is_known {
            self.latest_change = self.latest_change.max(*at);
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
            // The worker moved the revision without reading the document, which still cannot be read. A repair by hand
            // leaves the revision alone.
            ChangeKind::Moved(moved) if moved.revision.is_some() && self.unknown.contains(campaign) => {
                self.latest_outside_map = *at;
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
        let now = CampaignEntry::new(at, totals);
        self.unknown.remove(&totals.campaign);
        let before = self.entries.remove_entry(totals.campaign.as_str());
        let (id, before) = match before {
            Some((id, before)) => (id, Some(before)),
            None => (SharedId::from(totals.campaign.clone()), None),
        };
        if let Some(before) = &before {
            self.count(before, -1);
        }
        self.count(&now, 1);
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
        self.entries.insert(id, now);
    }

    fn remove(&mut self, at: ClusterTime, campaign: &CampaignId) {
        self.latest_outside_map = at;
        let Some((id, known)) = self.entries.remove_entry(campaign.as_str()) else {
            return;
        };
        for (order, value) in self.orders.iter_mut().zip(known.values) {
            order.remove(&(value, id.clone()));
        }
        self.count(&known, -1);
    }

    /// Adds what an entry holds to the sum, so many times.
    fn count(&mut self, entry: &CampaignEntry, times: i128) {
        let [amount, pledges, ..] = entry.values;
        self.amount += i128::from(amount) * times;
        self.pledges += i128::from(pledges) * times;
    }
}

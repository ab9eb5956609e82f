//! Memory against a plain model: the history of some campaigns, a stream that hands over its changes late or loses
//! some, reads of one campaign that are told late, and loads that show any moment they may.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use totals_core::domain::{CampaignId, Money, Timestamp, Totals};
use totals_core::store::{
    CampaignTotals, ChangeKind, ClusterTime, Moved, Position, SortBy, SortOrder, Start,
};

use super::super::campaigns::Known;
use super::super::order::Id;
use super::*;

const CAMPAIGNS: usize = 5;

/// One step of what may happen.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Donations to this campaign, and perhaps to another one, are committed at one moment.
    Donate(usize, Option<usize>),
    /// The campaign is removed, if it is there.
    Remove(usize),
    /// Something else than this service has written: the revision stays.
    Scribble(usize),
    /// The stream hands over its next change.
    HandOver,
    /// The stream begins again: what it has not handed over never comes.
    Begin,
    /// A load starts, unless none is needed.
    Load,
    /// The load ends; it shows a moment between the earliest that it may and now, this share of the way.
    LoadEnds(u8),
    /// The load fails.
    LoadFails,
    /// A read of one campaign shows such a moment.
    Read(usize, u8),
    /// Memory is told what the read has shown.
    Tell,
}

fn step() -> impl Strategy<Value = Step> {
    let campaign = || 0..CAMPAIGNS;
    prop_oneof![
        8 => (campaign(), proptest::option::of(campaign())).prop_map(|(one, other)| Step::Donate(one, other)),
        2 => campaign().prop_map(Step::Remove),
        1 => campaign().prop_map(Step::Scribble),
        10 => Just(Step::HandOver),
        1 => Just(Step::Begin),
        4 => Just(Step::Load),
        5 => any::<u8>().prop_map(Step::LoadEnds),
        1 => Just(Step::LoadFails),
        2 => (campaign(), any::<u8>()).prop_map(|(campaign, share)| Step::Read(campaign, share)),
        2 => Just(Step::Tell),
    ]
}

type Campaigns = BTreeMap<CampaignId, CampaignTotals>;

/// What the campaigns were at each moment, the last being now, and how far everything has come.
struct World {
    history: Vec<Campaigns>,
    seen: u64,
    /// What the stream has yet to hand over.
    stream: Vec<Change>,
    /// Up to which moment memory knows each campaign at least.
    known: BTreeMap<CampaignId, u64>,
    memory: Memory,
    loading: Option<u64>,
    read: Option<(u64, CampaignTotals)>,
}

impl World {
    fn new() -> Self {
        Self {
            history: vec![Campaigns::new()],
            seen: 0,
            stream: Vec::new(),
            known: BTreeMap::new(),
            memory: Memory::default(),
            loading: None,
            read: None,
        }
    }

    fn now(&self) -> u64 {
        self.history.len() as u64 - 1
    }

    fn at(&self, moment: u64) -> &Campaigns {
        &self.history[usize::try_from(moment).unwrap()]
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Donate(one, other) => {
                let other = other.filter(|other| *other != one);
                self.commit(
                    [Some(one), other].into_iter().flatten(),
                    |campaign, before, moment| Some(after_a_donation(campaign, before, moment)),
                );
            }
            Step::Remove(campaign) => self.commit([campaign], |_, _, _| None),
            Step::Scribble(campaign) => self.commit([campaign], |_, before, _| {
                let mut scribbled = before?.clone();
                scribbled.totals.pledges += 1;
                Some(scribbled)
            }),
            Step::HandOver => {
                if !self.stream.is_empty() {
                    let change = self.stream.remove(0);
                    self.seen = self.seen.max(change.at.bits());
                    self.memory.change(&change);
                    self.knows(&change.campaign, change.at.bits());
                }
            }
            Step::Begin => {
                self.stream.clear();
                self.seen = self.now();
                self.memory.forget();
                self.knows_all(self.now());
            }
            Step::Load => {
                if self.loading.is_none() && self.memory.expect() {
                    self.loading = Some(self.seen);
                }
            }
            Step::LoadEnds(share) => {
                if let Some(earliest) = self.loading.take() {
                    let moment = self.between(earliest, share);
                    let campaigns = self.at(moment).values();
                    let known = campaigns.map(|totals| {
                        (
                            Id::from(totals.campaign.clone()),
                            Known::new(time(moment), totals),
                        )
                    });
                    let loaded = super::Campaigns::new(time(moment), known.collect(), HashSet::new());
                    if self.memory.fill(loaded) {
                        self.knows_all(moment);
                    }
                }
            }
            Step::LoadFails => {
                if self.loading.take().is_some() {
                    self.memory.load_failed();
                }
            }
            Step::Read(campaign, share) => {
                let moment = self.between(self.seen, share);
                self.read = self
                    .at(moment)
                    .get(&id(campaign))
                    .map(|totals| (moment, totals.clone()));
            }
            Step::Tell => {
                if let Some((moment, totals)) = self.read.take() {
                    self.seen = self.seen.max(moment);
                    self.knows(&totals.campaign, moment);
                    self.memory.change(&Change {
                        campaign: totals.campaign.clone(),
                        at: time(moment),
                        kind: ChangeKind::Replaced(totals),
                    });
                }
            }
        }
    }

    /// Changes campaigns at one moment.
    fn commit(
        &mut self,
        campaigns: impl IntoIterator<Item = usize>,
        change: impl Fn(&CampaignId, Option<&CampaignTotals>, u64) -> Option<CampaignTotals>,
    ) {
        let (before, moment) = (self.at(self.now()).clone(), self.now() + 1);
        let mut after = before.clone();
        for campaign in campaigns.into_iter().map(id) {
            let became = change(&campaign, before.get(&campaign), moment);
            let kind = match (before.get(&campaign), &became) {
                (None, None) => continue,
                (_, None) => ChangeKind::Removed,
                (None, Some(totals)) => ChangeKind::Created(totals.clone()),
                (Some(before), Some(totals)) => ChangeKind::Moved(moved(before, totals)),
            };
            after.remove(&campaign);
            after.extend(became.map(|totals| (campaign.clone(), totals)));
            let at = time(moment);
            self.stream.push(Change { campaign, at, kind });
        }
        self.history.push(after);
    }

    fn between(&self, earliest: u64, share: u8) -> u64 {
        earliest + (self.now() - earliest) * u64::from(share) / 255
    }

    fn knows(&mut self, campaign: &CampaignId, moment: u64) {
        let known = self.known.entry(campaign.clone()).or_default();
        *known = moment.max(*known);
    }

    fn knows_all(&mut self, moment: u64) {
        for campaign in (0..CAMPAIGNS).map(id) {
            self.knows(&campaign, moment);
        }
    }

    /// All campaigns as memory has to show them.
    fn expected(&self) -> Vec<CampaignTotals> {
        let known = self.known.iter();
        known
            .filter_map(|(campaign, moment)| self.at(*moment).get(campaign).cloned())
            .collect()
    }
}

fn id(campaign: usize) -> CampaignId {
    format!("c{campaign}").try_into().unwrap()
}

fn time(moment: u64) -> ClusterTime {
    ClusterTime::from_bits(moment)
}

/// Equal in one order or another to what other campaigns have.
fn after_a_donation(campaign: &CampaignId, before: Option<&CampaignTotals>, moment: u64) -> CampaignTotals {
    let (pledges, revision) = before.map_or((0, 0), |before| (before.totals.pledges, before.revision));
    CampaignTotals {
        campaign: campaign.clone(),
        totals: Totals {
            amount: Money::from_minor((pledges * 7) % 5 * 100),
            pledges: pledges + 1,
            donors: pledges % 3,
        },
        revision: revision + 1,
        last_updated: Timestamp::from_unix_millis(i64::try_from(moment / 4).unwrap()).unwrap(),
    }
}

/// As the stream tells it: an update names only what it has moved.
fn moved(before: &CampaignTotals, after: &CampaignTotals) -> Moved {
    let (was, is) = (before.totals, after.totals);
    Moved {
        amount: (was.amount != is.amount).then_some(is.amount),
        pledges: (was.pledges != is.pledges).then_some(is.pledges),
        donors: (was.donors != is.donors).then_some(is.donors),
        revision: (before.revision != after.revision).then_some(after.revision),
        last_updated: (before.last_updated != after.last_updated).then_some(after.last_updated),
    }
}

/// Any page, from an offset or behind a place where there may be nobody.
fn pages() -> impl Strategy<Value = Page> {
    let start = prop_oneof![
        (0..7_u32).prop_map(Start::Offset),
        (-1..400_i64, 0..CAMPAIGNS).prop_map(|(value, campaign)| {
            let campaign = id(campaign);
            Start::After(Position { value, campaign })
        }),
        (-1..3_i64, 0..CAMPAIGNS).prop_map(|(value, campaign)| {
            let campaign = id(campaign);
            Start::After(Position { value, campaign })
        }),
    ];
    let orders = prop_oneof![Just(SortOrder::Ascending), Just(SortOrder::Descending)];
    (1..5_u32, start, proptest::sample::select(&SortBy::ALL), orders).prop_map(
        |(limit, start, sort_by, order)| Page {
            limit,
            start,
            sort_by,
            order,
        },
    )
}

/// The page as anyone would find it in all campaigns.
fn found(page: &Page, mut campaigns: Vec<CampaignTotals>) -> Listing {
    let place = |totals: &CampaignTotals| (page.sort_by.value(totals), totals.campaign.clone());
    let total = campaigns.len() as u64;
    campaigns.sort_by_key(place);
    if page.order == SortOrder::Descending {
        campaigns.reverse();
    }
    match &page.start {
        Start::Offset(count) => {
            campaigns.drain(..campaigns.len().min(*count as usize));
        }
        Start::After(position) => campaigns.retain(|totals| {
            let (place, start) = (place(totals), (position.value, position.campaign.clone()));
            match page.order {
                SortOrder::Ascending => place > start,
                SortOrder::Descending => place < start,
            }
        }),
    }
    page.cut(campaigns, total)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn campaigns_and_pages_show_all_that_has_come_and_never_go_back(
        steps in proptest::collection::vec((step(), pages()), 1..120)
    ) {
        let mut world = World::new();
        for (step, page) in steps {
            world.take(step);
            if let Some(listing) = world.memory.page(&page) {
                prop_assert_eq!(listing, found(&page, world.expected()), "after {:?}: {:?}", step, page);
            }
            for campaign in (0..CAMPAIGNS).map(id) {
                if let Some(totals) = world.memory.totals(campaign.as_str()) {
                    let expected = world.at(world.known[&campaign]).get(&campaign).cloned();
                    prop_assert_eq!(totals, expected, "after {:?}: {}", step, campaign);
                }
            }
        }
    }

    #[test]
    fn once_all_has_come_a_load_makes_it_the_newest(
        steps in proptest::collection::vec(step(), 1..80), page in pages()
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        while !world.stream.is_empty() {
            world.take(Step::HandOver);
        }
        // One may be under way that has met what no load can continue.
        for _ in 0..2 {
            world.take(Step::Load);
            world.take(Step::LoadEnds(0));
        }
        let now: Vec<_> = world.at(world.now()).values().cloned().collect();
        for campaign in (0..CAMPAIGNS).map(id) {
            let stored = now.iter().find(|totals| totals.campaign == campaign);
            prop_assert_eq!(world.memory.totals(campaign.as_str()), Some(stored.cloned()));
        }
        prop_assert_eq!(world.memory.page(&page), Some(found(&page, now)));
    }
}

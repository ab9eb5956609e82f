//! The model: what the campaigns were at each moment, and how far the stream, the loads and the reads have come.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use totals_core::domain::{CampaignFacts, CampaignId, Money, Timestamp, Totals};
use totals_core::store::{CampaignTotals, Change, ChangeKind, ClusterTime, Moved};

use crate::live::campaigns::{self, CampaignEntry};
use crate::live::memory::Memory;
use crate::live::order::SharedId;

/// How many campaigns there are.
pub const CAMPAIGNS: usize = 5;

/// One step of what may happen.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Donations to this campaign, and perhaps to another one, are committed at one moment.
    Donate(usize, Option<usize>),
    /// An event says what the campaign is called, or that it has no title.
    Title(usize, bool),
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

pub type Campaigns = BTreeMap<CampaignId, CampaignTotals>;

/// What the campaigns were at each moment, the last being now, and how far everything has come.
pub struct World {
    history: Vec<Campaigns>,
    seen: u64,
    /// What the stream has yet to hand over.
    pub stream: Vec<Change>,
    /// Up to which moment memory knows each campaign at least.
    pub known: BTreeMap<CampaignId, u64>,
    pub memory: Memory,
    loading: Option<u64>,
    read: Option<(u64, CampaignTotals)>,
}

impl World {
    pub fn new() -> Self {
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

    pub fn now(&self) -> u64 {
        self.history.len() as u64 - 1
    }

    pub fn at(&self, moment: u64) -> &Campaigns {
        &self.history[usize::try_from(moment).unwrap()]
    }

    pub fn take(&mut self, step: Step) {
        match step {
            Step::Donate(one, other) => {
                let other = other.filter(|other| *other != one);
                self.commit(
                    [Some(one), other].into_iter().flatten(),
                    |campaign, before, moment| Some(after_a_donation(campaign, before, moment)),
                );
            }
            Step::Title(campaign, named) => self.commit([campaign], |campaign, before, moment| {
                Some(after_a_title(campaign, before, moment, named))
            }),
            Step::Remove(campaign) => self.commit([campaign], |_, _, _| None),
            Step::Scribble(campaign) => self.commit([campaign], |_, before, _| {
                let mut scribbled = before?.clone();
                scribbled.totals.pledges += 1;
                Some(scribbled)
            }),
            Step::HandOver => {
                let first = self.stream.first().map(|change| change.at);
                let of_one_commit = self.stream.partition_point(|change| Some(change.at) <= first);
                let commit: Vec<Change> = self.stream.drain(..of_one_commit).collect();
                self.memory.apply(&commit);
                for change in commit {
                    self.seen = self.seen.max(change.at.bits());
                    self.knows(&change.campaign, change.at.bits());
                }
            }
            Step::Begin => {
                self.stream.clear();
                self.seen = self.now();
                self.memory.invalidate();
                self.knows_all(self.now());
            }
            Step::Load => {
                if self.loading.is_none() && self.memory.begin_load() {
                    self.loading = Some(self.seen);
                }
            }
            Step::LoadEnds(share) => {
                if let Some(earliest) = self.loading.take() {
                    self.load_ends(self.between(earliest, share));
                }
            }
            Step::LoadFails => {
                if self.loading.take().is_some() {
                    self.memory.fail_load();
                }
            }
            Step::Read(campaign, share) => {
                let moment = self.between(self.seen, share);
                let found = self.at(moment).get(&id(campaign));
                self.read = found.map(|totals| (moment, totals.clone()));
            }
            Step::Tell => {
                if let Some((moment, totals)) = self.read.take() {
                    self.tell(moment, totals);
                }
            }
        }
    }

    fn load_ends(&mut self, moment: u64) {
        let at = time(moment);
        let campaigns = self.at(moment).values();
        let entries = campaigns.map(|totals| {
            let id = SharedId::from(totals.campaign.clone());
            (id, CampaignEntry::new(at, totals))
        });
        let loaded = campaigns::Campaigns::new(at, entries.collect(), HashSet::new());
        if self.memory.finish_load(loaded) {
            self.knows_all(moment);
        }
    }

    fn tell(&mut self, moment: u64, totals: CampaignTotals) {
        self.seen = self.seen.max(moment);
        self.knows(&totals.campaign, moment);
        self.memory.apply(&[Change {
            campaign: totals.campaign.clone(),
            at: time(moment),
            kind: ChangeKind::Replaced(totals),
        }]);
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
    pub fn expected(&self) -> Vec<CampaignTotals> {
        let known = self.known.iter();
        known
            .filter_map(|(campaign, moment)| self.at(*moment).get(campaign).cloned())
            .collect()
    }
}

pub fn id(campaign: usize) -> CampaignId {
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
        facts: before.and_then(|before| before.facts.clone()),
    }
}

fn after_a_title(
    campaign: &CampaignId,
    before: Option<&CampaignTotals>,
    moment: u64,
    named: bool,
) -> CampaignTotals {
    let facts = named.then(|| CampaignFacts {
        title: Some(moment.to_string()),
        ..CampaignFacts::default()
    });
    let after = after_a_donation(campaign, before, moment);
    CampaignTotals {
        totals: before.map_or_else(Totals::default, |before| before.totals),
        facts: facts.map(Arc::new),
        ..after
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
        facts: (before.facts != after.facts).then(|| after.facts.as_deref().cloned().unwrap_or_default()),
    }
}

//! The rules of a slot against a plain model: one campaign's history, a stream that hands over its changes late or
//! loses some, and reads that show any moment they may.

use proptest::prelude::*;
use totals_core::domain::{CampaignId, Money, Timestamp, Totals};
use totals_core::store::CampaignTotals;

use super::*;

/// One step of what may happen.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A donation is committed.
    Donate,
    /// The campaign is removed, if it is there.
    Remove,
    /// The stream hands over its next change.
    HandOver,
    /// The stream begins again: what it has not handed over never comes.
    Begin,
    /// Somebody starts a read.
    Read,
    /// The read ends; it shows a moment between the earliest that it may and now, this share of the way.
    ReadEnds(u8),
    /// The read fails.
    ReadFails,
    /// A page of the list, read from the database, shows a moment between the latest that anything has shown and now.
    Page(u8),
    /// The slot is told what the page has shown.
    Tell,
    /// The slot is evicted and made anew.
    Evict,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Donate),
        1 => Just(Step::Remove),
        6 => Just(Step::HandOver),
        1 => Just(Step::Begin),
        3 => Just(Step::Read),
        3 => any::<u8>().prop_map(Step::ReadEnds),
        1 => Just(Step::ReadFails),
        2 => any::<u8>().prop_map(Step::Page),
        2 => Just(Step::Tell),
        1 => Just(Step::Evict),
    ]
}

/// What the campaign was at each moment, the last being now, and how far everything has come.
struct World {
    history: Vec<Option<CampaignTotals>>,
    begin: u64,
    seen: u64,
    /// Changes up to this moment were handed over, or never will be.
    handed_over: u64,
    slot: Slot,
    reading: Option<u64>,
    page: Option<u64>,
}

impl World {
    fn new() -> Self {
        Self {
            history: vec![None],
            begin: 0,
            seen: 0,
            handed_over: 0,
            slot: Slot::new(time(0)),
            reading: None,
            page: None,
        }
    }

    fn now(&self) -> u64 {
        self.history.len() as u64 - 1
    }

    /// A moment from `earliest` on.
    fn between(&self, earliest: u64, share: u8) -> u64 {
        earliest + (self.now() - earliest) * u64::from(share) / 255
    }

    fn at(&self, moment: u64) -> Option<&CampaignTotals> {
        self.history[usize::try_from(moment).unwrap()].as_ref()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Donate => self.history.push(Some(after_a_donation(self.at(self.now())))),
            Step::Remove => {
                if self.at(self.now()).is_some() {
                    self.history.push(None);
                }
            }
            Step::HandOver => {
                if self.handed_over < self.now() {
                    self.handed_over += 1;
                    let moment = self.handed_over;
                    self.seen = self.seen.max(moment);
                    let kind = change(self.at(moment - 1), self.at(moment));
                    self.slot.change(time(moment), kind, time(self.begin), usd());
                }
            }
            Step::Begin => {
                self.begin = self.now();
                self.seen = self.seen.max(self.begin);
                self.handed_over = self.begin;
            }
            Step::Read => {
                let mut earliest = self.reading;
                // Never awaited: what it ends with is another step's to say.
                drop(self.slot.join_fill(time(self.seen), |from| {
                    earliest = Some(from.bits());
                    futures::future::pending().boxed()
                }));
                self.reading = earliest;
            }
            Step::ReadEnds(share) => {
                if let Some(earliest) = self.reading {
                    let moment = self.between(earliest, share);
                    match self.found(moment) {
                        Some(_) => self.end_read(),
                        None => self.reading = Some(self.slot.earliest().bits()),
                    }
                }
            }
            Step::ReadFails => {
                if self.reading.is_some() {
                    self.end_read();
                }
            }
            Step::Page(share) => self.page = Some(self.between(self.seen, share)),
            Step::Tell => {
                // Whoever is not there is on no page.
                if let Some(moment) = self.page.take().filter(|moment| self.at(*moment).is_some()) {
                    self.found(moment);
                }
            }
            Step::Evict => {
                self.slot = Slot::new(time(self.seen));
                self.reading = None;
            }
        }
    }

    /// The slot is told what the campaign was at a moment.
    fn found(&mut self, moment: u64) -> Option<Shown> {
        self.seen = self.seen.max(moment);
        let found = self.at(moment).cloned();
        let found = found.map(|totals| Arc::new(Rendered::new(totals, usd())));
        self.slot.fill(time(moment), found, usd())
    }

    fn end_read(&mut self) {
        self.slot.end_fill();
        self.reading = None;
    }
}

fn after_a_donation(before: Option<&CampaignTotals>) -> CampaignTotals {
    let (pledges, revision) = before.map_or((0, 0), |before| (before.totals.pledges, before.revision));
    CampaignTotals {
        campaign: CampaignId::try_from("c").unwrap(),
        totals: Totals {
            amount: Money::from_minor((pledges + 1) * 100),
            pledges: pledges + 1,
            donors: 1,
        },
        revision: revision + 1,
        last_updated: Timestamp::from_unix_millis(0),
    }
}

/// As the stream tells it: an update names only what it has moved.
fn change(before: Option<&CampaignTotals>, after: Option<&CampaignTotals>) -> ChangeKind {
    match (before, after) {
        (_, None) => ChangeKind::Removed,
        (None, Some(after)) => ChangeKind::Created(after.clone()),
        (Some(_), Some(after)) => ChangeKind::Moved(Moved {
            amount: Some(after.totals.amount),
            pledges: Some(after.totals.pledges),
            revision: Some(after.revision),
            ..Moved::default()
        }),
    }
}

fn time(moment: u64) -> ClusterTime {
    ClusterTime::from_bits(moment)
}

fn usd() -> Currency {
    "USD".parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_a_slot_shows_lacks_nothing_that_has_come_and_never_goes_back(
        steps in proptest::collection::vec(step(), 1..80)
    ) {
        let mut world = World::new();
        let mut latest = ClusterTime::default();
        for step in steps {
            world.take(step);
            let Some(shown) = world.slot.shown(time(world.begin)) else { continue };
            prop_assert!(shown.at >= latest, "after {step:?} it went back");
            latest = shown.at;
            // Changes that came are in it, and so is everything up to the moment it names.
            let moment = shown.at.bits().max(world.handed_over);
            let shown = shown.totals.as_ref().map(|rendered| &rendered.totals);
            prop_assert_eq!(shown, world.at(moment), "after {:?}", step);
        }
    }

    #[test]
    fn once_all_has_come_a_read_makes_it_the_newest(
        steps in proptest::collection::vec(step(), 1..80)
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        for _ in 0..world.now() {
            world.take(Step::HandOver);
        }
        // One may be under way that shows too early a moment, changes may have passed the next, and the stream may have
        // begun again after what a third one shows.
        for _ in 0..4 {
            world.take(Step::Read);
            world.take(Step::ReadEnds(0));
        }
        let shown = world.slot.shown(time(world.begin));
        let shown = shown.as_ref().map(|shown| shown.totals.as_ref().map(|rendered| &rendered.totals));
        prop_assert_eq!(shown, Some(world.at(world.now())));
    }
}

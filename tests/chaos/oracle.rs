//! What must come out, folded from the history in the simplest way and by no code of the service's.
//!
//! Only where two events contradict each other does the outcome depend on which came first. There the log is asked
//! which one won; that the other is in the dead-letter queue, and everything else, is the oracle's own word.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use harness::history::{Slots, slot_of};

use crate::event::{Fact, Identity, Message, What};
use crate::poison::Poisoned;
use crate::spelling::{event_id, moment, time, word};

/// 2025-11-19T00:00Z, in milliseconds since 1970.
const FIRST_DAY_MILLIS: i64 = 20_411 * 24 * 60 * 60 * 1000;

/// Stands for a message's body, which may be large.
pub type Fingerprint = u64;

/// Amount in minor units, pledges, donors.
pub type Totals = (i64, i64, i64);

/// What two events contend for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rivalry {
    EventId,
    Donation,
}

impl Rivalry {
    /// The reason code of the one that lost.
    pub fn code(self) -> &'static str {
        match self {
            Self::EventId => "EVENT_ID_REUSED",
            Self::Donation => "DONATION_REDEFINED",
        }
    }
}

/// A broken message that must be dead-lettered.
#[derive(Debug)]
pub struct Doomed {
    pub code: &'static str,
    pub id: String,
}

/// Everything the history has told.
#[derive(Default)]
pub struct Oracle {
    pub facts: Vec<Fact>,
    /// Pairs of facts of which one wins.
    pub rivals: HashMap<usize, (usize, Rivalry)>,
    /// The bodies of those facts.
    pub refusable: HashMap<Fingerprint, usize>,
    /// The broken messages.
    pub doomed: HashMap<Fingerprint, Doomed>,
}

/// One donation.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Donation {
    /// Campaign, donor and amount in minor units.
    pub created: Option<(u16, Option<u16>, i64)>,
    /// The earliest time of its creations, in milliseconds since 1970.
    pub at: Option<i64>,
    /// In minor units.
    pub refunded: i64,
}

/// What is known of a campaign: its title, its goal in minor units, its status.
pub type Known = (Option<String>, Option<i64>, Option<String>);

/// The fold of a history.
#[derive(Debug, Default)]
pub struct Outcome {
    pub donations: BTreeMap<u32, Donation>,
    pub campaigns: BTreeMap<u16, Totals>,
    /// Of the campaigns that events have told of.
    pub known: BTreeMap<u16, Known>,
    /// Live pledges, where there are any.
    pub donors: BTreeMap<(u16, u16), i64>,
    /// What is booked for each campaign, where anything is.
    pub history: BTreeMap<u16, Slots>,
}

impl Oracle {
    /// An event that must be processed; its number.
    pub fn expect(&mut self, fact: Fact) -> usize {
        self.facts.push(fact);
        self.facts.len() - 1
    }

    /// Two events of which one must be processed and the other refused; their numbers.
    pub fn expect_one_of(&mut self, facts: [Fact; 2], rivalry: Rivalry) -> [usize; 2] {
        let [one, other] = facts.map(|fact| self.expect(fact));
        self.rivals.insert(one, (other, rivalry));
        self.rivals.insert(other, (one, rivalry));
        [one, other]
    }

    /// A message of an event that has a rival.
    pub fn may_be_refused(&mut self, message: &Message, number: usize) {
        self.refusable.insert(fingerprint(&message.body), number);
    }

    /// A broken message. However often it is published, one letter is enough.
    pub fn expect_dead_letter(&mut self, poisoned: &Poisoned) {
        let doomed = Doomed {
            code: poisoned.code,
            id: poisoned.id.clone(),
        };
        self.doomed.insert(fingerprint(&poisoned.message.body), doomed);
    }

    /// The id a fact's log row must have, unless the service makes it up.
    pub fn id_of(&self, number: usize) -> Option<String> {
        match self.facts[number].identity {
            Identity::Envelope(id) | Identity::MessageId(id) => Some(event_id(id)),
            Identity::Derived => None,
        }
    }

    /// Folds all events but those that lost; of rivals the one that was `processed` has won.
    pub fn fold(&self, processed: &[bool]) -> Outcome {
        let mut outcome = Outcome::default();
        let mut latest: HashMap<What, (String, Option<String>, usize)> = HashMap::new();
        for (number, fact) in self.facts.iter().enumerate() {
            if self.rivals.contains_key(&number) && !processed[number] {
                continue;
            }
            match fact.what {
                What::Created { campaign, donor } => {
                    let donation = outcome.donations.entry(fact.donation).or_default();
                    donation.created = Some((campaign, donor, fact.amount));
                    let at = FIRST_DAY_MILLIS + i64::try_from(moment(fact, number)).unwrap();
                    donation.at = Some(donation.at.map_or(at, |earlier| earlier.min(at)));
                }
                What::Refunded { .. } => {
                    outcome.donations.entry(fact.donation).or_default().refunded += fact.amount;
                }
                What::Paid | What::PaymentRefunded => {}
                What::Titled { campaign } | What::Aimed { campaign } | What::Set { campaign } => {
                    outcome.campaigns.entry(campaign).or_default();
                    let order = (time(fact, number), self.id_of(number), number);
                    latest
                        .entry(fact.what)
                        .and_modify(|last| *last = order.clone().max(last.clone()))
                        .or_insert(order);
                }
            }
        }
        for (what, (_, _, number)) in latest {
            let Some(campaign) = what.told_of() else { continue };
            let known = outcome.known.entry(campaign).or_default();
            match what {
                What::Aimed { .. } => known.1 = Some(self.facts[number].amount).filter(|goal| *goal > 0),
                What::Set { .. } => known.2 = Some(word(number)),
                _ => known.0 = Some(word(number)),
            }
        }
        for donation in outcome.donations.values() {
            let Some((campaign, donor, amount)) = donation.created else {
                continue;
            };
            let totals = outcome.campaigns.entry(campaign).or_default();
            let left = amount - donation.refunded;
            if left > 0 {
                totals.0 += left;
                totals.1 += 1;
                let history = outcome.history.entry(campaign).or_default();
                let booked = history
                    .entry(slot_of(donation.at.unwrap_or_default()))
                    .or_default();
                booked.0 += left;
                booked.1 += 1;
                if let Some(donor) = donor {
                    *outcome.donors.entry((campaign, donor)).or_default() += 1;
                }
            }
        }
        for (campaign, _) in outcome.donors.keys() {
            outcome.campaigns.entry(*campaign).or_default().2 += 1;
        }
        outcome
    }
}

/// See [`Fingerprint`].
pub fn fingerprint(body: &[u8]) -> Fingerprint {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

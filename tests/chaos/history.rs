//! A history without end, from a seed: what two producers at their worst would publish.
//!
//! It is told donation by donation, each with its refunds and payments, and every fact goes to the [`Oracle`] as it is
//! made up. The messages wait in a wide window from which they leave in random order, so refunds come before their
//! creations and copies long after. Nothing is kept but the window: a history can be as long as one likes.

mod campaigns;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::event::{Fact, Identity, Message, What};
use crate::oracle::{Oracle, Rivalry};
use crate::poison;
use crate::spelling::spell;

/// Campaigns; the first is the hot one.
pub const CAMPAIGNS: u16 = 200;

/// Donors of the platform: few enough that each gives to a campaign several times.
const DONORS: u16 = 500;

/// Messages that wait to be shuffled.
const WINDOW: usize = 4000;

/// The share of messages that are followed by another copy: 30 % of all messages are copies.
const COPIES: f64 = 0.3;

/// The share of donations in whose place a broken message is told. A donation has three messages on average, so these are 2 %.
const POISON: f64 = 0.055;

/// The share of donations before which an event tells of a campaign.
const TOLD: f64 = 0.1;

/// The share of broken messages with an id that come again mended.
const MENDED: f64 = 0.15;

/// A history that is being told.
pub struct History {
    random: StdRng,
    window: Vec<Message>,
    donations: u32,
    ids: u32,
    /// True if some donations are created again with other content.
    redefinitions: bool,
    /// Copies of messages that were told before.
    pub copies: u64,
}

impl History {
    /// The history of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            window: Vec::with_capacity(WINDOW),
            donations: 0,
            ids: 0,
            redefinitions: true,
            copies: 0,
        }
    }

    /// The same without donations that are created again with other content. Only the stored donation tells which of the two
    /// counts, and the stall suite may take that away.
    pub fn without_redefinitions(mut self) -> Self {
        self.redefinitions = false;
        self
    }

    /// The next message.
    pub fn next(&mut self, oracle: &mut Oracle) -> Message {
        while self.window.len() < WINDOW {
            if self.random.random_bool(POISON) {
                self.tell_poison(oracle);
            } else {
                if self.random.random_bool(TOLD) {
                    self.tell_campaign(oracle);
                }
                self.tell_donation(oracle);
            }
        }
        let place = self.random.random_range(..self.window.len());
        self.window.swap_remove(place)
    }

    /// The messages of what has been told so far, which end the history.
    pub fn end(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.window)
    }

    fn tell_donation(&mut self, oracle: &mut Oracle) {
        let created = self.creation();
        match self.random.random_range(0..100) {
            // The same donation again, in conflict.
            0 if self.redefinitions => {
                let other = self.conflicting(created);
                self.tell_rivals(oracle, created, other, Rivalry::Donation);
            }
            // The same event id again, of something else.
            1 => {
                let mut other = self.conflicting(created);
                if self.random.random_bool(0.5) {
                    other.donation = self.next_donation();
                }
                self.tell_rivals(oracle, created, other, Rivalry::EventId);
            }
            // The same creation under another event id, which is no conflict.
            2 => {
                let identity = self.identity(0.9);
                self.tell(oracle, created);
                self.tell(oracle, Fact { identity, ..created });
            }
            _ => self.tell(oracle, created),
        }
        self.tell_payment(oracle, What::Paid, created, 0.6);
        if self.random.random_bool(0.25) {
            self.tell_refunds(oracle, created);
            self.tell_payment(oracle, What::PaymentRefunded, created, 0.5);
        }
    }

    fn creation(&mut self) -> Fact {
        let campaign = self.campaign();
        let donor = self
            .random
            .random_bool(0.8)
            .then(|| self.random.random_range(0..DONORS));
        // The largest amount the service takes is 10^12 minor units.
        let largest = if self.random.random_bool(0.01) {
            1_000_000_000_000
        } else {
            50_000
        };
        Fact {
            what: What::Created { campaign, donor },
            donation: self.next_donation(),
            amount: self.random.random_range(1..=largest),
            identity: self.identity(0.9),
        }
    }

    /// Another creation of the same donation, with another amount, campaign or donor.
    fn conflicting(&mut self, fact: Fact) -> Fact {
        let What::Created { campaign, donor } = fact.what else {
            return fact;
        };
        let identity = self.identity(1.0);
        let (mut amount, mut what) = (fact.amount, fact.what);
        match self.random.random_range(0..3) {
            0 => amount = amount % 50_000 + 1,
            1 => {
                what = What::Created {
                    campaign: (campaign + 1) % CAMPAIGNS,
                    donor,
                }
            }
            _ => {
                let donor = donor.map_or(Some(0), |donor| (donor % 2 == 0).then_some(donor + 1));
                what = What::Created { campaign, donor };
            }
        }
        Fact {
            what,
            amount,
            identity,
            ..fact
        }
    }

    /// Refunds of a part, of several parts, of all or of more than all of it; some name another campaign.
    fn tell_refunds(&mut self, oracle: &mut Oracle, created: Fact) {
        let What::Created { campaign, .. } = created.what else {
            return;
        };
        let part = 1.max(created.amount / 3);
        let amounts = match self.random.random_range(0..4) {
            0 => vec![part],
            1 => vec![part, part, 1],
            2 => vec![created.amount],
            _ => vec![created.amount, part],
        };
        for amount in amounts {
            let elsewhere = self.random.random_bool(0.05);
            let named = if elsewhere {
                (campaign + 7) % CAMPAIGNS
            } else {
                campaign
            };
            let refund = Fact {
                what: What::Refunded { named },
                amount,
                identity: self.identity(0.9),
                ..created
            };
            if self.random.random_bool(0.02) {
                let other = Fact {
                    amount: amount % 50_000 + 1,
                    ..refund
                };
                self.tell_rivals(oracle, refund, other, Rivalry::EventId);
            } else {
                self.tell(oracle, refund);
            }
        }
    }

    fn tell_payment(&mut self, oracle: &mut Oracle, what: What, created: Fact, share: f64) {
        if self.random.random_bool(share) {
            let identity = self.identity(0.3);
            self.tell(
                oracle,
                Fact {
                    what,
                    identity,
                    ..created
                },
            );
        }
    }

    fn tell(&mut self, oracle: &mut Oracle, fact: Fact) {
        let number = oracle.expect(fact);
        self.publish(fact, number);
    }

    /// Two events of which the service can accept only one. Without an id of its own neither could be named.
    fn tell_rivals(&mut self, oracle: &mut Oracle, one: Fact, mut other: Fact, rivalry: Rivalry) {
        let mut one = one;
        if one.identity == Identity::Derived {
            one.identity = Identity::Envelope(self.next_id());
        }
        if rivalry == Rivalry::EventId {
            other.identity = one.identity;
        }
        let numbers = oracle.expect_one_of([one, other], rivalry);
        for (fact, number) in [one, other].into_iter().zip(numbers) {
            for message in self.publish(fact, number) {
                oracle.may_be_refused(&message, number);
            }
        }
    }

    fn tell_poison(&mut self, oracle: &mut Oracle) {
        let number = self.next_id();
        let poisoned = poison::brew(number, &mut self.random);
        let copies = 1 + u32::from(self.random.random_bool(0.2));
        oracle.expect_dead_letter(&poisoned);
        let mended = poisoned.is_named() && self.random.random_bool(MENDED);
        for _ in 0..copies {
            self.window.push(poisoned.message.clone());
        }
        self.copies += u64::from(copies - 1);
        if mended {
            let identity = Identity::Envelope(number);
            let fact = Fact {
                identity,
                ..self.creation()
            };
            self.tell(oracle, fact);
        }
    }

    /// Puts an event and its copies, alike or in another spelling, into the window, and shows them.
    fn publish(&mut self, fact: Fact, number: usize) -> Vec<Message> {
        let plain = spell(&fact, number, None);
        let mut messages = vec![plain.clone()];
        while self.random.random_bool(COPIES) {
            self.copies += 1;
            messages.push(if self.random.random_bool(0.5) {
                plain.clone()
            } else {
                spell(&fact, number, Some(&mut self.random))
            });
        }
        self.window.extend_from_slice(&messages);
        messages
    }

    /// An id in an envelope in this share of cases; else one beside the body, or none.
    fn identity(&mut self, enveloped: f64) -> Identity {
        if self.random.random_bool(enveloped) {
            Identity::Envelope(self.next_id())
        } else if self.random.random_bool(0.5) {
            Identity::MessageId(self.next_id())
        } else {
            Identity::Derived
        }
    }

    fn next_id(&mut self) -> u32 {
        self.ids += 1;
        self.ids
    }

    fn next_donation(&mut self) -> u32 {
        self.donations += 1;
        self.donations
    }
}

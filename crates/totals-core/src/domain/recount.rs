//! A campaign counted anew from its logged events: the check on the totals that were kept.
//!
//! The fold ([`super::fold`]) keeps state and moves totals by differences, batch by batch. A recount keeps none and
//! knows no effects: it gathers what the log says of each donation, and sums at the end. It shares only
//! [`Donation`]'s definition of a contribution with the fold, so an error in either shows as a difference.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::{Creation, Donation, DonationId, History, Money, Timestamp, Totals};

/// What the log says of the donations of one campaign.
#[derive(Debug, Default)]
pub struct Recount {
    donations: HashMap<DonationId, Donation>,
}

/// Two log rows that cannot both have been applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// Two creations of one donation that differ.
    #[error("donationId {0} was created before with another amount, campaign or donor")]
    CreatedTwice(DonationId),
}

impl Recount {
    /// Counts a creation, which says that the donation was made `at` this time.
    ///
    /// # Errors
    /// [`Contradiction`] if the donation was created before and otherwise; this one is not counted then.
    pub fn created(
        &mut self,
        id: DonationId,
        creation: Creation,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        match self.donations.entry(id) {
            Entry::Occupied(known) if known.get().creation.as_ref().is_some_and(|it| *it != creation) => {
                Err(Contradiction::CreatedTwice(known.key().clone()))
            }
            entry => {
                let donation = entry.or_default();
                donation.creation = Some(creation);
                donation.at = Some(donation.at.map_or(at, |earlier| earlier.min(at)));
                Ok(())
            }
        }
    }

    /// Counts a refund, before or after the creation.
    pub fn refunded(&mut self, id: DonationId, amount: Money) {
        let donation = self.donations.entry(id).or_default();
        donation.refunded = donation.refunded.saturating_add(amount);
    }

    /// What the donations are booked with, each at the earliest time of its creations.
    pub fn history(&self) -> History {
        let mut history = History::default();
        self.donations
            .values()
            .for_each(|donation| history.book(donation));
        history
    }

    /// The donations, each as its events leave it.
    pub fn donations(&self) -> &HashMap<DonationId, Donation> {
        &self.donations
    }

    /// The donations, without the recount.
    pub fn into_donations(self) -> HashMap<DonationId, Donation> {
        self.donations
    }

    /// The totals that the donations add up to; `None` if no donation was created.
    pub fn totals(&self) -> Option<Totals> {
        let mut created = self
            .donations
            .values()
            .filter_map(|donation| Some((donation, donation.creation.as_ref()?)))
            .peekable();
        created.peek()?;
        let (mut amount, mut pledges, mut donors) = (0, 0, HashSet::new());
        for (donation, creation) in created.filter(|(donation, _)| donation.is_live()) {
            amount = donation.contribution().minor().saturating_add(amount);
            pledges += 1;
            donors.extend(&creation.donor);
        }
        Some(Totals {
            amount: Money::from_minor(amount),
            pledges,
            // A count of donors is far below 2^63.
            donors: i64::try_from(donors.len()).unwrap_or(i64::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Booking, Slot};

    fn id(text: &str) -> DonationId {
        text.try_into().unwrap()
    }

    fn creation(donor: Option<&str>, minor: i64) -> Creation {
        Creation {
            campaign: "c".try_into().unwrap(),
            donor: donor.map(|donor| donor.try_into().unwrap()),
            amount: Money::from_minor(minor),
        }
    }

    fn minute(number: i64) -> Timestamp {
        Timestamp::from_unix_millis(number * 60_000).unwrap()
    }

    #[test]
    fn donations_are_summed_after_their_refunds_whatever_the_order() {
        let mut recount = Recount::default();
        assert_eq!(recount.totals(), None);
        recount.refunded(id("d1"), Money::from_minor(40));
        assert_eq!(recount.totals(), None, "a refund alone makes no totals");
        let mut created = |donation, creation, minutes| {
            recount.created(id(donation), creation, minute(minutes)).unwrap();
        };
        created("d1", creation(Some("ada"), 100), 40);
        created("d1", creation(Some("ada"), 100), 10);
        created("d1", creation(Some("ada"), 100), 20);
        created("d2", creation(Some("ada"), 5), 15);
        created("d3", creation(Some("bob"), 7), 0);
        recount.refunded(id("d3"), Money::from_minor(70));
        let totals = recount.totals().unwrap();
        assert_eq!((totals.amount.minor(), totals.pledges, totals.donors), (65, 2, 1));
        let booked = |quarter, amount_minor| {
            let booking = Booking {
                amount_minor,
                pledges: 1,
            };
            (Slot { day: 0, quarter }, booking)
        };
        let history = History::from_iter([booked(0, 60), booked(1, 5)]);
        assert_eq!(
            recount.history(),
            history,
            "each at the earliest time that was told"
        );
    }

    #[test]
    fn a_donation_created_in_two_ways_is_a_contradiction_and_the_first_counts() {
        let mut recount = Recount::default();
        recount.created(id("d"), creation(None, 1), minute(0)).unwrap();
        let second = recount.created(id("d"), creation(None, 2), minute(0));
        assert_eq!(second, Err(Contradiction::CreatedTwice(id("d"))));
        assert_eq!(recount.totals().unwrap().amount.minor(), 1);
    }
}

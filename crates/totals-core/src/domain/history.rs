//! Totals over time: in which quarter of an hour each donation is booked, and what is booked there.
//!
//! A donation is booked at its own time, with its contribution ([`Donation`]). So the bookings of a slot are a sum over the
//! donations of that slot, as the totals are a sum over all donations: no order of events makes a difference, and the slots
//! add up to the totals. A refund takes from the slot of its donation, whenever it comes.
//!
//! Slots are of UTC. Every zone's days and hours begin at a quarter of an hour of UTC today, so a reader can put the slots
//! together to the days of any zone.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::{Donation, Timestamp};

/// How long a slot is.
const SLOT_MILLIS: i64 = 15 * 60 * 1000;

/// Slots in a day.
pub const SLOTS_A_DAY: u8 = 96;

/// The first and the last day that a [`Timestamp`] can lie in, as days since 1970-01-01.
pub const DAYS: std::ops::RangeInclusive<i32> = -719_528..=2_932_896;

/// A quarter of an hour of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Days since 1970-01-01 in UTC, negative before; one of [`DAYS`].
    pub day: i32,
    /// Which quarter of an hour of the day, from 0 to 95.
    pub quarter: u8,
}

impl Slot {
    /// The slot that the moment lies in.
    pub fn of(moment: Timestamp) -> Self {
        let slots = moment.unix_millis().div_euclid(SLOT_MILLIS);
        let (day, quarter) = (
            slots.div_euclid(i64::from(SLOTS_A_DAY)),
            slots.rem_euclid(i64::from(SLOTS_A_DAY)),
        );
        // A timestamp lies in the years 0 to 9999, whose days are few millions.
        Self {
            day: i32::try_from(day).unwrap_or_default(),
            quarter: u8::try_from(quarter).unwrap_or_default(),
        }
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        let slots = i64::from(self.day) * i64::from(SLOTS_A_DAY) + i64::from(self.quarter);
        // A slot made by hand may lie out of the years that can be written.
        Timestamp::from_unix_millis(slots * SLOT_MILLIS).unwrap_or(if self.day < 0 {
            Timestamp::EARLIEST
        } else {
            Timestamp::LATEST
        })
    }
}

/// What is booked in a slot, or a change of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Booking {
    /// What its donations contribute, in minor units.
    pub amount_minor: i64,
    /// How many of them contribute.
    pub pledges: i64,
}

impl Booking {
    /// What a donation adds to its slot.
    pub fn of(donation: &Donation) -> Self {
        Self {
            amount_minor: donation.contribution().minor(),
            pledges: i64::from(donation.is_live()),
        }
    }

    /// Returns true if nothing is booked.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// The same, taken away.
    #[must_use]
    pub fn negated(self) -> Self {
        Self {
            amount_minor: self.amount_minor.saturating_neg(),
            pledges: self.pledges.saturating_neg(),
        }
    }
}

impl AddAssign for Booking {
    fn add_assign(&mut self, other: Self) {
        // Sums of amounts of at most 10^12 each are far within i64. What somebody has stored by hand may be anything.
        self.amount_minor = self.amount_minor.saturating_add(other.amount_minor);
        self.pledges = self.pledges.saturating_add(other.pledges);
    }
}

/// Bookings by their slot, in the order of time. A slot that is not there has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History(BTreeMap<Slot, Booking>);

impl History {
    /// Adds to a slot.
    pub fn add(&mut self, slot: Slot, booking: Booking) {
        if booking.is_none() {
            return;
        }
        let booked = self.0.entry(slot).or_default();
        *booked += booking;
        if booked.is_none() {
            self.0.remove(&slot);
        }
    }

    /// Adds all of another history.
    pub fn add_all(&mut self, other: &Self) {
        other.iter().for_each(|(slot, booking)| self.add(slot, booking));
    }

    /// Adds what a donation is booked with. A donation that has no time is booked nowhere.
    pub fn book(&mut self, donation: &Donation) {
        if let Some(at) = donation.at {
            self.add(Slot::of(at), Booking::of(donation));
        }
    }

    /// Takes away what a donation is booked with.
    pub fn unbook(&mut self, donation: &Donation) {
        if let Some(at) = donation.at {
            self.add(Slot::of(at), Booking::of(donation).negated());
        }
    }

    /// What has to be added to this history to make it the other one.
    #[must_use]
    pub fn difference_to(&self, other: &Self) -> Self {
        let mut difference = other.clone();
        for (slot, booking) in self.iter() {
            difference.add(slot, booking.negated());
        }
        difference
    }

    /// The slots in which anything is booked.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, Booking)> {
        self.0.iter().map(|(slot, booking)| (*slot, *booking))
    }

    /// The slots of one day.
    pub fn day(&self, day: i32) -> impl Iterator<Item = (Slot, Booking)> {
        let slots = Slot { day, quarter: 0 }..=Slot {
            day,
            quarter: u8::MAX,
        };
        self.0.range(slots).map(|(slot, booking)| (*slot, *booking))
    }

    /// The days on which anything is booked.
    pub fn days(&self) -> impl Iterator<Item = i32> {
        let mut last = None;
        self.0.keys().filter_map(move |slot| {
            let is_next = last.replace(slot.day) != Some(slot.day);
            is_next.then_some(slot.day)
        })
    }

    /// Returns true if nothing is booked in any slot.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Slot, Booking)> for History {
    fn from_iter<I: IntoIterator<Item = (Slot, Booking)>>(bookings: I) -> Self {
        let mut history = Self::default();
        bookings
            .into_iter()
            .for_each(|(slot, booking)| history.add(slot, booking));
        history
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(text: &str) -> (i32, u8) {
        let Slot { day, quarter } = Slot::of(Timestamp::parse(text).unwrap());
        (day, quarter)
    }

    #[test]
    fn a_slot_is_a_quarter_of_an_hour_of_a_day_of_utc() {
        for (moment, expected) in [
            ("1970-01-01T00:00:00.000Z", (0, 0)),
            ("1970-01-01T00:14:59.999Z", (0, 0)),
            ("1970-01-01T00:15:00.000Z", (0, 1)),
            ("1970-01-01T23:59:59.999Z", (0, 95)),
            ("1969-12-31T23:59:59.999Z", (-1, 95)),
            ("1969-12-31T00:00:00.000Z", (-1, 0)),
            ("2025-11-21T09:20:00.000Z", (20_413, 37)),
            ("0000-01-01T00:00:00.000Z", (*DAYS.start(), 0)),
            ("9999-12-31T23:59:59.999Z", (*DAYS.end(), 95)),
        ] {
            assert_eq!(slot(moment), expected, "{moment}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_moment_lies_in_its_slot(millis in Timestamp::EARLIEST.unix_millis()..=Timestamp::LATEST.unix_millis()) {
            let slot = Slot::of(Timestamp::from_unix_millis(millis).unwrap());
            let start = slot.start().unix_millis();
            proptest::prop_assert!(start <= millis && millis < start + SLOT_MILLIS);
            proptest::prop_assert!(DAYS.contains(&slot.day) && slot.quarter < SLOTS_A_DAY);
            proptest::prop_assert_eq!(Slot::of(slot.start()), slot);
        }
    }

    #[test]
    fn a_slot_of_which_nothing_is_left_is_no_booking() {
        let [first, second] = [0, 3].map(|quarter| Slot { day: 7, quarter });
        let booking = |amount_minor| Booking {
            amount_minor,
            pledges: 1,
        };
        let mut history = History::from_iter([(first, booking(5)), (second, booking(7))]);
        assert_eq!(history.days().collect::<Vec<_>>(), [7]);
        history.add(first, booking(5).negated());
        assert_eq!(history.day(7).collect::<Vec<_>>(), [(second, booking(7))]);
        let other = History::from_iter([(first, booking(1)), (second, booking(7))]);
        let difference = history.difference_to(&other);
        assert_eq!(difference, History::from_iter([(first, booking(1))]));
        history.add_all(&difference);
        assert_eq!(history, other);
    }
}

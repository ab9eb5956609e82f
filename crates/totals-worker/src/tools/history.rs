//! Days of the history as they are shown.

use std::fmt;

use serde::Serialize;
use totals_core::domain::money::DecimalNumber;
use totals_core::domain::{Booking, Currency, History, Money, Slot, Timestamp};
use totals_core::store::DayDifference;

/// What is booked in a slot.
#[derive(Debug, Clone, Serialize)]
pub struct ShownSlot {
    /// The slot's first moment.
    slot: Timestamp,
    amount: DecimalNumber,
    pledges: i64,
}

/// The slots of a day that differ, as they are stored and as they should be.
#[derive(Debug, Clone, Serialize)]
pub struct ShownSlots {
    stored: Vec<ShownSlot>,
    expected: Vec<ShownSlot>,
}

impl ShownSlots {
    /// Shows amounts in the service's currency.
    pub fn new(difference: &DayDifference, currency: Currency) -> Self {
        let differing = difference.stored.difference_to(&difference.expected);
        let slots: Vec<Slot> = differing.iter().map(|(slot, _)| slot).collect();
        let shown = |history: &History| {
            let booked = |slot: &Slot| {
                let booking = history.day(slot.day).find(|(it, _)| it == slot);
                ShownSlot::new(*slot, booking.map(|(_, it)| it).unwrap_or_default(), currency)
            };
            slots.iter().map(booked).collect()
        };
        Self {
            stored: shown(&difference.stored),
            expected: shown(&difference.expected),
        }
    }
}

impl ShownSlot {
    fn new(slot: Slot, booking: Booking, currency: Currency) -> Self {
        Self {
            slot: slot.start(),
            amount: currency.format(Money::from_minor(booking.amount_minor)),
            pledges: booking.pledges,
        }
    }
}

impl fmt::Display for ShownSlots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((stored, expected)) = self.stored.first().zip(self.expected.first()) else {
            return f.write_str("a document of nothing that is known");
        };
        write!(
            f,
            "{}: stored {} from {} pledges; it should be {} from {}",
            stored.slot, stored.amount, stored.pledges, expected.amount, expected.pledges
        )?;
        match self.stored.len() {
            1 => Ok(()),
            slots => write!(f, " (and {} more slots of that day)", slots - 1),
        }
    }
}

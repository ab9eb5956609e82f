//! A campaign's totals and what one event changes of them.

use std::ops::{Add, AddAssign};

use super::Money;

/// What donors see of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// The sum of every donation's contribution.
    pub amount: Money,
    /// Donations that contribute.
    pub pledges: i64,
    /// Distinct donors with at least one contributing donation.
    pub donors: i64,
}

/// A signed change of a campaign's totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effect {
    /// Change of the amount, in minor units.
    pub amount_minor: i64,
    /// Change of the count of pledges.
    pub pledges: i64,
    /// Change of the count of donors.
    pub donors: i64,
}

impl Effect {
    /// The effect of an event that moves nothing.
    pub const NONE: Self = Self {
        amount_minor: 0,
        pledges: 0,
        donors: 0,
    };

    /// Returns true if nothing moves.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

impl AddAssign for Effect {
    fn add_assign(&mut self, other: Self) {
        // A batch sums thousands of amounts of at most 10^12 each: far within i64. Effects that somebody has damaged in
        // the log may be anything.
        self.amount_minor = self.amount_minor.saturating_add(other.amount_minor);
        self.pledges = self.pledges.saturating_add(other.pledges);
        self.donors = self.donors.saturating_add(other.donors);
    }
}

impl Add<Effect> for Totals {
    type Output = Self;

    fn add(self, effect: Effect) -> Self {
        Self {
            amount: Money::from_minor(self.amount.minor().saturating_add(effect.amount_minor)),
            pledges: self.pledges.saturating_add(effect.pledges),
            donors: self.donors.saturating_add(effect.donors),
        }
    }
}

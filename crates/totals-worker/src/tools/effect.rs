//! What an event changes of a campaign's totals, as the tools show it.

use std::fmt;

use serde::Serialize;
use totals_core::domain::money::DecimalNumber;
use totals_core::domain::{Currency, Effect, Money};

/// An effect with its amount in major units.
#[derive(Debug, Serialize)]
pub struct ShownEffect {
    pub amount: DecimalNumber,
    pub pledges: i64,
    pub donors: i64,
}

impl ShownEffect {
    /// The effect in a currency.
    pub fn new(effect: Effect, currency: Currency) -> Self {
        Self {
            amount: currency.format(Money::from_minor(effect.amount_minor)),
            pledges: effect.pledges,
            donors: effect.donors,
        }
    }
}

impl fmt::Display for ShownEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            amount,
            pledges,
            donors,
        } = self;
        write!(f, "{amount} / {pledges:+} pledges / {donors:+} donors")
    }
}

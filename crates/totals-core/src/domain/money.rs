//! Money as an exact count of minor units, and the currencies that have these.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// The largest amount one event may carry, in minor units.
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;

/// An amount above zero and at most [`MAX_AMOUNT_MINOR`], or a sum of such amounts, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of `minor` minor units.
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// The count of minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The sum, held at the largest `i64`; adding positive amounts thereby stays independent of their order.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of `self` after `other` is taken away, and nothing if that is less than nothing. Of a damaged
    /// donation `other` may be negative: what is left is held at the largest `i64` as well.
    #[must_use]
    pub const fn minus_clamped(self, other: Self) -> Self {
        if other.0 >= self.0 {
            Self::ZERO
        } else {
            Self(self.0.saturating_sub(other.0))
        }
    }
}

/// A text that names no currency with minor units.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be an ISO 4217 currency code such as USD, EUR or JPY")]
pub struct InvalidCurrency;

/// The service's one currency (ISO 4217).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency(iso_currency::Currency, u8);

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(code: &str) -> Result<Self, InvalidCurrency> {
        let currency = iso_currency::Currency::from_code(code).ok_or(InvalidCurrency)?;
        // Gold, testing codes and the like have no minor unit: nobody donates in them.
        let decimals = currency.exponent().ok_or(InvalidCurrency)?;
        Ok(Self(
            currency,
            u8::try_from(decimals).map_err(|_| InvalidCurrency)?,
        ))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Currency {
    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Decimal digits of the minor unit: 2 for USD, 0 for JPY.
    pub fn decimals(self) -> u8 {
        self.1
    }

    /// The exact decimal number in JSON, in major units and without trailing zeros: `5000.5`.
    pub fn format(self, amount: Money) -> DecimalNumber {
        self.format_sum(amount.0.into())
    }

    /// The same of a sum of many campaigns' amounts, in minor units: it may be beyond what [`Money`] holds.
    pub fn format_sum(self, minor: i128) -> DecimalNumber {
        DecimalNumber::new(minor, self.1)
    }
}

/// A decimal number that is displayed and serialised as a JSON number, digit for digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecimalNumber {
    minor: i128,
    decimals: u32,
}

impl DecimalNumber {
    /// So many units of the last of some decimals: 5001 with 2 decimals is 50.01.
    pub fn new(minor: i128, decimals: u8) -> Self {
        Self {
            minor,
            decimals: decimals.into(),
        }
    }
}

/// A number without its last digit, and that digit. Dividing the wide type takes several times as long as the narrow one.
fn split_last_digit(number: u128) -> (u128, u8) {
    let (rest, digit) = match u64::try_from(number) {
        Ok(narrow) => ((narrow / 10).into(), (narrow % 10).into()),
        Err(_) => (number / 10, number % 10),
    };
    (rest, u8::try_from(digit).unwrap_or_default())
}

impl fmt::Display for DecimalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From its last digit to its first, by hand: every answer has one. At most 39 digits, a point and a sign.
        let mut text = [0; 44];
        let mut start = text.len();
        let mut put = |byte| {
            start -= 1;
            text[start] = byte;
        };
        let (mut rest, mut decimals) = (self.minor.unsigned_abs(), self.decimals);
        while decimals > 0
            && let (shorter, 0) = split_last_digit(rest)
        {
            (rest, decimals) = (shorter, decimals - 1);
        }
        let mut place = 0;
        while rest > 0 || place <= decimals {
            if place == decimals && decimals > 0 {
                put(b'.');
            }
            let (shorter, digit) = split_last_digit(rest);
            put(b'0' + digit);
            (rest, place) = (shorter, place + 1);
        }
        if self.minor < 0 {
            put(b'-');
        }
        f.write_str(std::str::from_utf8(&text[start..]).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for DecimalNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

#[cfg(test)]
mod tests;

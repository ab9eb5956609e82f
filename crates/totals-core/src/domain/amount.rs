//! How the amount of an event is read: exactly, from the number's own text, and never through floating point.
//!
//! Producers compute amounts in binary floating point, so `0.1 + 0.2` arrives as `0.30000000000000004`. That is
//! noise and means 0.30; `1.005` USD is a third decimal that someone meant and that cannot be represented. The
//! line between the two: a double carries 15 significant decimal digits faithfully (C's `DBL_DIG`), so digits
//! from the 16th on are rounded away and whatever still exceeds the minor unit is real.
//!
//! [`Precision`] decides what becomes of real excess. Where it is rounded, the first 15 digits decide, as everywhere:
//! `2.675` and `2.67499999999999982`, which some languages print for the same double, are the same tie, and both are
//! 2.68. Rounding the longer text at once would count one amount in two ways.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde_json::value::RawValue;

use super::excerpt::excerpt;
use super::money::{Currency, MAX_AMOUNT_MINOR, Money};
use super::number_text::NumberText;

/// Decimal digits that a double carries faithfully (C's `DBL_DIG`).
const FAITHFUL_DIGITS: usize = 15;

/// How amounts are read. All processes that read events into a database, or out of its log, have the same rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountRules {
    /// The one currency of all amounts.
    pub currency: Currency,
    /// What becomes of an amount that is finer than the minor unit.
    pub precision: Precision,
}

/// What becomes of an amount that is finer than the currency's minor unit, beyond float noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// It is refused.
    Reject,
    /// It is rounded to the minor unit, and to the even one of two that are equally near.
    HalfEven,
}

impl Precision {
    /// The name, as in `AMOUNT_PRECISION`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::HalfEven => "half-even",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no [`Precision`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be reject or half-even")]
pub struct InvalidPrecision;

impl FromStr for Precision {
    type Err = InvalidPrecision;

    fn from_str(name: &str) -> Result<Self, InvalidPrecision> {
        [Self::Reject, Self::HalfEven]
            .into_iter()
            .find(|precision| precision.name() == name)
            .ok_or(InvalidPrecision)
    }
}

/// Why an amount is not accepted. `Display` completes the sentence "amount …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAmount {
    /// Neither a JSON number nor a string that holds one.
    #[error("must be a decimal number, got `{0}`")]
    NotANumber(String),
    /// Zero or below.
    #[error("must be greater than 0, got {0}")]
    NotPositive(String),
    /// More decimals than the currency has, beyond float noise.
    #[error("must have at most {allowed} decimals in {currency}, got {text}")]
    TooPrecise {
        /// The amount as it was sent, shortened.
        text: String,
        /// Decimals of the currency.
        allowed: u8,
        /// ISO 4217 code.
        currency: &'static str,
    },
    /// Rounded to the minor unit, nothing is left.
    #[error("must be greater than 0 when it is rounded to {allowed} decimals in {currency}, got {text}")]
    RoundsToZero {
        /// The amount as it was sent, shortened.
        text: String,
        /// Decimals of the currency.
        allowed: u8,
        /// ISO 4217 code.
        currency: &'static str,
    },
    /// Above [`MAX_AMOUNT_MINOR`].
    #[error("must be at most {MAX_AMOUNT_MINOR} minor units, got {0}")]
    TooLarge(String),
}

impl AmountRules {
    /// Reads a donation's or refund's amount from the JSON value's own text: a number, or a string holding one.
    ///
    /// # Errors
    /// [`InvalidAmount`] if it is no number, not above zero, too large, or finer than the rules allow.
    pub fn parse(self, value: &RawValue) -> Result<Money, InvalidAmount> {
        self.parse_decimal(&decimal_text(value)?)
    }

    /// As [`AmountRules::parse`], of an amount that may be 0 for none.
    ///
    /// # Errors
    /// As [`AmountRules::parse`].
    pub fn parse_or_none(self, value: &RawValue) -> Result<Option<Money>, InvalidAmount> {
        let text = decimal_text(value)?;
        match Decimal::parse(&text) {
            Some(decimal) if decimal.digits == 0 => Ok(None),
            _ => self.parse_decimal(&text).map(Some),
        }
    }

    /// As [`AmountRules::parse`], from a decimal's plain text.
    fn parse_decimal(self, text: &str) -> Result<Money, InvalidAmount> {
        let decimal = Decimal::parse(text).ok_or_else(|| InvalidAmount::NotANumber(excerpt(text)))?;
        if decimal.negative || decimal.digits == 0 {
            return Err(InvalidAmount::NotPositive(excerpt(text)));
        }
        let exponent = decimal
            .exponent
            .saturating_add(i64::from(self.currency.decimals()));
        let minor = if exponent < 0 {
            Some(self.rounded(decimal.digits, exponent.unsigned_abs(), text)?)
        } else {
            u32::try_from(exponent)
                .ok()
                .and_then(|exponent| 10_i64.checked_pow(exponent))
                .and_then(|scale| decimal.digits.checked_mul(scale))
        };
        minor
            .filter(|minor| *minor <= MAX_AMOUNT_MINOR)
            .map(Money::from_minor)
            .ok_or_else(|| InvalidAmount::TooLarge(excerpt(text)))
    }

    /// What the rules make of `digits` whose last `excess` ones, which are not all zero, are below the minor unit.
    fn rounded(self, digits: i64, excess: u64, text: &str) -> Result<i64, InvalidAmount> {
        let (text, allowed, currency) = (excerpt(text), self.currency.decimals(), self.currency.code());
        match self.precision {
            Precision::Reject => Err(InvalidAmount::TooPrecise {
                text,
                allowed,
                currency,
            }),
            Precision::HalfEven => match half_even(digits, excess) {
                0 => Err(InvalidAmount::RoundsToZero {
                    text,
                    allowed,
                    currency,
                }),
                minor => Ok(minor),
            },
        }
    }
}

/// The decimal's text, of a JSON number or a string that holds one.
fn decimal_text(value: &RawValue) -> Result<Cow<'_, str>, InvalidAmount> {
    let json = value.get();
    if !json.starts_with('"') {
        return Ok(json.into());
    }
    let text: Result<String, _> = serde_json::from_str(json);
    text.map(Cow::Owned)
        .map_err(|_| InvalidAmount::NotANumber(excerpt(json)))
}

/// `digits × 10^-excess`, rounded to a whole number, and to the even one of two that are equally near. `digits` has
/// [`FAITHFUL_DIGITS`] at most, so that doubling its rest cannot overflow.
fn half_even(digits: i64, excess: u64) -> i64 {
    let Some(unit) = u32::try_from(excess)
        .ok()
        .and_then(|excess| 10_i64.checked_pow(excess))
    else {
        return 0;
    };
    let (whole, rest) = (digits / unit, digits % unit);
    let is_up = match (rest * 2).cmp(&unit) {
        Ordering::Less => false,
        Ordering::Equal => whole % 2 == 1,
        Ordering::Greater => true,
    };
    whole + i64::from(is_up)
}

/// `digits × 10^exponent`, rounded to [`FAITHFUL_DIGITS`] and without trailing zeros.
struct Decimal {
    negative: bool,
    digits: i64,
    exponent: i64,
}

impl Decimal {
    /// Reads the grammar of a JSON number (RFC 8259, section 6), in one pass over the text.
    fn parse(text: &str) -> Option<Self> {
        let NumberText {
            negative,
            whole,
            fraction,
            exponent,
        } = NumberText::parse(text)?;
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if leading_zero || fraction == Some("") {
            return None;
        }
        let fraction = fraction.unwrap_or_default();

        let mut digits = 0_i64;
        let mut kept = 0;
        let mut dropped = 0_i64;
        let mut round_up = false;
        for digit in whole
            .bytes()
            .chain(fraction.bytes())
            .map(|byte| i64::from(byte - b'0'))
        {
            if kept < FAITHFUL_DIGITS {
                digits = digits * 10 + digit;
                kept += usize::from(digits != 0);
            } else {
                round_up |= dropped == 0 && digit >= 5;
                dropped += 1;
            }
        }
        digits += i64::from(round_up);
        let mut exponent = exponent
            .saturating_add(dropped)
            .saturating_sub(i64::try_from(fraction.len()).unwrap_or(i64::MAX));
        while digits != 0 && digits % 10 == 0 {
            digits /= 10;
            exponent = exponent.saturating_add(1);
        }
        Some(Self {
            negative,
            digits,
            exponent,
        })
    }
}

#[cfg(test)]
mod tests;

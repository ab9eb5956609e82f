//! Money as an exact count of minor units, read from a number's own text and never through floating point.
//!
//! Producers compute amounts in binary floating point, so `0.1 + 0.2` arrives as `0.30000000000000004`. That is
//! noise and means 0.30; `1.005` USD is a third decimal that someone meant and that cannot be represented. The
//! line between the two: a double carries 15 significant decimal digits faithfully (C's `DBL_DIG`), so digits
//! from the 16th on are rounded away and whatever still exceeds the minor unit is real.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::excerpt::excerpt;

/// The largest amount one event may carry, in minor units.
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;

/// Decimal digits that a double carries faithfully (C's `DBL_DIG`).
const FAITHFUL_DIGITS: usize = 15;

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

/// Why an amount is not accepted. `Display` completes the sentence "amount …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAmount {
    /// Neither a JSON number nor a string that holds one.
    #[error("must be a decimal number, got {0}")]
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
    /// Above [`MAX_AMOUNT_MINOR`].
    #[error("must be at most {MAX_AMOUNT_MINOR} minor units, got {0}")]
    TooLarge(String),
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

    /// Reads a donation's or refund's amount from the JSON value's own text: a number, or a string holding one.
    ///
    /// # Errors
    /// [`InvalidAmount`] if it is no number, not above zero, too large, or finer than the minor unit.
    pub fn parse_amount(self, value: &RawValue) -> Result<Money, InvalidAmount> {
        let json = value.get();
        if json.starts_with('"') {
            let text: String =
                serde_json::from_str(json).map_err(|_| InvalidAmount::NotANumber(excerpt(json)))?;
            self.parse_decimal(&text)
        } else {
            self.parse_decimal(json)
        }
    }

    /// As [`Currency::parse_amount`], from a decimal's plain text.
    fn parse_decimal(self, text: &str) -> Result<Money, InvalidAmount> {
        let decimal = Decimal::parse(text).ok_or_else(|| InvalidAmount::NotANumber(excerpt(text)))?;
        if decimal.negative || decimal.digits == 0 {
            return Err(InvalidAmount::NotPositive(excerpt(text)));
        }
        let exponent = decimal.exponent.saturating_add(i64::from(self.1));
        if exponent < 0 {
            return Err(InvalidAmount::TooPrecise {
                text: excerpt(text),
                allowed: self.1,
                currency: self.code(),
            });
        }
        u32::try_from(exponent)
            .ok()
            .and_then(|exponent| 10_i64.checked_pow(exponent))
            .and_then(|scale| decimal.digits.checked_mul(scale))
            .filter(|minor| *minor <= MAX_AMOUNT_MINOR)
            .map(Money)
            .ok_or_else(|| InvalidAmount::TooLarge(excerpt(text)))
    }

    /// The exact decimal number in JSON, in major units and without trailing zeros: `5000.5`.
    pub fn format(self, amount: Money) -> DecimalNumber {
        DecimalNumber {
            minor: amount.0,
            decimals: self.1.into(),
        }
    }
}

/// A decimal number that is displayed and serialised as a JSON number, digit for digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecimalNumber {
    minor: i64,
    decimals: u32,
}

impl fmt::Display for DecimalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u64.pow(self.decimals);
        let minor = self.minor.unsigned_abs();
        if self.minor < 0 {
            f.write_str("-")?;
        }
        write!(f, "{}", minor / unit)?;
        let (mut fraction, mut digits) = (minor % unit, self.decimals as usize);
        if fraction == 0 {
            return Ok(());
        }
        while fraction % 10 == 0 {
            (fraction, digits) = (fraction / 10, digits - 1);
        }
        write!(f, ".{fraction:0digits$}")
    }
}

impl Serialize for DecimalNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
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
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }

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

/// Reads a JSON exponent; one beyond `i64` is as good as the largest.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits.parse().unwrap_or(i64::MAX / 2);
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

#[cfg(test)]
mod tests;

//! The parts of a decimal number's text, as JSON writes numbers (RFC 8259, section 6). Amounts, ids and moments are read from
//! them digit for digit, each by its own rule.

/// A sign, digits, a fraction and an exponent: `-12.50e3`.
pub(super) struct NumberText<'a> {
    /// True if a minus stands before it.
    pub negative: bool,
    /// The digits before the point, at least one.
    pub whole: &'a str,
    /// The digits behind the point, if there is one.
    pub fraction: Option<&'a str>,
    /// The power of ten; one beyond `i64` is as good as the largest.
    pub exponent: i64,
}

impl<'a> NumberText<'a> {
    /// Splits a text; `None` if it is no number.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let valid = !whole.is_empty() && all_digits(whole) && fraction.is_none_or(all_digits);
        valid.then_some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !all_digits(digits) {
        return None;
    }
    let magnitude = digits.parse().unwrap_or(i64::MAX / 2);
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

//! JSON numbers that are ids or moments, read digit for digit: floating point would change some of them.

use std::borrow::Cow;

use crate::domain::number_text::NumberText;

/// `0.digits × 10^point`, with neither leading nor trailing zeros among the digits; no digits are zero.
pub(super) struct Number<'a> {
    /// Its text, if that is a sign and digits alone.
    plain: Option<&'a str>,
    negative: bool,
    digits: String,
    point: i64,
}

impl<'a> Number<'a> {
    /// Reads the text of a number that a JSON parser has let pass.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let NumberText {
            negative,
            whole,
            fraction,
            exponent,
        } = NumberText::parse(text)?;
        let digits = [whole, fraction.unwrap_or_default()].concat();
        let significant = digits.trim_start_matches('0');
        let leading = digits.len() - significant.len();
        let point = exponent
            .saturating_add(i64::try_from(whole.len()).ok()?)
            .saturating_sub(i64::try_from(leading).ok()?);
        let plain = (text.len() == whole.len() + usize::from(negative)).then_some(text);
        Some(Self {
            plain,
            negative,
            digits: significant.trim_end_matches('0').to_owned(),
            point,
        })
    }

    /// Its decimal digits if it is a whole number: `1e3` is `1000`. One that would have more than `most` bytes gives the
    /// number of bytes instead. `None` if it has a fraction.
    pub(super) fn whole(&self, most: usize) -> Option<Result<Cow<'a, str>, usize>> {
        if self.digits.is_empty() {
            return Some(Ok("0".into()));
        }
        let length = usize::try_from(self.point).unwrap_or(if self.point < 0 { 0 } else { usize::MAX });
        if length < self.digits.len() {
            return None;
        }
        let bytes = length.saturating_add(usize::from(self.negative));
        if bytes > most {
            return Some(Err(bytes));
        }
        if let Some(plain) = self.plain {
            return Some(Ok(plain.into()));
        }
        let sign = if self.negative { "-" } else { "" };
        Some(Ok(format!("{sign}{:0<length$}", self.digits).into()))
    }

    /// A thousand times its value, without the part behind the point; `None` if that is not below 10^18.
    pub(super) fn thousandths(&self) -> Option<i64> {
        let places = match usize::try_from(self.point.saturating_add(3)) {
            Ok(places) if places <= 18 => places,
            Ok(_) if !self.digits.is_empty() => return None,
            _ => 0,
        };
        let kept = self.digits.get(..places).unwrap_or(&self.digits);
        let magnitude: i64 = format!("0{kept:0<places$}").parse().ok()?;
        Some(if self.negative { -magnitude } else { magnitude })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Option<Result<String, usize>> {
        let whole = Number::parse(text).unwrap().whole(20);
        whole.map(|whole| whole.map(Cow::into_owned))
    }

    #[test]
    fn a_whole_number_is_its_decimal_digits_however_it_is_written() {
        for (text, digits) in [
            ("12345", "12345"),
            ("12345.0", "12345"),
            ("1e2", "100"),
            ("1e3", "1000"),
            ("1.5E+1", "15"),
            ("1500e-2", "15"),
            ("0", "0"),
            ("-0", "0"),
            ("0.000e999999999999999999999", "0"),
            ("-70", "-70"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551617", "18446744073709551617"),
        ] {
            assert_eq!(whole(text), Some(Ok(digits.to_owned())), "{text}");
        }
        for text in [
            "1.5",
            "1e-1",
            "10e-2",
            "0.1",
            "9007199254740993.5",
            "1e-999999999999999999999",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
        assert_eq!(whole("1e20"), Some(Err(21)));
        assert_eq!(whole("-1e19"), Some(Err(21)));
        assert!(matches!(whole("1e999999999999999999999"), Some(Err(_))));
    }

    #[test]
    fn thousandths_are_cut_off_not_rounded() {
        for (text, thousandths) in [
            ("1763712000", Some(1_763_712_000_000)),
            ("1763712000.1239", Some(1_763_712_000_123)),
            ("-1.5", Some(-1500)),
            ("1.763712e9", Some(1_763_712_000_000)),
            ("0", Some(0)),
            ("1e-9", Some(0)),
            ("0e99", Some(0)),
            ("999999999999999", Some(999_999_999_999_999_000)),
            ("1e15", None),
            ("1e999999999999999999999", None),
        ] {
            assert_eq!(Number::parse(text).unwrap().thousandths(), thousandths, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn shifting_the_point_changes_nothing(value in proptest::num::u32::ANY, shift in 0_usize..9) {
            let plain = value.to_string();
            let shifted = format!("{plain}{}e-{shift}", "0".repeat(shift));
            proptest::prop_assert_eq!(whole(&shifted), Some(Ok(plain.clone())));
            let dotted = format!("{plain}.{}", "0".repeat(shift + 1));
            proptest::prop_assert_eq!(whole(&dotted), Some(Ok(plain)));
        }
    }
}

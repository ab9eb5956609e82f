//! Amounts as databases and spreadsheets write them.
//!
//! `1,234` is a thousand and more in one country, and a little more than one in another, and nothing in a file tells
//! which. So only digits and one decimal mark are read, a comma only if the operator says so, and all else is a reject.

use std::borrow::Cow;

/// How amounts are written in a table.
#[derive(Debug, Clone, Copy)]
pub struct AmountFormat {
    /// True if the decimal mark is a comma.
    pub decimal_comma: bool,
    /// How many decimals the currency has.
    pub decimals: u8,
    /// True if the columns are separated by commas as well. Then an amount without quotes may be half of one.
    pub commas_separate: bool,
}

impl AmountFormat {
    /// The amount as JSON writes it.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with the field's name.
    pub fn read(self, text: &str, in_quotes: bool) -> Result<Cow<'_, str>, String> {
        let is_part = |c: char| c.is_ascii_digit() || "+-.,eE".contains(c);
        if !text.chars().all(is_part) {
            return Err(format!(
                "must be a decimal number without a currency sign, spaces or thousands separators, got {text}"
            ));
        }
        if may_be_thousands(text, self.decimals) {
            return Err(format!(
                "may be a number of thousands or have three decimals, got {text}: write it without the mark, or with fewer \
                 decimals"
            ));
        }
        match (self.decimal_comma, text.contains('.'), text.matches(',').count()) {
            (true, ..) if self.commas_separate && !in_quotes => Err(format!(
                "is not in quotes, got {text}: where commas separate the columns, 12,50 would be two of them; put the \
                 amounts in quotes, or export the table with semicolons"
            )),
            (false, _, 0) | (true, false, 0) => Ok(Cow::Borrowed(text)),
            (true, false, 1) => Ok(Cow::Owned(text.replace(',', "."))),
            (true, ..) => Err(format!(
                "must have one comma and no point with --decimal-comma, such as 1234,56, got {text}: remove thousands \
                 separators"
            )),
            (false, ..) => Err(format!(
                "must be a decimal number with a point, got {text}: add --decimal-comma if commas are the decimal marks \
                 of this file, or remove them if they separate thousands"
            )),
        }
    }
}

/// Returns true for `1.500` and `12,000` of a currency with two decimals: one to three digits, a mark, and three digits of
/// which the last ones are more than the currency has, and zeros. Other digits there are no amount in it, or rounded.
fn may_be_thousands(text: &str, decimals: u8) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.trim_start_matches(['+', '-']);
    unsigned.split_once(['.', ',']).is_some_and(|(before, after)| {
        let groups = (1..=3).contains(&before.len()) && after.len() == 3;
        let beyond = after.get(decimals.into()..).filter(|beyond| !beyond.is_empty());
        groups
            && digits(before)
            && digits(after)
            && !before.starts_with('0')
            && beyond.is_some_and(|beyond| beyond.bytes().all(|byte| byte == b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: AmountFormat = AmountFormat {
        decimal_comma: false,
        decimals: 2,
        commas_separate: false,
    };
    const COMMA: AmountFormat = AmountFormat {
        decimal_comma: true,
        decimals: 2,
        commas_separate: false,
    };

    #[test]
    fn an_amount_is_what_its_digits_and_its_decimal_mark_say() {
        for (format, text, read) in [
            (POINT, "1234.56", "1234.56"),
            (POINT, "-1e3", "-1e3"),
            (COMMA, "1234,56", "1234.56"),
            (COMMA, "1234", "1234"),
            (COMMA, "1,2E+3", "1.2E+3"),
            (POINT, "0.500", "0.500"),
            (POINT, "1234.500", "1234.500"),
        ] {
            assert_eq!(format.read(text, false).as_deref(), Ok(read));
        }
        let dinars = AmountFormat { decimals: 3, ..POINT };
        assert_eq!(dinars.read("1.500", false).as_deref(), Ok("1.500"));
    }

    #[test]
    fn what_may_mean_two_amounts_or_none_is_refused_with_its_remedy() {
        for (format, text, reason) in [
            (POINT, "1234,56", "add --decimal-comma"),
            (POINT, "1,234", "or remove them if they separate thousands"),
            (POINT, "1.500", "may be a number of thousands"),
            (COMMA, "12,000", "may be a number of thousands"),
            (POINT, "1,234.56", "add --decimal-comma"),
            (COMMA, "1.234,56", "remove thousands separators"),
            (COMMA, "1.234", "one comma and no point"),
            (COMMA, "1,234,567", "remove thousands separators"),
            (COMMA, "1 234,56", "without a currency sign, spaces"),
            (COMMA, "5,00 €", "without a currency sign"),
            (POINT, "$5.00", "without a currency sign"),
            (POINT, "1'234.56", "thousands separators"),
            (POINT, "USD 5", "without a currency sign"),
        ] {
            let refused = format.read(text, true).unwrap_err();
            assert!(refused.contains(reason) && refused.contains(text), "{refused}");
        }
    }

    #[test]
    fn half_of_an_amount_is_not_taken_for_all_of_it() {
        let format = AmountFormat {
            commas_separate: true,
            ..COMMA
        };
        assert_eq!(format.read("12,50", true).as_deref(), Ok("12.50"));
        assert!(format.read("12", false).unwrap_err().contains("not in quotes"));
    }
}

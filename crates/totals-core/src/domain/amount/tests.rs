use proptest::prelude::*;

use super::*;

fn rules(currency: &str, precision: Precision) -> AmountRules {
    AmountRules {
        currency: currency.parse().unwrap(),
        precision,
    }
}

fn read(rules: AmountRules, json: &str) -> Result<i64, InvalidAmount> {
    rules.parse(serde_json::from_str(json).unwrap()).map(Money::minor)
}

fn parse(currency: &str, json: &str) -> Result<i64, InvalidAmount> {
    read(rules(currency, Precision::Reject), json)
}

fn rounded(currency: &str, json: &str) -> Result<i64, InvalidAmount> {
    read(rules(currency, Precision::HalfEven), json)
}

#[test]
fn amounts_are_exact() {
    for (json, minor) in [
        ("50.25", 5025),
        ("100", 10_000),
        ("1e3", 100_000),
        ("1.2E+2", 12_000),
        ("2500e-2", 2500),
        ("12.500000", 1250),
        ("\"12.50\"", 1250),
        ("\"1\\u0032\"", 1200),
        ("0.01", 1),
        ("10000000000", MAX_AMOUNT_MINOR),
        ("9999999999.99", 999_999_999_999),
    ] {
        assert_eq!(parse("USD", json), Ok(minor), "{json}");
    }
    assert_eq!(parse("JPY", "500"), Ok(500));
    assert_eq!(parse("KWD", "1.005"), Ok(1005));
}

#[test]
fn float_noise_rounds_to_the_minor_unit_it_means() {
    for (json, minor) in [
        ("0.30000000000000004", 30),
        ("0.7999999999999999", 80),
        ("0.9999999999999999", 100),
        ("1234567890.1200001", 123_456_789_012),
        ("9999999999.989999771118164", 999_999_999_999),
        ("\"0.30000000000000004\"", 30),
    ] {
        assert_eq!(parse("USD", json), Ok(minor), "{json}");
    }
}

#[test]
fn real_excess_precision_is_invalid() {
    for json in [
        "1.005",
        "0.001",
        "1.0000001",
        "1e-400",
        "0.0000000000000001",
        "1.00499999999999999",
    ] {
        assert!(
            matches!(parse("USD", json), Err(InvalidAmount::TooPrecise { .. })),
            "{json}"
        );
    }
    assert!(matches!(
        parse("JPY", "0.5"),
        Err(InvalidAmount::TooPrecise { .. })
    ));
}

#[test]
fn zero_negative_and_boundless_amounts_are_invalid() {
    for json in ["0", "0.00", "-0", "0e9", "-1", "-0.001", "-1e400"] {
        assert!(
            matches!(parse("USD", json), Err(InvalidAmount::NotPositive(_))),
            "{json}"
        );
    }
    for json in [
        "10000000000.01",
        "1e400",
        "1e99999999999999999999",
        "99999999999999999999",
    ] {
        assert!(
            matches!(parse("USD", json), Err(InvalidAmount::TooLarge(_))),
            "{json}"
        );
    }
}

#[test]
fn what_is_no_number_is_invalid() {
    for json in [
        "null",
        "true",
        "[1]",
        "{}",
        "\"\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\" 5\"",
        "\"5.\"",
        "\".5\"",
        "\"1,5\"",
        "\"0x10\"",
        "\"007\"",
        "\"+5\"",
        "\"1e\"",
        "\"--1\"",
        "\"١\"",
    ] {
        assert!(
            matches!(parse("USD", json), Err(InvalidAmount::NotANumber(_))),
            "{json}"
        );
    }
}

#[test]
fn half_even_rounds_to_the_nearest_minor_unit_and_a_tie_to_the_even_one() {
    for (json, minor) in [
        ("10.005", 1000),
        ("10.015", 1002),
        ("10.0051", 1001),
        ("10.00500000000000000001", 1000),
        ("3.141592653589793", 314),
        ("\"0.015\"", 2),
        ("0.0050001", 1),
        ("1005e-3", 100),
        ("9999999999.9949", 999_999_999_999),
        ("9999999999.995", MAX_AMOUNT_MINOR),
        ("10000000000.004", MAX_AMOUNT_MINOR),
    ] {
        assert_eq!(rounded("USD", json), Ok(minor), "{json}");
    }
    assert_eq!(rounded("JPY", "2.5"), Ok(2));
    assert_eq!(rounded("KWD", "1.0015"), Ok(1002));
}

#[test]
fn half_even_takes_the_same_amount_for_the_same_however_a_double_is_printed() {
    for (shortest, printed, minor) in [
        ("2.675", "2.67499999999999982", 268),
        ("1.005", "1.00499999999999989", 100),
        (
            "1.005",
            "1.0049999999999998934185896359849721193313598632812",
            100,
        ),
        ("0.125", "0.125", 12),
    ] {
        assert_eq!(rounded("USD", shortest), Ok(minor), "{shortest}");
        assert_eq!(rounded("USD", printed), Ok(minor), "{printed}");
    }
    // Fifteen digits are meant, and say that it is less than half.
    assert_eq!(rounded("USD", "2.67499999999999"), Ok(267));
}

#[test]
fn what_rounds_to_nothing_or_to_too_much_is_invalid() {
    for json in ["0.004", "0.005", "1e-400", "0.0000000000000001"] {
        assert!(
            matches!(rounded("USD", json), Err(InvalidAmount::RoundsToZero { .. })),
            "{json}"
        );
    }
    assert_eq!(
        rounded("USD", "0.005").unwrap_err().to_string(),
        "must be greater than 0 when it is rounded to 2 decimals in USD, got 0.005"
    );
    assert!(matches!(
        rounded("USD", "10000000000.006"),
        Err(InvalidAmount::TooLarge(_))
    ));
    assert!(matches!(
        rounded("USD", "-0.006"),
        Err(InvalidAmount::NotPositive(_))
    ));
}

#[test]
fn an_error_shows_the_start_of_an_endless_amount() {
    let error = parse("USD", &format!("1{}", "0".repeat(100_000)))
        .unwrap_err()
        .to_string();
    assert!(error.len() < 150, "{error}");
}

/// `number × 10^-scale` with 15 significant digits, half up, and then in minor units with two decimals, half even: by
/// school arithmetic on whole numbers.
fn oracle(number: u128, scale: u32) -> u128 {
    let digits = number.checked_ilog10().map_or(0, |digits| digits + 1);
    let noise = 10_u128.pow(digits.saturating_sub(15));
    let meant = (number + noise / 2) / noise * noise;
    let Some(decimals) = scale.checked_sub(2) else {
        return meant * 100 / 10_u128.pow(scale);
    };
    let unit = 10_u128.pow(decimals);
    let (below, rest) = (meant / unit, meant % unit);
    let nearer_above = rest * 2 > unit || (rest * 2 == unit && below % 2 == 1);
    below + u128::from(nearer_above)
}

proptest! {
    #[test]
    fn every_amount_survives_the_text_of_its_nearest_double(minor in 1..=MAX_AMOUNT_MINOR) {
        #[expect(clippy::cast_precision_loss, reason = "what a producer's floating point does")]
        let double = minor as f64 / 100.0;
        let usd: Currency = "USD".parse().unwrap();
        prop_assert_eq!(parse("USD", &double.to_string()), Ok(minor));
        prop_assert_eq!(parse("USD", &usd.format(Money::from_minor(minor)).to_string()), Ok(minor));
    }

    #[test]
    fn half_even_is_what_school_arithmetic_says(whole in 0..1_000_000_u128, fraction in "[0-9]{0,22}", tie in any::<bool>()) {
        // Random digits would hardly ever be a tie.
        let fraction = if tie { format!("{}5", &fraction[..fraction.len().min(2)]) } else { fraction };
        let scale = u32::try_from(fraction.len()).unwrap();
        let number = format!("{whole}{fraction}").parse().unwrap();
        let text = if scale == 0 { whole.to_string() } else { format!("{whole}.{fraction}") };
        let minor = rounded("USD", &text).map_or(0, |minor| u128::try_from(minor).unwrap());
        prop_assert_eq!(minor, oracle(number, scale), "{}", text);
    }

    #[test]
    fn half_even_changes_no_amount_that_reject_takes(text in "[1-9][0-9]{0,9}(\\.[0-9]{1,4})?0{0,20}") {
        if let Ok(minor) = parse("USD", &text) {
            prop_assert_eq!(rounded("USD", &text), Ok(minor));
        }
    }

    #[test]
    fn no_text_panics(text in "[-+0-9.eE]{0,40}") {
        let _ = rules("USD", Precision::HalfEven).parse_decimal(&text);
    }
}

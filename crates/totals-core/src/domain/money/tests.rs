use proptest::prelude::*;

use super::*;

fn usd() -> Currency {
    "USD".parse().unwrap()
}

fn parse(currency: &str, json: &str) -> Result<i64, InvalidAmount> {
    let currency: Currency = currency.parse().unwrap();
    currency
        .parse_amount(serde_json::from_str(json).unwrap())
        .map(Money::minor)
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
fn an_error_shows_the_start_of_an_endless_amount() {
    let error = parse("USD", &format!("1{}", "0".repeat(100_000)))
        .unwrap_err()
        .to_string();
    assert!(error.len() < 150, "{error}");
}

#[test]
fn currencies_have_their_own_decimals_and_the_rest_is_refused() {
    for (code, decimals) in [
        ("USD", 2),
        ("EUR", 2),
        ("BDT", 2),
        ("JPY", 0),
        ("KWD", 3),
        ("ISK", 0),
    ] {
        assert_eq!(code.parse::<Currency>().unwrap().decimals(), decimals, "{code}");
    }
    for code in ["", "usd", "US", "DOLLAR", "ABC", "XAU", "XXX"] {
        assert_eq!(code.parse::<Currency>(), Err(InvalidCurrency), "{code}");
    }
}

#[test]
fn amounts_are_written_as_exact_decimal_numbers() {
    for (minor, text) in [
        (500_050, "5000.5"),
        (100, "1"),
        (1, "0.01"),
        (0, "0"),
        (-5, "-0.05"),
        (1010, "10.1"),
    ] {
        assert_eq!(usd().format(Money(minor)).to_string(), text);
    }
    assert_eq!(
        serde_json::to_string(&usd().format(Money(i64::MAX))).unwrap(),
        "92233720368547758.07"
    );
    assert_eq!(
        "JPY".parse::<Currency>().unwrap().format(Money(500)).to_string(),
        "500"
    );
}

proptest! {
    #[test]
    fn every_amount_survives_the_text_of_its_nearest_double(minor in 1..=MAX_AMOUNT_MINOR) {
        #[expect(clippy::cast_precision_loss, reason = "what a producer's floating point does")]
        let double = minor as f64 / 100.0;
        prop_assert_eq!(parse("USD", &double.to_string()), Ok(minor));
        prop_assert_eq!(parse("USD", &usd().format(Money(minor)).to_string()), Ok(minor));
    }

    #[test]
    fn no_text_panics(text in "[-+0-9.eE]{0,40}") {
        let _ = usd().parse_decimal(&text);
    }
}

use proptest::strategy::Strategy;

use super::*;

fn usd() -> Currency {
    "USD".parse().unwrap()
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

proptest::proptest! {
    #[test]
    fn a_decimal_number_says_what_it_holds(minor in proptest::prop_oneof![proptest::num::i64::ANY.prop_map(i128::from), proptest::num::i128::ANY], code in proptest::sample::select(vec!["USD", "JPY", "KWD"])) {
        let currency: Currency = code.parse().unwrap();
        let text = currency.format_sum(minor).to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        proptest::prop_assert!(!fraction.ends_with('0') && !whole.is_empty() && whole != "-", "{}", text);
        proptest::prop_assert!(whole.trim_start_matches('-') == "0" || !whole.trim_start_matches('-').starts_with('0'), "{}", text);
        let digits = format!("{whole}{fraction:0<places$}", places = usize::from(currency.decimals()));
        proptest::prop_assert_eq!(digits.parse::<i128>().unwrap(), minor);
    }
}

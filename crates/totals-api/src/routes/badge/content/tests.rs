use std::sync::Arc;

use proptest::prelude::*;
use totals_core::domain::{CampaignFacts, Timestamp, Totals};
use totals_core::store::CampaignTotals;

use super::*;
use crate::routes::parameters::Parameters;

fn options(query: &str) -> Result<Options, String> {
    let parameters = Parameters::of(&format!("/?{query}").parse().unwrap()).unwrap();
    Options::of(&parameters).map_err(|error| error.to_string())
}

fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

fn badge(raised: i64, goal: Option<i64>, title: Option<&str>) -> Badge {
    let totals = CampaignTotals {
        campaign: "c".to_owned().try_into().unwrap(),
        totals: Totals {
            amount: Money::from_minor(raised),
            pledges: 1,
            donors: 0,
        },
        revision: 1,
        last_updated: Timestamp::from_unix_millis(0).unwrap(),
        facts: Some(Arc::new(CampaignFacts {
            goal: goal.map(Money::from_minor),
            title: title.map(str::to_owned),
            ..CampaignFacts::default()
        })),
    };
    let shown = Shown::Totals(Some(totals));
    Badge::new("c", &shown, options("").unwrap(), currency("USD"))
}

#[test]
fn amounts_are_exact_in_every_currency() {
    for (minor, code, expected) in [
        (5, "USD", "0.05"),
        (100, "USD", "1"),
        (99_999, "USD", "999.99"),
        (500_050, "USD", "5,000.50"),
        (12_345_678_900, "USD", "123,456,789"),
        (1_000, "JPY", "1,000"),
        (1_234_567, "KWD", "1,234.567"),
    ] {
        assert_eq!(amount(Money::from_minor(minor), currency(code)), expected);
    }
}

#[test]
fn the_goal_is_reached_at_100_percent_and_not_a_cent_before() {
    assert_eq!(badge(500_050, None, None).message, "5,000.50 USD");
    let almost = badge(999_999, Some(1_000_000), None);
    assert_eq!(
        (almost.message.as_str(), almost.colour),
        ("9,999.99 USD · 99%", RAISED)
    );
    let reached = badge(1_000_000, Some(1_000_000), None);
    assert_eq!(
        (reached.message.as_str(), reached.colour),
        ("10,000 USD · 100%", REACHED)
    );
}

#[test]
fn a_title_of_which_nothing_is_seen_is_none() {
    assert_eq!(badge(1, None, Some("A well")).about, "A well");
    for title in ["", " ", "\u{3164}\u{2800}", "\u{fe0f}"] {
        assert_eq!(badge(1, None, Some(title)).about, "c", "{title:?}");
    }
}

#[test]
fn what_is_no_number_looks_like_none() {
    assert_eq!(badge(0, Some(100), None).message, "no donations yet");
    let chosen = || options("color=blue").unwrap();
    for shown in [Shown::Totals(None), Shown::Unavailable] {
        let badge = Badge::new("c", &shown, chosen(), currency("USD"));
        assert!(badge.is_error && badge.colour == NOTHING, "{badge:?}");
        assert!(
            !badge
                .message
                .contains(|character: char| character.is_ascii_digit())
        );
    }
}

#[test]
fn options_are_taken_within_bounds_and_named_beyond() {
    let chosen = options("label=%D8%AA%D8%A8%D8%B1%D8%B9%D8%A7%D8%AA&color=0af&labelColor=102030").unwrap();
    assert_eq!(chosen.label, "تبرعات");
    assert_eq!(chosen.colour.unwrap().to_string(), "00aaff");
    assert_eq!(chosen.label_colour.to_string(), "102030");
    let long = "x".repeat(61);
    for (query, message) in [
        ("label=", "label must be 1 to 60 characters, got 0".to_owned()),
        (
            &format!("label={long}"),
            "label must be 1 to 60 characters, got 61".to_owned(),
        ),
        ("label=a&label=b", "label must be given at most once".to_owned()),
    ] {
        assert_eq!(options(query).err(), Some(message));
    }
    for bad in ["%23fff", "12", "12345g", "url(x)", "%22/%3E", ""] {
        let message = options(&format!("color={bad}")).err().unwrap();
        assert!(
            message.starts_with("color must be 3 or 6 hexadecimal digits"),
            "{message}"
        );
    }
}

#[test]
fn text_can_be_read_on_every_colour() {
    for (query, text) in [
        ("fff", "000"),
        ("yellow", "000"),
        ("brightgreen", "000"),
        ("000", "fff"),
        ("1a7348", "fff"),
    ] {
        assert_eq!(
            options(&format!("color={query}")).unwrap().colour.unwrap().text(),
            text,
            "{query}"
        );
    }
}

proptest! {
    /// Whatever a title or a label has in it, the picture is XML with two texts, and no element of theirs.
    #[test]
    fn no_text_leaves_its_place(label in ".{1,60}", title in ".{0,40}|<script>.*|\"/>.*|&.*") {
        let hostile = Badge { label: label.clone(), ..badge(1, None, Some(&title)) };
        let svg = hostile.svg();
        let plain = badge(1, None, Some("title")).svg();
        for character in ['<', '>', '"', '&'] {
            let entities = if character == '&' { svg.matches(';').count() } else { plain.matches(character).count() };
            prop_assert!(svg.matches(character).count() <= entities, "{}", svg);
        }
        prop_assert_eq!(svg.matches('<').count(), plain.matches('<').count(), "{}", svg);
        prop_assert!(!svg.chars().any(|character| character.is_control() && character != '\n'));
        prop_assert_eq!(svg.lines().count(), 1);
    }
}

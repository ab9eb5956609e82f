//! Values of single members, most of them as they should be.

use proptest::prelude::*;
use proptest::sample::select;

use crate::domain::declared::UPDATES;
use crate::domain::{EventType, FieldKind};

/// A JSON text of a member's value; none if the member is absent.
pub type Text = Option<String>;

/// What stands in a member by mistake.
pub fn strange() -> BoxedStrategy<Text> {
    const TEXTS: &[&str] = &[
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1",
        "1",
        "1.5",
        "1e3",
        "\"\"",
        "\"x\"",
        "\" \"",
        "\"null\"",
        "\"\\ud800\"",
        "\"1\"",
        "[]",
        "{}",
        "[1]",
        "{\"donationId\":\"d\"}",
        "1763719200",
        "1763719200000",
        "\"2025-11-21\"",
    ];
    select(TEXTS).prop_map(|text| Some(text.to_owned())).boxed()
}

/// What a sound message has in a member of this kind.
pub fn sound(kind: FieldKind, event_type: EventType) -> String {
    match kind {
        FieldKind::Id
        | FieldKind::IdOrEmpty
        | FieldKind::Text
        | FieldKind::Attribute
        | FieldKind::FactText => "\"id_1\"".to_owned(),
        FieldKind::Updates => "{\"goalAmount\":50}".to_owned(),
        FieldKind::EventType | FieldKind::TypeSuffix => format!("\"{event_type}\""),
        FieldKind::Amount | FieldKind::AmountOrNone => "50".to_owned(),
        FieldKind::Currency => "\"USD\"".to_owned(),
        FieldKind::Flag => "false".to_owned(),
        FieldKind::Moment => "\"2025-11-21T10:00:00.000Z\"".to_owned(),
        FieldKind::Payload | FieldKind::Base64 => "{}".to_owned(),
        FieldKind::SpecVersion => "\"1.0\"".to_owned(),
    }
}

/// What stands in a member of this kind: all that may, and what nearly may.
pub fn value(kind: FieldKind, event_type: EventType) -> BoxedStrategy<String> {
    match kind {
        FieldKind::Id | FieldKind::IdOrEmpty | FieldKind::Text => ids(),
        FieldKind::FactText => {
            prop_oneof![4 => ids(), 1 => "\\PC{0,1200}".prop_map(|text| quoted(&text))].boxed()
        }
        FieldKind::AmountOrNone => prop_oneof![4 => amounts(), 1 => zeros()].boxed(),
        FieldKind::Updates => updates(event_type),
        FieldKind::EventType => {
            let other = event_types().prop_map(Option::unwrap_or_default);
            prop_oneof![9 => Just(format!("\"{event_type}\"")), 1 => other].boxed()
        }
        FieldKind::Amount => amounts(),
        FieldKind::Currency => select(
            &[
                "\"USD\"", "\"usd\"", "\"jpy\"", "\"BHD\"", "\"UsD\"", "\"US\"", "\"USDX\"", "\"uſd\"",
            ][..],
        )
        .prop_map(str::to_owned)
        .boxed(),
        FieldKind::Flag => select(&["true", "false"][..]).prop_map(str::to_owned).boxed(),
        FieldKind::Moment => moments(),
        FieldKind::Payload | FieldKind::Base64 => Just("{}".to_owned()).boxed(),
        FieldKind::Attribute => prop_oneof![8 => "[a-z0-9/]{1,12}", 1 => "\\PC{0,300}"]
            .prop_map(|text| quoted(&text))
            .boxed(),
        FieldKind::SpecVersion => select(&["\"1.0\"", "\"1.0\"", "\"1.0\"", "\"0.3\"", "\"1\"", "1.0"][..])
            .prop_map(str::to_owned)
            .boxed(),
        FieldKind::TypeSuffix => {
            let before = select(
                &[
                    "",
                    "org.example.",
                    "org.example.",
                    ".",
                    "x",
                    "donation.created.",
                    "\n.",
                ][..],
            );
            let after = select(&["", "", "", "", "", ".", "\n", "s"][..]);
            let named = prop_oneof![9 => Just(Some(format!("\"{event_type}\""))), 1 => event_types()];
            (before, named, after)
                .prop_map(|(before, named, after)| {
                    let named = named.unwrap_or_default();
                    quoted(&format!("{before}{}{after}", named.trim_matches('"')))
                })
                .boxed()
        }
    }
}

/// Zero in many spellings, and what nearly is one.
fn zeros() -> BoxedStrategy<String> {
    let spellings = [
        "0", "-0", "0.0", "-0.00", "0e5", "0.0E-3", "00", "+0", ".0", "0.", "-",
    ];
    let all: Vec<_> = spellings
        .into_iter()
        .flat_map(|zero| [zero.to_owned(), quoted(zero)])
        .filter(|text| serde_json::from_str::<serde_json::Value>(text).is_ok())
        .collect();
    select(all).boxed()
}

/// Some of the members that say what has changed of a campaign.
fn updates(event_type: EventType) -> BoxedStrategy<String> {
    let members: Vec<_> = UPDATES
        .iter()
        .map(|member| {
            let name = member.field.name();
            let value =
                prop_oneof![9 => value(member.field.kind(), event_type).prop_map(Some), 1 => strange()];
            proptest::option::of(value)
                .prop_map(move |value| Some(format!("\"{name}\":{}", value.flatten()?)))
                .boxed()
        })
        .collect();
    members
        .prop_map(|members| {
            let members: Vec<_> = members.into_iter().flatten().collect();
            format!("{{{}}}", members.join(","))
        })
        .boxed()
}

/// Names of event types, and what is none.
pub fn event_types() -> BoxedStrategy<Text> {
    let names = EventType::ALL.map(|event_type| format!("\"{event_type}\""));
    let strange = [
        "\"donation.vanished\"",
        "\"Donation.Created\"",
        "\"donation.created \"",
        "null",
        "7",
    ];
    let all: Vec<_> = names
        .into_iter()
        .chain(strange.map(str::to_owned))
        .map(Some)
        .collect();
    select(all).boxed()
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn ids() -> BoxedStrategy<String> {
    let long = (
        select(&["a", "é", "💚"][..]),
        select(&[1_usize, 63, 64, 65, 127, 128, 129, 255, 256, 257][..]),
    )
        .prop_map(|(letter, count)| quoted(&letter.repeat(count)));
    prop_oneof![
        8 => "[a-z0-9_]{1,12}".prop_map(|text| quoted(&text)),
        1 => "\\PC{0,4}".prop_map(|text| quoted(&text)),
        1 => select(&["\"\\ud800\"", "\"a\\ud800b\""][..]).prop_map(str::to_owned),
        1 => "[\u{0}-\u{20}\"\\\\/]{1,3}".prop_map(|text| quoted(&text)),
        1 => long,
        2 => numbers(),
    ]
    .boxed()
}

/// JSON numbers in every spelling.
fn numbers() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "(0|[1-9][0-9]{0,6})(\\.[0-9]{1,2})?",
        1 => "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?",
        1 => "(0|[1-9][0-9]{0,2})(\\.0{1,3})?([eE][+-]?[0-9]{1,3})?",
    ]
    .boxed()
}

fn amounts() -> BoxedStrategy<String> {
    const EDGE: &[&str] = &[
        "10000000000",
        "10000000000.00",
        "10000000000.01",
        "10000000000.001",
        "10000000000.00001",
        "1e10",
        "1E+10",
        "9999999999.99",
        "1000000000000",
        "1000000000001",
        "1000000000",
        "1000000000.001",
        "0.01",
        "0.001",
        "0.005",
        "0.30000000000000004",
        "1.005",
        "0",
        "0.0",
        "0e5",
        "-1",
        "1e-2",
        "1e-3",
        "100e-2",
        "1e400",
        "1e-400",
    ];
    let edge = prop_oneof![4 => select(EDGE).prop_map(str::to_owned), 4 => numbers()];
    let strange = select(
        &[
            "\"+1\"", "\"01\"", "\"1.\"", "\".5\"", "\"NaN\"", "\"1 \"", "\" 1\"", "\"1,5\"", "\"１\"",
            "\"\"",
        ][..],
    );
    prop_oneof![
        6 => "[1-9][0-9]{0,4}(\\.[0-9]{1,2})?",
        3 => edge.clone(),
        3 => edge.prop_map(|number| format!("\"{number}\"")),
        1 => strange.prop_map(str::to_owned),
    ]
    .boxed()
}

/// Moments in every form, most of them of days that there are.
fn moments() -> BoxedStrategy<String> {
    let date = prop_oneof![
        6 => "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])",
        1 => "[0-9]{4}-[01][0-9]-[0-3][0-9]",
        1 => select(&["2025-02-29", "2024-02-29", "0000-01-01", "9999-12-31", "2025-1-1", "20251121", "+002025-11-21"][..])
            .prop_map(str::to_owned),
    ];
    let time = prop_oneof![
        6 => "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?",
        1 => "[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,12})?",
        1 => select(&["10:00", "10", "24:00:00", "23:59:60", "10:00:00,5", "10:00:00.", ""][..]).prop_map(str::to_owned),
    ];
    let between = select(&["T", "T", "T", " ", "t", "", "_", "\n", "é"][..]);
    let zone = prop_oneof![
        6 => select(&["Z", "+00:00", "+02:00", "-05:30"][..]).prop_map(str::to_owned),
        1 => select(&["", "z", "+0000", "-0330", "+24:00", "+23:59", "+02", " Z", "  +0000", "\tZ", "+1:00", "UTC", "−05:00", " "][..]).prop_map(str::to_owned),
        1 => "[+-][0-2][0-9]:?[0-6][0-9]",
    ];
    let written = (date, between, time, zone)
        .prop_map(|(date, between, time, zone)| format!("{date}{between}{time}{zone}"));
    let alone = select(
        &[
            "2025-11-21",
            "2025-02-30",
            "2025-11-21Z",
            "noon",
            "",
            " 2025-11-21T10:00:00Z",
            "2025-11-21T10:00:00Z\n",
        ][..],
    );
    let epoch = prop_oneof![
        4 => "-?[0-9]{1,15}".prop_filter("JSON has no leading zeros", |text| {
            let digits = text.trim_start_matches('-');
            digits == "0" || !digits.starts_with('0')
        }),
        1 => numbers(),
    ];
    prop_oneof![
        8 => written.prop_map(|text| quoted(&text)),
        1 => alone.prop_map(quoted),
        1 => epoch.clone(),
        1 => "[0-9]{1,12}\\.?[0-9]{0,6}".prop_map(|text| quoted(&text)),
        1 => epoch.prop_map(|text| quoted(&text)),
    ]
    .boxed()
}

//! What is written by hand against what would be serialised, and the share of a goal at its edges.

use std::sync::Arc;

use proptest::option;
use proptest::prelude::*;
use totals_core::domain::{CampaignFacts, CampaignId, Money, Timestamp, Totals};

use super::*;

const MILLIS: std::ops::Range<i64> = -62_167_219_200_000..253_402_300_800_000;
const TEXTS: &str = "\\PC{1,20}|[\"\\\\\n\u{0}/]{1,9}";

fn facts() -> impl Strategy<Value = Option<Arc<CampaignFacts>>> {
    let text = || option::of(TEXTS);
    let moment = || option::of(MILLIS.prop_map(|millis| Timestamp::from_unix_millis(millis).unwrap()));
    let goal = option::of((1..=i64::MAX).prop_map(Money::from_minor));
    let facts = (text(), goal, text(), moment(), moment(), text());
    let facts = facts.prop_map(
        |(title, goal, status, starts_at, ends_at, category)| CampaignFacts {
            title,
            goal,
            status,
            starts_at,
            ends_at,
            category,
        },
    );
    option::of(facts.prop_map(Arc::new))
}

fn totals() -> impl Strategy<Value = store::CampaignTotals> {
    let (campaign, millis) = (TEXTS, MILLIS);
    (
        facts(),
        campaign,
        any::<i64>(),
        any::<i64>(),
        any::<i64>(),
        any::<i64>(),
        millis,
    )
        .prop_map(
            |(facts, campaign, amount, pledges, donors, revision, millis)| store::CampaignTotals {
                campaign: CampaignId::try_from(campaign).unwrap(),
                totals: Totals {
                    amount: Money::from_minor(amount),
                    pledges,
                    donors,
                },
                revision,
                last_updated: Timestamp::from_unix_millis(millis).unwrap(),
                facts,
            },
        )
}

proptest! {
    #[test]
    fn what_is_rendered_is_what_would_be_serialized(
        totals in totals(), currency in proptest::sample::select(vec!["USD", "JPY", "KWD"])
    ) {
        let currency: Currency = currency.parse().unwrap();
        let rendered = Rendered::new(&totals, currency);
        let data = TotalsData::new(&totals, currency);
        let mut json = Vec::new();
        write_json(&mut json, &totals, currency);
        prop_assert_eq!(&json, &serde_json::to_vec(&data).unwrap());
        prop_assert_eq!(&rendered.body[..], serde_json::to_vec(&TotalsBody { success: true, data }).unwrap());
        // The second time it is kept.
        for _ in 0..2 {
            let kept = Rendered::of(totals.clone(), currency);
            prop_assert_eq!((kept.body, kept.etag), (rendered.body.clone(), rendered.etag.clone()));
        }
        let other = store::CampaignTotals { revision: totals.revision ^ 1, ..totals };
        prop_assert_eq!(Rendered::of(other.clone(), currency).body, Rendered::new(&other, currency).body);
    }
}

#[test]
fn the_validator_is_the_revision_and_the_time() {
    let totals = store::CampaignTotals {
        campaign: CampaignId::try_from("camp_1").unwrap(),
        totals: Totals {
            amount: Money::from_minor(50_050),
            pledges: 3,
            donors: 2,
        },
        revision: 7,
        last_updated: Timestamp::from_unix_millis(1_732_185_000_000).unwrap(),
        facts: None,
    };
    let rendered = Rendered::new(&totals, "USD".parse().unwrap());
    let body: serde_json::Value = serde_json::from_slice(&rendered.body).unwrap();
    assert_eq!(body["data"]["totalAmount"], 500.5);
    assert_eq!(rendered.etag, "\"7-1934e458840\"");
    assert_eq!(version(&totals).to_string(), "7-1934e458840");
}

#[test]
fn a_goal_is_reached_at_its_last_cent_and_not_before() {
    let usd: Currency = "USD".parse().unwrap();
    let shown = |goal, raised| {
        let goal = GoalData::new(Money::from_minor(goal), Money::from_minor(raised), usd);
        format!("{} {} {}", goal.amount, goal.percent, goal.remaining)
    };
    for (goal, raised, expected) in [
        (1_000_000, 500_150, "10000 50.01 4998.5"),
        (1_000_000, 0, "10000 0 10000"),
        (3, 1, "0.03 33.33 0.02"),
        // A double has no room for the cent that is missing.
        (1_000_000_000_000, 999_999_999_999, "10000000000 99.99 0.01"),
        (1_000_000_000_000, 1_000_000_000_000, "10000000000 100 0"),
        // 0.29 * 100 is 28.999999999999996 in floating point.
        (100, 29, "1 29 0.71"),
        (100, 257, "1 257 0"),
        (1, i64::MAX, "0.01 922337203685477580700 0"),
    ] {
        assert_eq!(shown(goal, raised), expected, "{raised} of {goal}");
    }
}

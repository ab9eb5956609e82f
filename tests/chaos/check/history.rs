//! The history of each campaign, and of all together, against the oracle's fold.

use std::collections::BTreeMap;

use harness::Database;
use harness::history::Slots;

use super::Findings;
use crate::oracle::Outcome;
use crate::spelling::campaign_id;

/// Each slot holds what the oracle has.
pub async fn check(database: &Database, outcome: &Outcome, findings: &mut Findings) {
    let (mut expected, mut sum) = (BTreeMap::new(), Slots::new());
    for (campaign, slots) in &outcome.history {
        for (slot, (amount, pledges)) in slots {
            let booked = sum.entry(*slot).or_default();
            booked.0 += amount;
            booked.1 += pledges;
        }
        expected.insert(campaign_id(*campaign), slots.clone());
    }
    let found = database.campaign_history().await;
    for campaign in expected
        .keys()
        .chain(found.keys().filter(|id| !expected.contains_key(*id)))
    {
        compare(campaign, expected.get(campaign), found.get(campaign), findings);
    }
    compare(
        "all campaigns",
        Some(&sum),
        Some(&database.platform_history().await),
        findings,
    );
}

fn compare(whose: &str, expected: Option<&Slots>, found: Option<&Slots>, findings: &mut Findings) {
    let none = Slots::new();
    let (expected, found) = (expected.unwrap_or(&none), found.unwrap_or(&none));
    for slot in expected
        .keys()
        .chain(found.keys().filter(|slot| !expected.contains_key(*slot)))
    {
        let (expected, found) = (expected.get(slot), found.get(slot));
        if expected != found {
            findings.add(format!(
                "{whose} at {slot:?}: expected {expected:?}, found {found:?}"
            ));
        }
    }
}

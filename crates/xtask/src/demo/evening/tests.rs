use std::collections::{BTreeMap, HashSet};

use super::*;

const CENTS: Units = Units { whole: false };

fn play(seed: u64, events: usize) -> Vec<Happening> {
    let (before, evening) = Evening::new(
        seed,
        "2026-11-29",
        |_| "2026-12-24T18:00:00.000Z".to_owned(),
        CENTS,
    );
    before.into_iter().chain(evening.take(events)).collect()
}

/// What each campaign has raised by these events, in cents.
fn raised(events: &[Happening]) -> BTreeMap<&str, i64> {
    let mut raised = BTreeMap::new();
    for event in events {
        *raised
            .entry(event.payload["campaignId"].as_str().unwrap())
            .or_default() += event.amount;
    }
    raised
}

#[test]
fn a_seed_gives_the_same_events_and_another_one_others_after_the_same_weeks() {
    let evening = play(7, 2_000);
    assert_eq!(evening, play(7, 2_000));
    let (before, evening) = evening.split_at(CAMPAIGNS.len() + BEFORE as usize);
    let other = play(8, 2_000);
    let (other_before, other) = other.split_at(CAMPAIGNS.len() + BEFORE as usize);
    assert_eq!(before, other_before);
    let ids: HashSet<_> = evening.iter().map(|event| &event.event_id).collect();
    let shared: Vec<_> = other
        .iter()
        .filter(|event| ids.contains(&event.event_id))
        .collect();
    // The opening of the new campaign is the same on any evening of a day.
    assert!(
        shared.iter().all(|event| event.key == "campaign.status_changed"),
        "{shared:?}"
    );
}

/// A build whose random numbers differ would send other contents under the ids of an earlier run: conflicts.
#[test]
fn the_first_events_of_a_seed_are_those_of_earlier_builds() {
    let events = play(7, 3);
    let first: Vec<_> = events[CAMPAIGNS.len() + BEFORE as usize..]
        .iter()
        .map(|event| &event.payload)
        .collect();
    let expected = json!([
        { "donationId": "demo-7-0", "campaignId": "demo-clean-water-tula", "amount": 50, "donorName": "Mateo González",
          "isAnonymous": false, "isGuest": true },
        { "donationId": "demo-7-1", "campaignId": "demo-kutub-lil-atfal", "amount": 5, "donorId": "demo-donor-296",
          "donorName": "王小明", "isAnonymous": false, "isGuest": false },
        { "donationId": "demo-7-2", "campaignId": "demo-shanqu-nuhai", "amount": 10, "donorId": "demo-donor-2258",
          "donorName": "Tendai Moyo", "isAnonymous": false, "isGuest": false },
    ]);
    assert_eq!(json!(first), expected);
}

#[test]
fn no_two_events_have_the_same_id() {
    let events = play(1, 5_000);
    let ids: HashSet<_> = events.iter().map(|event| &event.event_id).collect();
    assert_eq!(ids.len(), events.len());
}

#[test]
fn refunds_follow_their_donations_and_give_back_no_more() {
    let mut given = BTreeMap::new();
    let mut refunds = 0;
    for event in play(3, 5_000) {
        let donation = event.payload["donationId"].to_string();
        match event.key {
            "donation.created" => {
                given.insert(donation, event.amount);
            }
            "donation.refunded" => {
                refunds += 1;
                assert!(event.amount < 0 && -event.amount <= given[&donation], "{event:?}");
            }
            _ => assert_eq!(event.amount, 0),
        }
    }
    assert!((40..120).contains(&refunds), "{refunds}");
}

#[test]
fn the_appeal_passes_its_goal_and_then_sets_another_one() {
    for seed in 1..20 {
        let events = play(seed, 500);
        let goal = |key: &str| {
            let event = events
                .iter()
                .position(|event| event.key == key && event.payload["campaignId"] == id_of(APPEAL));
            event.unwrap()
        };
        let first = events[goal("campaign.created")].payload["goalAmount"]
            .as_i64()
            .unwrap();
        let raised_then = raised(&events[..goal("campaign.updated")])["demo-night-shelter"];
        assert!(raised_then > first * 100, "{seed}: {raised_then} of {first}");
        let before = raised(&events[..CAMPAIGNS.len() + BEFORE as usize])["demo-night-shelter"];
        assert!(before < first * 95, "{seed}: {before} of {first}");
    }
}

#[test]
fn the_new_campaign_has_nothing_until_its_first_donation() {
    let events = play(2, 200);
    let new = |event: &&Happening| event.payload["campaignId"] == id_of(NEW);
    let keys: Vec<_> = events.iter().filter(new).map(|event| event.key).take(3).collect();
    assert_eq!(
        keys,
        ["campaign.created", "campaign.status_changed", "donation.created"]
    );
}

#[test]
fn donations_come_faster_during_the_appeal() {
    let (_, evening) = Evening::new(5, "2026-11-29", |_| String::new(), CENTS);
    let pauses: Vec<_> = evening
        .filter(|event| event.key == "donation.created")
        .map(|event| event.pause)
        .take(APPEAL_BEGINS + APPEAL_DONATIONS)
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let mean = |pauses: &[f64]| pauses.iter().sum::<f64>() / pauses.len() as f64;
    let (before, appeal) = (mean(&pauses[..APPEAL_BEGINS]), mean(&pauses[APPEAL_BEGINS..]));
    assert!(before > 3.0 * appeal, "{before} {appeal}");
}

#[test]
fn amounts_are_exact_in_currencies_with_and_without_a_minor_unit() {
    assert_eq!(CENTS.amount(2_575).to_string(), "25.75");
    assert_eq!(CENTS.amount(2_500).to_string(), "25");
    assert_eq!(Units { whole: true }.amount(2_575).to_string(), "2575");
}

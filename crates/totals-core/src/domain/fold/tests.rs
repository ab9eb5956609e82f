mod histories;

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::*;
use crate::domain::event::{Payment, Refund};
use crate::domain::{Money, Timestamp, Totals};

fn event(id: &str, kind: EventKind) -> Event {
    Event {
        id: id.try_into().unwrap(),
        kind,
        former_id: None,
        occurred_at: Timestamp::from_unix_millis(0).unwrap(),
        payload: RawValue::from_string("{}".to_owned()).unwrap(),
    }
}

fn created(id: &str, donation: &str, campaign: &str, donor: Option<&str>, minor: i64) -> Event {
    let creation = Creation {
        campaign: campaign.try_into().unwrap(),
        donor: donor.map(|donor| donor.try_into().unwrap()),
        amount: Money::from_minor(minor),
    };
    event(
        id,
        EventKind::DonationCreated(donation.try_into().unwrap(), creation, None),
    )
}

fn refunded(id: &str, donation: &str, campaign: &str, minor: i64) -> Event {
    let refund = Refund {
        donation: donation.try_into().unwrap(),
        routed_to: campaign.try_into().unwrap(),
        amount: Money::from_minor(minor),
    };
    event(id, EventKind::DonationRefunded(refund))
}

fn paid(id: &str, donation: &str) -> Event {
    let payment = Payment {
        donation: donation.try_into().unwrap(),
        payment_id: id.to_owned(),
        refund_id: None,
        amount: Money::from_minor(1),
    };
    event(id, EventKind::PaymentCompleted(payment))
}

/// The same event, which happened so many minutes after 1970 began.
fn at(minutes: i64, event: Event) -> Event {
    let occurred_at = Timestamp::from_unix_millis(minutes * 60_000).unwrap();
    Event { occurred_at, ..event }
}

/// What a store keeps, with the fold run over it batch by batch.
#[derive(Default)]
struct Kept {
    state: FoldState,
    totals: BTreeMap<String, Totals>,
    histories: BTreeMap<String, History>,
}

impl Kept {
    fn fold(&mut self, batch: &[Event]) -> Vec<Outcome> {
        let mut loaded = FoldState::default();
        for event in batch {
            if let Some(hash) = self.state.events.get(&event.id) {
                loaded.events.insert(event.id.clone(), *hash);
            }
            let id = event.donation();
            if let Some((id, donation)) = id.and_then(|id| self.state.donations.get_key_value(id)) {
                loaded.donations.insert(id.clone(), donation.clone());
            }
            if event.event_type().is_of_campaign() {
                let campaign = event.campaign().unwrap();
                let facts = self.state.facts.get(campaign).cloned().unwrap_or_default();
                loaded.facts.insert(campaign.clone(), facts);
            }
        }
        loaded.donors = self.donors(batch);
        let mut fold = Fold::new(loaded);
        let outcomes: Vec<_> = batch.iter().map(|event| fold.apply(event)).collect();
        for (event, outcome) in batch.iter().zip(&outcomes) {
            if matches!(outcome, Outcome::Applied { .. }) {
                self.state.events.insert(event.id.clone(), event.content_hash());
            }
        }
        self.state.donations.extend(
            fold.changed_donations()
                .map(|(id, donation)| (id.clone(), donation.clone())),
        );
        self.state.facts.extend(
            fold.changed_facts()
                .map(|(campaign, facts)| (campaign.clone(), facts.clone())),
        );
        for (campaign, effect) in fold.effects() {
            let totals = self.totals.entry(campaign.to_string()).or_default();
            *totals = *totals + effect;
        }
        for (campaign, change) in fold.histories() {
            let history = self.histories.entry(campaign.to_string()).or_default();
            history.add_all(change);
        }
        outcomes
    }

    /// As few live pledges of each donor as the fold may be told of.
    fn donors(&self, batch: &[Event]) -> HashMap<CampaignDonor, i64> {
        let refunded: HashSet<_> = batch
            .iter()
            .filter(|event| matches!(event.kind, EventKind::DonationRefunded(_)))
            .filter_map(Event::donation)
            .collect();
        let (mut live, mut enough) = (HashMap::<_, i64>::new(), HashMap::<_, i64>::new());
        for (id, donation) in &self.state.donations {
            let Some((campaign, donor)) = donation.live_donor() else {
                continue;
            };
            let key = (campaign.clone(), donor.clone());
            *live.entry(key.clone()).or_default() += 1;
            *enough.entry(key).or_insert(1) += i64::from(refunded.contains(id));
        }
        live.into_iter()
            .map(|(key, live)| {
                let enough = enough[&key];
                (key, live.min(enough))
            })
            .collect()
    }

    /// The slots of a campaign on the first day of 1970, each with its amount and pledges.
    fn slots(&self, campaign: &str) -> Vec<(u8, i64, i64)> {
        let slots = self.histories[campaign].day(0);
        slots
            .map(|(slot, booked)| (slot.quarter, booked.amount_minor, booked.pledges))
            .collect()
    }

    fn totals(&self, campaign: &str) -> (i64, i64, i64) {
        let totals = self.totals[campaign];
        (totals.amount.minor(), totals.pledges, totals.donors)
    }
}

fn fold_all(events: &[Event]) -> Kept {
    let mut kept = Kept::default();
    kept.fold(events);
    kept
}

#[test]
fn a_donor_is_counted_once_and_is_gone_after_the_last_full_refund() {
    let mut kept = fold_all(&[
        created("e1", "d1", "c", Some("ada"), 1000),
        created("e2", "d2", "c", Some("ada"), 500),
        created("e3", "d3", "c", None, 1),
    ]);
    assert_eq!(kept.totals("c"), (1501, 3, 1));
    kept.fold(&[refunded("e4", "d1", "c", 1000)]);
    assert_eq!(kept.totals("c"), (501, 2, 1));
    kept.fold(&[refunded("e5", "d2", "c", 499)]);
    assert_eq!(kept.totals("c"), (2, 2, 1));
    kept.fold(&[refunded("e6", "d2", "c", 1)]);
    assert_eq!(kept.totals("c"), (1, 1, 0));
}

#[test]
fn a_refund_counts_against_the_campaign_of_its_donation() {
    let kept = fold_all(&[
        refunded("e1", "d1", "other", 300),
        created("e2", "d1", "c", Some("ada"), 1000),
    ]);
    assert_eq!(kept.totals("c"), (700, 1, 1));
    assert!(!kept.totals.contains_key("other"));
}

#[test]
fn a_campaign_has_totals_once_a_donation_was_created_even_if_nothing_is_left_of_it() {
    let creation_first = [
        created("e1", "d1", "c", Some("ada"), 5),
        refunded("e2", "d1", "c", 5),
    ];
    for events in [
        creation_first.clone(),
        [creation_first[1].clone(), creation_first[0].clone()],
    ] {
        assert_eq!(fold_all(&events).totals("c"), (0, 0, 0));
    }
}

#[test]
fn payments_are_logged_and_move_nothing() {
    let kept = fold_all(&[paid("p1", "d1")]);
    assert!(kept.totals.is_empty());
    assert_eq!(kept.state.events.len(), 1);
}

#[test]
fn an_event_seen_again_is_a_duplicate_and_with_other_content_is_quarantined() {
    let mut kept = Kept::default();
    let first = created("e1", "d1", "c", None, 5);
    let forged = created("e1", "d1", "c", None, 6);
    let reused = Outcome::Quarantined(Quarantine::EventIdReused(first.id.clone()));
    assert_eq!(
        kept.fold(&[first.clone(), first.clone(), forged.clone()])[1..],
        [Outcome::Duplicate, reused.clone()]
    );
    assert_eq!(kept.fold(&[forged, first]), [reused, Outcome::Duplicate]);
    assert_eq!(kept.totals("c"), (5, 1, 0));
}

#[test]
fn a_donation_created_again_counts_once_and_otherwise_is_quarantined() {
    let mut kept = fold_all(&[created("e1", "d1", "c", Some("ada"), 5)]);
    let again = kept.fold(&[created("e2", "d1", "c", Some("ada"), 5)]);
    assert_eq!(
        again,
        [Outcome::Applied {
            campaign: Some("c".try_into().unwrap()),
            effect: Effect::NONE,
            early: false,
        }]
    );
    for other in [
        created("e3", "d1", "c", Some("ada"), 6),
        created("e3", "d1", "other", Some("ada"), 5),
        created("e3", "d1", "c", Some("bob"), 5),
    ] {
        let redefined = Quarantine::DonationRedefined("d1".try_into().unwrap());
        assert_eq!(kept.fold(&[other]), [Outcome::Quarantined(redefined)]);
    }
    assert_eq!(kept.totals("c"), (5, 1, 1));
}

#[test]
fn a_refund_takes_from_the_slot_of_its_donation() {
    let mut kept = fold_all(&[
        at(10, created("e1", "d1", "c", None, 50)),
        at(20, created("e2", "d2", "c", None, 7)),
        at(70, refunded("e3", "d1", "c", 20)),
    ]);
    assert_eq!(kept.slots("c"), [(0, 30, 1), (1, 7, 1)]);
    kept.fold(&[at(5000, refunded("e4", "d1", "c", 99))]);
    assert_eq!(kept.slots("c"), [(1, 7, 1)]);
}

#[test]
fn a_donation_is_booked_at_the_earliest_time_of_its_creations() {
    let creation = |id: &str| created(id, "d1", "c", Some("ada"), 50);
    let mut kept = fold_all(&[at(100, creation("e1")), at(110, refunded("e2", "d1", "c", 20))]);
    assert_eq!(kept.slots("c"), [(6, 30, 1)]);
    let again = kept.fold(&[at(46, creation("e3"))]);
    let moves_no_totals = Outcome::Applied {
        campaign: Some("c".try_into().unwrap()),
        effect: Effect::NONE,
        early: false,
    };
    assert_eq!(again, [moves_no_totals]);
    assert_eq!(kept.slots("c"), [(3, 30, 1)]);
    kept.fold(&[at(80, creation("e4"))]);
    assert_eq!(kept.slots("c"), [(3, 30, 1)]);
    assert_eq!(kept.fold(&[at(0, creation("e1"))]), [Outcome::Duplicate]);
    assert_eq!(
        kept.slots("c"),
        [(3, 30, 1)],
        "a copy with another time is a copy"
    );
}

#[test]
fn a_payload_knows_better_than_its_envelope_when_a_donation_was_made() {
    let mut event = at(100, created("e1", "d1", "c", None, 50));
    if let EventKind::DonationCreated(_, _, stated) = &mut event.kind {
        *stated = Timestamp::from_unix_millis(16 * 60_000);
    }
    assert_eq!(fold_all(&[event]).slots("c"), [(1, 50, 1)]);
}

#[test]
fn a_donation_that_an_earlier_version_has_stored_is_booked_nowhere() {
    let mut kept = fold_all(&[at(100, created("e1", "d1", "c", None, 50))]);
    kept.histories.clear();
    for donation in kept.state.donations.values_mut() {
        donation.at = None;
    }
    kept.fold(&[
        at(46, created("e2", "d1", "c", None, 50)),
        refunded("e3", "d1", "c", 20),
    ]);
    assert_eq!(kept.slots("c"), []);
    assert_eq!(kept.totals("c"), (30, 1, 0));
    assert!(
        kept.state
            .donations
            .values()
            .all(|donation| donation.at.is_none())
    );
}

#[test]
fn a_refund_is_early_until_its_donation_is_created() {
    let early = |outcomes: Vec<Outcome>| {
        let early = outcomes.into_iter().map(|outcome| match outcome {
            Outcome::Applied { early, .. } => early,
            other => panic!("{other:?}"),
        });
        early.collect::<Vec<_>>()
    };
    let mut kept = Kept::default();
    let batch = [
        refunded("e1", "d1", "c", 1),
        created("e2", "d1", "c", None, 5),
        refunded("e3", "d1", "c", 1),
        refunded("e4", "d2", "c", 1),
        paid("e5", "d1"),
    ];
    assert_eq!(early(kept.fold(&batch)), [true, false, false, true, false]);
    let next = [refunded("e6", "d1", "c", 1), refunded("e7", "d2", "c", 1)];
    assert_eq!(early(kept.fold(&next)), [false, true]);
}

//! Histories in any order, against a plain oracle.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// One donation of a generated history.
#[derive(Debug, Clone)]
struct Story {
    campaign: u8,
    donor: Option<u8>,
    amount: i64,
    /// When it was created, in minutes: each time another event tells of it.
    created: Vec<i64>,
    refunds: Vec<(i64, u8)>,
}

fn story() -> impl Strategy<Value = Story> {
    let refunds = prop::collection::vec((1..60_i64, 0..3_u8), 0..4);
    (
        0..3_u8,
        prop::option::of(0..3_u8),
        1..100_i64,
        prop::collection::vec(-3000..3000_i64, 0..4),
        refunds,
    )
        .prop_map(|(campaign, donor, amount, created, refunds)| Story {
            campaign,
            donor,
            amount,
            created,
            refunds,
        })
}

fn events_of(stories: &[Story]) -> Vec<Event> {
    let mut events = Vec::new();
    for (number, story) in stories.iter().enumerate() {
        let donation = format!("d{number}");
        let (campaign, donor) = (
            format!("c{}", story.campaign),
            story.donor.map(|donor| format!("u{donor}")),
        );
        for (copy, minutes) in story.created.iter().enumerate() {
            let id = format!("{donation}-created-{copy}");
            let event = created(&id, &donation, &campaign, donor.as_deref(), story.amount);
            events.push(at(*minutes, event));
        }
        for (refund, (amount, routed_to)) in story.refunds.iter().enumerate() {
            let id = format!("{donation}-refunded-{refund}");
            let event = refunded(&id, &donation, &format!("c{routed_to}"), *amount);
            events.push(at(amount * 100, event));
        }
        events.push(paid(&format!("{donation}-paid"), &donation));
    }
    events
}

/// The totals as a person would add them up from the stories: amount, pledges, donors per campaign.
fn oracle(stories: &[Story]) -> BTreeMap<String, (i64, i64, i64)> {
    let mut sums: BTreeMap<String, (i64, i64, BTreeSet<u8>)> = BTreeMap::new();
    for story in stories.iter().filter(|story| !story.created.is_empty()) {
        let sum = sums.entry(format!("c{}", story.campaign)).or_default();
        let refunds: i64 = story.refunds.iter().map(|(amount, _)| amount).sum();
        if refunds < story.amount {
            sum.0 += story.amount - refunds;
            sum.1 += 1;
            sum.2.extend(story.donor);
        }
    }
    sums.into_iter()
        .map(|(campaign, (amount, pledges, donors))| {
            (campaign, (amount, pledges, i64::try_from(donors.len()).unwrap()))
        })
        .collect()
}

/// The slots as a person would add them up from the stories: amount and pledges per campaign, day and quarter of an hour.
fn oracle_of_slots(stories: &[Story]) -> BTreeMap<(String, i64, i64), (i64, i64)> {
    let mut slots = BTreeMap::new();
    for story in stories {
        let refunds: i64 = story.refunds.iter().map(|(amount, _)| amount).sum();
        let Some(minutes) = story.created.iter().min().filter(|_| refunds < story.amount) else {
            continue;
        };
        let (day, minute) = (minutes.div_euclid(24 * 60), minutes.rem_euclid(24 * 60));
        let slot = (format!("c{}", story.campaign), day, minute / 15);
        let booked: &mut (i64, i64) = slots.entry(slot).or_default();
        booked.0 += story.amount - refunds;
        booked.1 += 1;
    }
    slots
}

/// A history as it arrives: duplicated, permuted and cut into batches.
fn arrival() -> impl Strategy<Value = (Vec<Story>, Vec<Vec<Event>>)> {
    prop::collection::vec(story(), 1..12).prop_flat_map(|stories| {
        let events = events_of(&stories);
        let copies = prop::collection::vec(1..3_usize, events.len());
        let arrived = copies.prop_flat_map(move |copies| {
            let all: Vec<Event> = events
                .iter()
                .zip(copies)
                .flat_map(|(event, copies)| std::iter::repeat_n(event.clone(), copies))
                .collect();
            Just(all).prop_shuffle()
        });
        (Just(stories), arrived, 1..20_usize).prop_map(|(stories, events, batch)| {
            (stories, events.chunks(batch).map(<[Event]>::to_vec).collect())
        })
    })
}

proptest! {
    #[test]
    fn any_order_duplication_and_batching_gives_the_oracles_totals((stories, batches) in arrival()) {
        let mut kept = Kept::default();
        for batch in &batches {
            for outcome in kept.fold(batch) {
                prop_assert!(!matches!(outcome, Outcome::Quarantined(_)), "{outcome:?}");
            }
            for totals in kept.totals.values() {
                prop_assert!(totals.amount >= Money::ZERO && totals.pledges >= totals.donors && totals.donors >= 0);
            }
        }
        let totals: BTreeMap<_, _> =
            kept.totals.keys().map(|campaign| (campaign.clone(), kept.totals(campaign))).collect();
        prop_assert_eq!(totals, oracle(&stories));
        let slots = kept.histories.iter().flat_map(|(campaign, history)| {
            history.iter().map(|(slot, booked)| {
                let slot = (campaign.clone(), i64::from(slot.day), i64::from(slot.quarter));
                (slot, (booked.amount_minor, booked.pledges))
            })
        });
        prop_assert_eq!(slots.collect::<BTreeMap<_, _>>(), oracle_of_slots(&stories));
    }
}

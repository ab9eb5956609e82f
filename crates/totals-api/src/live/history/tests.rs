use totals_core::store::Raised;

use super::*;
use crate::calendar::{Calendar, Interval, MAX_INTERVALS};

/// The largest answers that there are, each of other intervals.
fn largest(number: i64) -> (Key, HistoryData) {
    let calendar = Calendar::new(Interval::Hour, "Australia/Lord_Howe").unwrap();
    let from = jiff::Timestamp::from_second(1_700_000_000 + 3600 * number).unwrap();
    let starts: Vec<_> =
        std::iter::successors(Some(calendar.start_of(from)), |start| Some(calendar.next(*start)))
            .take(MAX_INTERVALS)
            .collect();
    let intervals = Intervals::new(
        calendar,
        from,
        starts[MAX_INTERVALS - 1] + jiff::SignedDuration::from_secs(1),
    );
    let intervals = intervals.unwrap();
    let raised = RaisedOverTime {
        before: Raised::default(),
        intervals: (0..1000)
            .map(|place| Raised {
                amount_minor: i128::from(i64::MAX) - place,
                pledges: 1 << 40,
            })
            .collect(),
        after: Raised::default(),
    };
    let key = Key {
        campaign: None,
        intervals: intervals.key(),
    };
    (
        key,
        HistoryData::of_all(&intervals, &raised, "USD".parse().unwrap()),
    )
}

#[test]
fn answers_in_memory_take_no_more_than_their_bound_and_the_largest_has_a_place() {
    let histories = Histories::default();
    for number in 0..250 {
        let (key, data) = largest(number);
        let shows = Version::Platform(ClusterTime::default());
        let answer = histories.keep(key.clone(), shows, Instant::now(), data);
        assert!(answer.bytes() < 300 * 1024, "{}", answer.bytes());
        assert!(histories.get(&key, |_| true).is_some(), "{number}");
        assert!(histories.kept.weight() <= KEPT_BYTES);
    }
    assert!(
        (50..250).contains(&histories.kept.len()),
        "{}",
        histories.kept.len()
    );
}

#[test]
fn an_answer_is_shown_for_a_while_and_only_with_its_version() {
    let histories = Histories::default();
    let (key, data) = largest(0);
    let shows = Version::Campaign(7, Timestamp::EARLIEST);
    histories.keep(key.clone(), shows, Instant::now(), data);
    assert!(histories.get(&key, |kept| kept == shows).is_some());
    assert!(
        histories
            .get(&key, |kept| kept == Version::Campaign(7, Timestamp::LATEST))
            .is_none()
    );

    let (key, data) = largest(0);
    histories.keep(key.clone(), shows, Instant::now() - KEPT_FOR, data);
    assert!(histories.get(&key, |kept| kept == shows).is_none());
}

//! Intervals against a plain oracle, which asks for each slot what the clocks show when it begins.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;

const INTERVALS: [Interval; 5] = [
    Interval::Quarter,
    Interval::Hour,
    Interval::Day,
    Interval::Week,
    Interval::Month,
];

/// Zones, each with a moment near which something happens to its clocks.
const ZONES: &[(&str, &str)] = &[
    ("UTC", "2025-06-01T00:00Z"),
    ("Europe/Berlin", "2025-03-30T01:00Z"),
    ("Europe/Berlin", "2025-10-26T01:00Z"),
    ("Asia/Kolkata", "1945-10-14T17:30Z"),
    // From 5 h 30 min to 5 h 45 min ahead.
    ("Asia/Kathmandu", "1985-12-31T18:30Z"),
    // Half an hour of summer time.
    ("Australia/Lord_Howe", "2025-04-05T15:00Z"),
    ("Australia/Lord_Howe", "2025-10-04T15:30Z"),
    // Back at one minute past midnight, so that a date comes twice.
    ("America/St_Johns", "2006-10-29T02:31Z"),
    ("America/St_Johns", "1988-10-30T02:31Z"),
    // No 30 December 2011.
    ("Pacific/Apia", "2011-12-30T10:00Z"),
    // Back by 23 hours, so that 30 September 1969 was 47 hours long.
    ("Pacific/Kwajalein", "1969-09-30T13:00Z"),
    // 44 min 30 s behind until then.
    ("Africa/Monrovia", "1972-01-07T00:44:30Z"),
    ("Africa/Monrovia", "1950-06-01T00:00Z"),
    // No midnight when summer begins, and two when it ends.
    ("America/Sao_Paulo", "2018-11-04T03:00Z"),
    ("America/Havana", "2025-11-02T05:00Z"),
    // From 23:30 to 00:30.
    ("America/Toronto", "1919-03-31T04:30Z"),
    // From the solar time of the place to that of the zone.
    ("America/New_York", "1883-11-18T17:00Z"),
    // Summer time that is winter time in the rules.
    ("Europe/Dublin", "2025-10-26T01:00Z"),
    // Changes without another offset.
    ("Africa/El_Aaiun", "2026-02-15T02:00Z"),
];

fn calendar(interval: Interval, zone: &str) -> Calendar {
    Calendar::new(interval, zone).unwrap()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The starts of the intervals between two moments, as they are shown.
fn shown(interval: Interval, zone: &str, from: &str, to: &str) -> Vec<String> {
    let calendar = calendar(interval, zone);
    let intervals = Intervals::new(calendar.clone(), moment(from), moment(to)).unwrap();
    let starts = intervals.starts.iter();
    starts.map(|start| calendar.show(*start)).collect()
}

/// What the clocks show when a slot begins, as far as it tells one interval from the next: dates never go back.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Label {
    Moment(Timestamp),
    Hour(DateTime, Offset),
    Date(Date),
}

fn label(calendar: &Calendar, slot: Timestamp, latest: &mut Date) -> Label {
    let shown = calendar.zone.to_datetime(slot);
    *latest = shown.date().max(*latest);
    let days_after_monday = i32::from(latest.weekday().to_monday_zero_offset());
    match calendar.interval {
        Interval::Quarter => Label::Moment(slot),
        Interval::Hour => Label::Hour(
            shown.date().at(shown.hour(), 0, 0, 0),
            calendar.zone.to_offset(slot),
        ),
        Interval::Day => Label::Date(*latest),
        Interval::Week => Label::Date(*latest - days_after_monday.days()),
        Interval::Month => Label::Date(latest.first_of_month()),
    }
}

/// The slots at which another interval begins, by the oracle.
fn cuts_by_the_oracle(calendar: &Calendar, start: Timestamp, end: Timestamp) -> BTreeSet<i64> {
    let mut latest = Date::MIN;
    let mut before = None;
    // Two days earlier, so that it knows which dates the clocks have shown.
    let slots = ceiling(start) - 2 * 96..ceiling(end);
    let mut cuts = BTreeSet::new();
    for number in slots {
        let label = Some(label(calendar, second(number * SLOT_SECONDS), &mut latest));
        if label != before && number > ceiling(start) {
            cuts.insert(number);
        }
        before = label;
    }
    cuts
}

/// The first slot that begins at the moment, or after it.
fn ceiling(moment: Timestamp) -> i64 {
    -(-moment.as_second()).div_euclid(SLOT_SECONDS)
}

fn a_moment() -> impl Strategy<Value = (&'static str, Timestamp)> {
    let hours = -30_000..10_000_i64;
    let weeks = -3_000_000..3_000_000_i64;
    let years = -2_500_000_000..4_000_000_000_i64;
    let at = prop_oneof![2 => hours.prop_map(Ok), 1 => weeks.prop_map(Ok), 1 => years.prop_map(Err)];
    (0..ZONES.len(), at).prop_map(|(zone, at)| {
        let (name, around) = ZONES[zone];
        let at = at.map_or_else(second, |near| second(moment(around).as_second() + near));
        (name, at)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn intervals_are_cut_where_the_clocks_say((zone, from) in a_moment(), which in 0..5_usize, count in 1..60_i64) {
        let calendar = calendar(INTERVALS[which], zone);
        let usual = [SLOT_SECONDS, HOUR_SECONDS, 86_400, 7 * 86_400, 30 * 86_400][which];
        let to = second(from.as_second() + 1 + usual * count.min(15 * 30 * 86_400 / usual));
        let intervals = Intervals::new(calendar.clone(), from, to).unwrap();
        prop_assert!(intervals.starts[0] <= from && *intervals.starts.last().unwrap() < to && to <= intervals.end);
        prop_assert!(intervals.starts.is_sorted_by(|one, next| one < next));
        // Two that begin within one slot share a cut, which leaves the first of them without any slot.
        let cuts: BTreeSet<_> = intervals.starts[1..].iter().copied().map(ceiling).collect();
        let cuts: BTreeSet<_> = cuts.into_iter()
            .filter(|cut| (ceiling(intervals.starts[0]) + 1..ceiling(intervals.end)).contains(cut)).collect();
        prop_assert_eq!(cuts, cuts_by_the_oracle(&calendar, intervals.starts[0], intervals.end), "{}", zone);
    }

    #[test]
    fn every_moment_of_an_interval_leads_to_its_start((zone, at) in a_moment(), which in 0..5_usize, part in 0.0..1.0_f64) {
        let calendar = calendar(INTERVALS[which], zone);
        let start = calendar.start_of(at);
        let next = calendar.next(start);
        prop_assert!(start <= at && at < next);
        let within = start + (next - start).mul_f64(part);
        prop_assert_eq!(calendar.start_of(second(within.as_second())), start);
        prop_assert_eq!(calendar.start_of(next), next);
        prop_assert_eq!(calendar.start_of(next - SignedDuration::from_secs(1)), start);
    }

    #[test]
    fn what_is_shown_is_the_exact_moment_in_rfc_3339((zone, at) in a_moment()) {
        let shown = calendar(Interval::Day, zone).show(at);
        prop_assert_eq!(shown.len(), "2025-11-21T10:00:00+01:00".len());
        prop_assert_eq!(shown.parse::<Timestamp>().unwrap(), at);
    }

    #[test]
    fn so_many_intervals_before_are_so_many_later((zone, at) in a_moment(), which in 0..5_usize, count in 0..40_i32) {
        let calendar = calendar(INTERVALS[which], zone);
        let last = calendar.start_of(at);
        let first = calendar.before(last, count);
        let intervals = Intervals::new(calendar, first, second(last.as_second() + 1)).unwrap();
        prop_assert_eq!(intervals.starts.first(), Some(&first));
        prop_assert_eq!(intervals.starts.last(), Some(&last));
        // Hours that are shown twice or not at all, and dates that a zone has skipped.
        let differ = i64::try_from(intervals.starts.len()).unwrap() - i64::from(count) - 1;
        prop_assert!((-2..=2).contains(&differ), "{}", differ);
    }
}

#[test]
fn days_last_as_long_as_the_clocks_say() {
    for (zone, date, begins, minutes) in [
        (
            "Europe/Berlin",
            "2025-03-30",
            "2025-03-30T00:00:00+01:00",
            23 * 60,
        ),
        (
            "Europe/Berlin",
            "2025-10-26",
            "2025-10-26T00:00:00+02:00",
            25 * 60,
        ),
        (
            "Europe/Berlin",
            "2025-11-21",
            "2025-11-21T00:00:00+01:00",
            24 * 60,
        ),
        ("Asia/Kolkata", "2025-11-21", "2025-11-21T00:00:00+05:30", 24 * 60),
        (
            "Australia/Lord_Howe",
            "2025-04-06",
            "2025-04-06T00:00:00+11:00",
            24 * 60 + 30,
        ),
        (
            "Australia/Lord_Howe",
            "2025-10-05",
            "2025-10-05T00:00:00+10:30",
            23 * 60 + 30,
        ),
        (
            "America/St_Johns",
            "2006-10-29",
            "2006-10-29T00:00:00-02:30",
            25 * 60,
        ),
        (
            "America/Sao_Paulo",
            "2018-11-04",
            "2018-11-04T01:00:00-02:00",
            23 * 60,
        ),
        (
            "America/Toronto",
            "1919-03-31",
            "1919-03-31T00:30:00-04:00",
            23 * 60 + 30,
        ),
        (
            "Asia/Kathmandu",
            "1986-01-01",
            "1986-01-01T00:15:00+05:45",
            23 * 60 + 45,
        ),
        // Its 30 seconds are in the moment, not in the offset.
        (
            "Africa/Monrovia",
            "1971-03-02",
            "1971-03-02T00:00:30-00:44",
            24 * 60,
        ),
    ] {
        let calendar = calendar(Interval::Day, zone);
        let start = calendar.first_moment(date.parse().unwrap());
        let lasts = calendar.next(start).duration_since(start);
        assert_eq!(
            (calendar.show(start).as_str(), lasts.as_secs()),
            (begins, minutes * 60),
            "{zone} {date}"
        );
    }
}

#[test]
fn a_date_that_a_zone_has_skipped_is_no_day() {
    assert_eq!(
        shown(
            Interval::Day,
            "Pacific/Apia",
            "2011-12-29T12:00-10",
            "2012-01-01T12:00+14"
        ),
        [
            "2011-12-29T00:00:00-10:00",
            "2011-12-31T00:00:00+14:00",
            "2012-01-01T00:00:00+14:00",
        ]
    );
}

#[test]
fn an_hour_that_the_clocks_show_twice_is_two_and_a_change_by_half_an_hour_leaves_halves() {
    for (zone, from, to, hours) in [
        (
            "Europe/Berlin",
            "2025-10-26T01:00+02:00",
            "2025-10-26T04:00+01:00",
            vec![
                "2025-10-26T01:00:00+02:00",
                "2025-10-26T02:00:00+02:00",
                "2025-10-26T02:00:00+01:00",
                "2025-10-26T03:00:00+01:00",
            ],
        ),
        (
            "Europe/Berlin",
            "2025-03-30T01:15+01:00",
            "2025-03-30T03:01+02:00",
            vec!["2025-03-30T01:00:00+01:00", "2025-03-30T03:00:00+02:00"],
        ),
        (
            "Australia/Lord_Howe",
            "2025-04-06T01:00+11:00",
            "2025-04-06T02:01+10:30",
            vec![
                "2025-04-06T01:00:00+11:00",
                "2025-04-06T01:30:00+10:30",
                "2025-04-06T02:00:00+10:30",
            ],
        ),
        (
            "Asia/Kolkata",
            "2025-11-21T00:00Z",
            "2025-11-21T01:00Z",
            vec!["2025-11-21T05:00:00+05:30", "2025-11-21T06:00:00+05:30"],
        ),
    ] {
        assert_eq!(shown(Interval::Hour, zone, from, to), hours, "{zone}");
    }
}

#[test]
fn weeks_begin_on_monday_and_months_on_their_first() {
    assert_eq!(
        shown(
            Interval::Week,
            "Europe/Berlin",
            "2025-03-24T12:00Z",
            "2025-04-06T22:01Z"
        ),
        [
            "2025-03-24T00:00:00+01:00",
            "2025-03-31T00:00:00+02:00",
            "2025-04-07T00:00:00+02:00",
        ]
    );
    assert_eq!(
        shown(
            Interval::Month,
            "America/New_York",
            "2024-02-29T12:00Z",
            "2024-04-01T04:01Z"
        ),
        [
            "2024-02-01T00:00:00-05:00",
            "2024-03-01T00:00:00-05:00",
            "2024-04-01T00:00:00-04:00",
        ]
    );
}

#[test]
fn there_are_a_thousand_intervals_at_most_and_none_without_a_moment() {
    let calendar = calendar(Interval::Quarter, "UTC");
    let start = moment("2025-11-21T00:00Z");
    let after = |seconds| second(start.as_second() + seconds);
    let count = |to| Intervals::new(calendar.clone(), start, to).map(|intervals| intervals.starts.len());
    assert_eq!(count(after(1)), Some(1));
    assert_eq!(count(after(1000 * SLOT_SECONDS)), Some(1000));
    assert_eq!(count(after(1000 * SLOT_SECONDS + 1)), None);
    assert_eq!(count(start), None);
    assert_eq!(count(after(-1)), None);
}

#[test]
fn a_zone_has_a_name_of_the_tz_database() {
    let name = |zone| Calendar::new(Interval::Day, zone).map(|calendar| calendar.zone_name().to_owned());
    for (zone, expected) in [
        ("Europe/Berlin", Some("Europe/Berlin")),
        ("europe/berlin", Some("Europe/Berlin")),
        ("UTC", Some("UTC")),
        ("Etc/UTC", Some("Etc/UTC")),
        (
            "America/Argentina/Buenos_Aires",
            Some("America/Argentina/Buenos_Aires"),
        ),
        ("", None),
        ("Berlin", None),
        ("CEST-1", None),
        ("+01:00", None),
        ("Etc/Unknown", None),
        ("Factory", None),
        ("../../etc/passwd", None),
    ] {
        assert_eq!(name(zone).as_deref(), expected, "{zone}");
    }
}

#[test]
fn since_1980_every_zone_is_whole_slots_ahead_of_utc_or_behind_it() {
    let since = moment("1980-01-01T00:00Z");
    for name in TimeZoneDatabase::bundled().available() {
        let Some(calendar) = Calendar::new(Interval::Day, name.as_str()) else {
            continue;
        };
        let changes = calendar
            .zone
            .following(since)
            .take(200)
            .map(|change| change.offset());
        let offsets = iter::once(calendar.zone.to_offset(since)).chain(changes);
        for offset in offsets {
            assert_eq!(i64::from(offset.seconds()) % SLOT_SECONDS, 0, "{}", name.as_str());
        }
    }
}

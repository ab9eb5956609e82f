//! The calendar of a time zone: where its hours, days, weeks and months begin.
//!
//! The intervals of a calendar follow each other without a gap and without an overlap, so every moment is in exactly one, and
//! what is booked in a slot is in exactly one point of a history. A day begins at the first moment at which the zone's clocks
//! show its date, and lasts until the next one begins: 23, 25 or 23½ hours where the clocks are changed. A date that a zone has
//! skipped is no day of it. Weeks begin on Monday. An hour begins at each full hour of the clocks, and where they are
//! changed: the hour that is shown twice is two, and a change by half an hour leaves two halves.
//!
//! The tz database is embedded (`jiff`), so that an answer does not depend on the machine. Rejected: the `date` of a moment for
//! each slot, grouped (one look in the zone for each slot, and a day that the clocks enter twice would be two).

mod intervals;

use std::iter;

use jiff::civil::{Date, Time};
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::intervals::{Intervals, IntervalsKey, MAX_INTERVALS};

/// Seconds of a slot of the history: intervals are not shorter.
const SLOT_SECONDS: i64 = 15 * 60;

const HOUR_SECONDS: i64 = 60 * 60;

/// How long the intervals of a history are; `quarter` is a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Interval {
    /// A quarter of an hour of UTC, in every zone.
    Quarter,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week, from Monday on.
    Week,
    /// A month.
    Month,
}

/// The intervals of a time zone. They begin at whole seconds.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// How long an interval is.
    pub interval: Interval,
    /// Where clocks and dates are looked up.
    zone: TimeZone,
}

impl Calendar {
    /// The intervals of the zone of this name of the IANA time zone database, in capital letters or not; `None` if it is none.
    pub fn new(interval: Interval, zone: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(zone).ok()?;
        // The database has two names for what is no zone: that of an unknown one, and that of a machine before its set-up.
        let named = zone.iana_name().is_some_and(|name| name != "Factory");
        (named && !zone.is_unknown()).then_some(Self { interval, zone })
    }

    /// The name of the zone, as the database writes it.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The start of the interval that has this moment.
    pub fn start_of(&self, moment: Timestamp) -> Timestamp {
        // Rules of zones are whole seconds.
        let moment =
            i64::try_from(moment.as_nanosecond().div_euclid(1_000_000_000)).map_or(Timestamp::MAX, second);
        let mut start = match self.interval {
            Interval::Quarter => second(moment.as_second().div_euclid(SLOT_SECONDS) * SLOT_SECONDS),
            Interval::Hour => self.hour_of(moment),
            Interval::Day | Interval::Week | Interval::Month => self.first_moment(self.first_date(moment)),
        };
        // The clocks may have gone back to the day before, whose date the moment has then once more.
        loop {
            let next = self.next(start);
            if next > moment || next <= start {
                return start;
            }
            start = next;
        }
    }

    /// The start of the interval behind the one that begins at `start`.
    pub fn next(&self, start: Timestamp) -> Timestamp {
        match self.interval {
            Interval::Quarter => second(start.as_second() + SLOT_SECONDS),
            Interval::Hour => self.next_hour(start),
            Interval::Day | Interval::Week | Interval::Month => {
                let dates = iter::successors(Some(self.first_date(start)), |date| self.date_after(*date, 1));
                let mut starts = dates.skip(1).map(|date| self.first_moment(date));
                // A date that the zone has skipped begins together with the one behind it.
                starts.find(|next| *next > start).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// The start of the interval that is so many before the one that begins at `start`, by the clock or by the dates.
    pub fn before(&self, start: Timestamp, intervals: i32) -> Timestamp {
        let earlier = |seconds: i64| second(start.as_second() - i64::from(intervals) * seconds);
        match self.interval {
            Interval::Quarter => earlier(SLOT_SECONDS),
            Interval::Hour => self.start_of(earlier(HOUR_SECONDS)),
            Interval::Day | Interval::Week | Interval::Month => {
                let date = self.date_after(self.first_date(start), -intervals);
                self.first_moment(date.unwrap_or(Date::MIN))
            }
        }
    }

    /// The first moment at which the zone's clocks show this date, or a later one if the zone has skipped it.
    pub fn first_moment(&self, date: Date) -> Timestamp {
        let midnight = date.to_datetime(Time::midnight());
        let at = |offset: Offset| offset.to_timestamp(midnight).unwrap_or(Timestamp::MAX);
        match self.zone.to_ambiguous_timestamp(midnight).offset() {
            AmbiguousOffset::Unambiguous { offset } => at(offset),
            AmbiguousOffset::Fold { before, .. } => at(before),
            // The date begins when the clocks are put forward. With the later offset, midnight is a moment before that.
            AmbiguousOffset::Gap { after, .. } => {
                let mut changes = self.zone.following(at(after));
                changes
                    .find(|change| change.offset() == after)
                    .map_or(at(after), |change| change.timestamp())
            }
        }
    }

    /// The moment at which the zone's clocks show this time of this date: the earlier one of two. A time that they skip is
    /// taken by the clock as it was before.
    pub fn moment(&self, date: Date, time: Time) -> Option<Timestamp> {
        let shown = date.to_datetime(time);
        self.zone.to_ambiguous_timestamp(shown).compatible().ok()
    }

    /// The year that the zone's clocks show at a moment.
    pub fn year_of(&self, moment: Timestamp) -> i16 {
        self.zone.to_datetime(moment).year()
    }

    /// The moment, without parts of a second, as RFC 3339 with the zone's offset then. Where that has seconds, as before 1972, they are left out of the
    /// offset: RFC 3339 has none, and the moment stays exact.
    pub fn show(&self, moment: Timestamp) -> String {
        let offset = self.zone.to_offset(moment).seconds() / 60 * 60;
        let offset = Offset::from_seconds(offset).unwrap_or(Offset::UTC);
        let printer = DateTimePrinter::new().precision(Some(0));
        printer.timestamp_with_offset_to_string(&moment, offset)
    }

    /// The first date of the day, week or month whose date the clocks show at a moment.
    fn first_date(&self, moment: Timestamp) -> Date {
        let date = self.zone.to_datetime(moment).date();
        match self.interval {
            Interval::Week => {
                let days = date.weekday().to_monday_zero_offset();
                date.saturating_sub(i32::from(days).days())
            }
            Interval::Month => date.first_of_month(),
            Interval::Quarter | Interval::Hour | Interval::Day => date,
        }
    }

    fn date_after(&self, date: Date, intervals: i32) -> Option<Date> {
        let span = match self.interval {
            Interval::Week => intervals.weeks(),
            Interval::Month => intervals.months(),
            Interval::Quarter | Interval::Hour | Interval::Day => intervals.days(),
        };
        date.checked_add(span).ok()
    }

    fn hour_of(&self, moment: Timestamp) -> Timestamp {
        let full = full_hour(moment, self.zone.to_offset(moment));
        let changes = self.zone.preceding(second(moment.as_second() + 1));
        changes
            .map(|change| change.timestamp())
            .take_while(|change| *change > full)
            .find(|change| {
                self.zone.to_offset(second(change.as_second() - 1)) != self.zone.to_offset(*change)
            })
            .unwrap_or(full)
    }

    fn next_hour(&self, start: Timestamp) -> Timestamp {
        let offset = self.zone.to_offset(start);
        let full = second(full_hour(start, offset).as_second() + HOUR_SECONDS);
        let changes = self.zone.following(start);
        changes
            .take_while(|change| change.timestamp() < full)
            .find(|change| change.offset() != offset)
            .map_or(full, |change| change.timestamp())
    }
}

/// The latest full hour of clocks that are ahead of UTC by this offset.
fn full_hour(moment: Timestamp, offset: Offset) -> Timestamp {
    let (utc, ahead) = (moment.as_second(), i64::from(offset.seconds()));
    second((utc + ahead).div_euclid(HOUR_SECONDS) * HOUR_SECONDS - ahead)
}

/// The moment so many seconds after 1970, held within what there is.
fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

#[cfg(test)]
mod tests;

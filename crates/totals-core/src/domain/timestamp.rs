//! A moment in time to the millisecond, as the wire writes it: `2025-11-21T10:00:00.000Z`.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A time since the epoch that is not less than this, in either direction, is in milliseconds, else in seconds.
const FIRST_MILLISECONDS: u64 = 100_000_000_000;

/// Milliseconds since the Unix epoch, within the years 0 to 9999: no other moment can be written as the wire writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first moment that can be written: `0000-01-01T00:00:00.000Z`.
    pub const EARLIEST: Self = Self(-62_167_219_200_000);

    /// The last one: `9999-12-31T23:59:59.999Z`.
    pub const LATEST: Self = Self(253_402_300_799_999);

    /// The present moment by the system's clock.
    pub fn now() -> Self {
        Self::from_date_time(OffsetDateTime::now_utc())
    }

    /// Reads RFC 3339, as JavaScript's `toISOString` writes it and with any offset; finer parts are cut off. Also what other
    /// languages write: `+0000` and `+00` for an offset, no offset (UTC), no seconds, a space for the `T`, and a date alone
    /// (midnight UTC).
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_rfc3339(text).or_else(|| Self::parse_rfc3339(&as_rfc3339(text)?))
    }

    fn parse_rfc3339(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339)
            .ok()?
            .checked_to_offset(UtcOffset::UTC)?;
        // An offset may lead out of the years that can be written.
        (0..=9999)
            .contains(&moment.year())
            .then(|| Self::from_date_time(moment))
    }

    /// The moment so many thousandths of a unit after the Unix epoch, where the unit is not told. Less than 10^11 units are
    /// seconds (until the year 5138), more are milliseconds (since March 1973). `None` if it is not within the years 0 to
    /// 9999.
    pub const fn from_epoch_thousandths(thousandths: i64) -> Option<Self> {
        if thousandths.unsigned_abs() < FIRST_MILLISECONDS * 1000 {
            Self::from_unix_millis(thousandths)
        } else {
            Self::from_unix_millis(thousandths / 1000)
        }
    }

    /// The moment `millis` milliseconds after the Unix epoch; `None` if it is not within the years 0 to 9999.
    pub const fn from_unix_millis(millis: i64) -> Option<Self> {
        if Self::EARLIEST.0 <= millis && millis <= Self::LATEST.0 {
            Some(Self(millis))
        } else {
            None
        }
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// The time from `earlier` to this moment; zero if `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or_default())
    }

    fn from_date_time(moment: OffsetDateTime) -> Self {
        Self(moment.unix_timestamp() * 1000 + i64::from(moment.millisecond()))
    }
}

/// Completes a date, or a date and a time of day, to RFC 3339.
fn as_rfc3339(text: &str) -> Option<String> {
    const DATE: usize = "2025-11-21".len();
    const NO_SECONDS: usize = "10:00".len();
    let (date, rest) = text.split_at_checked(DATE)?;
    if rest.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = rest.split_at(rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len()));
    let clock = clock.trim_end_matches(' ');
    let seconds = if clock.len() == NO_SECONDS { ":00" } else { "" };
    let offset = match (offset.len(), offset.is_ascii()) {
        (0, _) => "Z".to_owned(),
        (3, true) => format!("{offset}:00"),
        (5, true) => format!("{}:{}", &offset[..3], &offset[3..]),
        _ => offset.to_owned(),
    };
    Some(format!("{date}T{clock}{seconds}{offset}"))
}

impl fmt::Display for Timestamp {
    /// By hand: every answer has one, and a calendar for all purposes takes longer than the rest of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1000;
        let (days, millis) = (self.0.div_euclid(MILLIS_A_DAY), self.0.rem_euclid(MILLIS_A_DAY));
        let (year, month, day) = date_of(days);
        let (seconds, millis) = (millis / 1000, millis % 1000);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        write_digits(&mut text[0..4], year);
        write_digits(&mut text[5..7], month);
        write_digits(&mut text[8..10], day);
        write_digits(&mut text[11..13], seconds / 3600);
        write_digits(&mut text[14..16], seconds / 60 % 60);
        write_digits(&mut text[17..19], seconds % 60);
        write_digits(&mut text[20..23], millis);
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// The year, month and day of the day so many days after 1970-01-01. Years are counted from March here, so that a leap day is
/// the last of its year.
fn date_of(days: i64) -> (i64, i64, i64) {
    const DAYS_IN_400_YEARS: i64 = 146_097;
    /// From 0000-03-01.
    const DAYS_UNTIL_1970: i64 = 719_468;
    let days = days + DAYS_UNTIL_1970;
    let (era, day) = (
        days.div_euclid(DAYS_IN_400_YEARS),
        days.rem_euclid(DAYS_IN_400_YEARS),
    );
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// Writes a number's last digits.
fn write_digits(text: &mut [u8], mut number: i64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_timestamps_are_read_and_written() {
        for (read, written) in [
            ("2025-11-21T10:00:00.000Z", "2025-11-21T10:00:00.000Z"),
            ("2025-11-21T10:00:00Z", "2025-11-21T10:00:00.000Z"),
            ("2025-11-21T12:00:00.1239+02:00", "2025-11-21T10:00:00.123Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
            ("0000-01-01T00:00:00.001Z", "0000-01-01T00:00:00.001Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("2024-02-29T07:08:09.010Z", "2024-02-29T07:08:09.010Z"),
        ] {
            assert_eq!(Timestamp::parse(read).unwrap().to_string(), written);
        }
        for text in [
            "",
            "yesterday",
            "noon",
            "2025-13-01T00:00:00Z",
            "2025-02-30",
            "2025-11-21T",
            "2025-11-21T10",
            "2025-11-21T1000",
            "2025-11-21T25:00:00",
            "2025-11-21T10:00:00+0",
            "2025-11-21T10:00:00+000",
            "2025-11-21T10:00:00+00000",
            "2025-11-21T10:00:00+9900",
            "2025-11-21T10:00:00+é0",
            "2025-11-21 10:00:00 noon",
            "2025/11/21",
            "21-11-2025",
            "20251121",
            "1763712000000",
            "0000-01-01T00:00:00+23:59",
            "0000-01-01T00:00:00+2359",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_other_languages_write_is_the_same_moment() {
        let moment = Timestamp::parse("2025-11-21T10:00:00.000Z");
        for text in [
            "2025-11-21T10:00:00+0000",
            "2025-11-21T10:00:00-00",
            "2025-11-21T10:00:00",
            "2025-11-21T10:00",
            "2025-11-21 10:00:00",
            "2025-11-21 10:00:00.000",
            "2025-11-21 10:00:00Z",
            "2025-11-21 10:00:00+00:00",
            "2025-11-21 10:00:00 +0000",
            "2025-11-21 12:30:00+0230",
            "2025-11-21T08:00-02",
            "2025-11-21t10:00:00z",
        ] {
            assert_eq!(Timestamp::parse(text), moment, "{text}");
        }
        assert_eq!(
            Timestamp::parse("2025-11-21"),
            Timestamp::parse("2025-11-21T00:00:00.000Z")
        );
    }

    #[test]
    fn seconds_and_milliseconds_since_the_epoch_are_told_apart_by_their_size() {
        let bound = i64::try_from(FIRST_MILLISECONDS).unwrap();
        for (units, written) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_763_719_200, "2025-11-21T10:00:00.000Z"),
            (1_763_719_200_000, "2025-11-21T10:00:00.000Z"),
            (-86_400, "1969-12-31T00:00:00.000Z"),
            (bound - 1, "5138-11-16T09:46:39.000Z"),
            (bound, "1973-03-03T09:46:40.000Z"),
            (1 - bound, "-"),
            (-bound, "1966-10-31T14:13:20.000Z"),
            (Timestamp::LATEST.0, "9999-12-31T23:59:59.999Z"),
            (Timestamp::LATEST.0 + 1, "-"),
            (1_763_719_200_000_000, "-"),
        ] {
            let moment = Timestamp::from_epoch_thousandths(units * 1000);
            let moment = moment.map_or("-".to_owned(), |moment| moment.to_string());
            assert_eq!(moment, written, "{units}");
        }
    }

    #[test]
    fn a_moment_that_cannot_be_written_is_none() {
        for (millis, written) in [
            (Timestamp::EARLIEST.0, "0000-01-01T00:00:00.000Z"),
            (0, "1970-01-01T00:00:00.000Z"),
            (Timestamp::LATEST.0, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::from_unix_millis(millis).unwrap().to_string(), written);
        }
        for millis in [
            i64::MIN,
            Timestamp::EARLIEST.0 - 1,
            Timestamp::LATEST.0 + 1,
            1_732_186_200_000_000,
            i64::MAX,
        ] {
            assert_eq!(Timestamp::from_unix_millis(millis), None, "{millis}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_moment_is_written_as_the_calendar_says(millis in Timestamp::EARLIEST.0..=Timestamp::LATEST.0) {
            let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap();
            let (date, time) = (at.date(), at.time());
            let expected = format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                date.year(), u8::from(date.month()), date.day(), time.hour(), time.minute(), time.second(), time.millisecond(),
            );
            proptest::prop_assert_eq!(Timestamp(millis).to_string(), expected);
        }
    }
}

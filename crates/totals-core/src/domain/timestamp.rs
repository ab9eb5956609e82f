//! A moment in time to the millisecond, as the wire writes it: `2025-11-21T10:00:00.000Z`.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

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

    /// Reads RFC 3339, as JavaScript's `toISOString` writes it and with any offset; finer parts are cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339)
            .ok()?
            .checked_to_offset(UtcOffset::UTC)?;
        // An offset may lead out of the years that can be written.
        (0..=9999)
            .contains(&moment.year())
            .then(|| Self::from_date_time(moment))
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

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.div_euclid(1000), self.0.rem_euclid(1000));
        let moment = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| fmt::Error)?;
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second) = moment.to_hms();
        let year = u16::try_from(year).map_err(|_| fmt::Error)?;
        // Digit by digit: every answer has one, and the general formatter takes longer than the rest of it.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let parts = [
            (0..4, year),
            (5..7, u8::from(month).into()),
            (8..10, day.into()),
            (11..13, hour.into()),
            (14..16, minute.into()),
            (17..19, second.into()),
            (20..23, u16::try_from(millis).unwrap_or_default()),
        ];
        for (place, mut number) in parts {
            for digit in text[place].iter_mut().rev() {
                *digit += u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
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
            "2025-11-21",
            "2025-13-01T00:00:00Z",
            "1763712000000",
            "0000-01-01T00:00:00+23:59",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
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
}

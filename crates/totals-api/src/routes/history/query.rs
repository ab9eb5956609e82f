//! Which history a request wants: of which time, in intervals of which length, of which time zone.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::civil::date;
use jiff::fmt::temporal::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use totals_core::domain::excerpt;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::calendar::{Calendar, Interval, Intervals, MAX_INTERVALS};
use crate::error::ApiError;
use crate::routes::parameters::{Choices, Parameters, schema};

/// Values of `interval`.
const INTERVALS: &Choices<Interval> = &[
    ("quarter", Interval::Quarter),
    ("hour", Interval::Hour),
    ("day", Interval::Day),
    ("week", Interval::Week),
    ("month", Interval::Month),
];

/// How many intervals there are without `from`.
const DEFAULT_INTERVALS: i32 = 30;

/// The years that a history can be asked for, by the clocks of its zone.
const YEARS: RangeInclusive<i16> = 1..=9998;

/// Which history a request wants.
#[derive(Debug, Clone, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the parameters that `HistoryQuery` reads")]
pub struct HistoryParameters {
    /// How long the intervals are. `quarter` is a quarter of an hour.
    #[param(inline, value_type = IntervalSchema, required = false, example = "day")]
    interval: Interval,
    /// Where to begin: the first interval is the one that has this moment. A date (its first moment), or a date and a
    /// time, both by the clocks of the time zone, or a time with an offset (RFC 3339). If it is not sent, there are 30
    /// intervals.
    #[param(required = false, value_type = String, example = "2025-11-01")]
    from: Timestamp,
    /// Where to end: the last interval is the one that has the last moment before this one, so `2025-12-01` ends with
    /// November. Written like `from`. If it is not sent, it is now.
    #[param(required = false, value_type = String, example = "2025-12-01")]
    to: Timestamp,
    /// The time zone whose hours, days, weeks (from Monday on) and months the intervals are: its name in the IANA
    /// time zone database.
    #[param(required = false, value_type = String, default = "UTC", example = "Europe/Berlin")]
    time_zone: String,
}

/// The intervals of a history that a request wants.
pub struct HistoryQuery(pub Arc<Intervals>);

/// Describes `interval`.
pub struct IntervalSchema;

impl PartialSchema for IntervalSchema {
    fn schema() -> RefOr<Schema> {
        schema(
            INTERVALS,
            "day",
            "How long the intervals are; `quarter` is a quarter of an hour.",
        )
    }
}

impl ToSchema for IntervalSchema {}

impl HistoryQuery {
    /// The query of these parameters at the moment `now`.
    fn parse(parameters: &Parameters, now: Timestamp) -> Result<Self, ApiError> {
        // A misspelt `timeZone` would be answered with the history of another one.
        parameters.only(&["interval", "from", "to", "timeZone"])?;
        let interval = parameters.choice("interval", INTERVALS)?.unwrap_or(Interval::Day);
        let zone = parameters.single("timeZone")?.unwrap_or("UTC");
        let calendar = Calendar::new(interval, zone).ok_or_else(|| unknown_zone(zone))?;
        let from = moment(parameters, "from", &calendar)?;
        let to = moment(parameters, "to", &calendar)?.unwrap_or(now);
        let from = from.unwrap_or_else(|| {
            let last = calendar.start_of(to - SignedDuration::from_nanos(1));
            let first = calendar.before(last, DEFAULT_INTERVALS - 1);
            if YEARS.contains(&calendar.year_of(first)) {
                first
            } else {
                calendar.first_moment(date(*YEARS.start(), 1, 1))
            }
        });
        if from >= to {
            let (from, to) = (calendar.show(from), calendar.show(to));
            return Err(ApiError::Invalid(format!(
                "from must be earlier than to, which is now if it is not sent; from is {from}, and to is {to}"
            )));
        }
        let shown = (calendar.show(from), calendar.show(to));
        Intervals::new(calendar, from, to)
            .map(|intervals| Self(Arc::new(intervals)))
            .ok_or_else(|| too_many(interval, &shown))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for HistoryQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Self::parse(&Parameters::of(&parts.uri)?, Timestamp::now())
    }
}

/// Parameter `name` as a moment, if it was sent.
fn moment(parameters: &Parameters, name: &str, calendar: &Calendar) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = parameters.single(name)? else {
        return Ok(None);
    };
    let moment = read(text, calendar).filter(|moment| YEARS.contains(&calendar.year_of(*moment)));
    moment.map(Some).ok_or_else(|| {
        let (first, last) = (YEARS.start(), YEARS.end());
        ApiError::Invalid(format!(
            "{name} must be a date such as 2025-11-21, or a date and a time such as 2025-11-21T10:00 by the clocks of timeZone or \
             2025-11-21T10:00:00+01:00 with an offset, of the years {first} to {last}; got `{}`",
            excerpt(text)
        ))
    })
}

fn read(text: &str, calendar: &Calendar) -> Option<Timestamp> {
    // A `+` that was sent as it is means a space, and only an offset can follow a time.
    let text = if text.contains('T') {
        text.replace(' ', "+")
    } else {
        text.to_owned()
    };
    let pieces = DateTimeParser::new().parse_pieces(&text).ok()?;
    if pieces.time_zone_annotation().is_some() {
        return None;
    }
    match (pieces.time(), pieces.to_numeric_offset()) {
        (None, _) => Some(calendar.first_moment(pieces.date())),
        (Some(time), None) => calendar.moment(pieces.date(), time),
        (Some(time), Some(offset)) => offset.to_timestamp(pieces.date().to_datetime(time)).ok(),
    }
}

fn unknown_zone(zone: &str) -> ApiError {
    ApiError::Invalid(format!(
        "timeZone must be a name of the IANA time zone database, such as UTC, Europe/Berlin or America/New_York; got `{}`",
        excerpt(zone)
    ))
}

fn too_many(interval: Interval, (from, to): &(String, String)) -> ApiError {
    let name = INTERVALS.iter().find(|(_, value)| *value == interval);
    let name = name.map_or("", |(name, _)| *name);
    ApiError::Invalid(format!(
        "an answer has at most {MAX_INTERVALS} intervals, and from {from} to {to} there are more with interval `{name}`: ask for \
         longer intervals, or for one part after another"
    ))
}

#[cfg(test)]
mod tests;

//! Intervals of a calendar that follow each other: what a history has a point for each of.

use std::iter;

use jiff::Timestamp;

use super::{Calendar, Interval};

/// The most intervals of a history.
pub const MAX_INTERVALS: usize = 1000;

/// Whole intervals that follow each other.
#[derive(Debug, Clone)]
pub struct Intervals {
    /// Whose intervals they are.
    pub calendar: Calendar,
    /// Where each interval begins; at least one does.
    pub starts: Vec<Timestamp>,
    /// Where the last interval ends.
    pub end: Timestamp,
}

/// What tells these intervals from others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IntervalsKey {
    interval: Interval,
    zone: String,
    start: Timestamp,
    end: Timestamp,
}

impl Intervals {
    /// All intervals that have a moment from `from` on and before `to`; `None` if these are none, or more than
    /// [`MAX_INTERVALS`].
    pub fn new(calendar: Calendar, from: Timestamp, to: Timestamp) -> Option<Self> {
        let following = iter::successors(Some(calendar.start_of(from)), |start| Some(calendar.next(*start)));
        let starts = following.take_while(|start| *start < to).take(MAX_INTERVALS + 1);
        let starts: Vec<_> = starts.collect();
        if from >= to || starts.len() > MAX_INTERVALS {
            return None;
        }
        let end = calendar.next(*starts.last()?);
        Some(Self {
            calendar,
            starts,
            end,
        })
    }

    /// What tells them from others.
    pub fn key(&self) -> IntervalsKey {
        IntervalsKey {
            interval: self.calendar.interval,
            zone: self.calendar.zone_name().to_owned(),
            start: self.starts[0],
            end: self.end,
        }
    }
}

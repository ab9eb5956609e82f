//! Events published at a steady rate, and how long each took to be seen.
//!
//! All are donations to one campaign, by one producer, which keeps to its timetable and never waits for a sight. They
//! are counted in the order of publication, so the n-th of them is seen with the first answer that shows n pledges.

use std::time::Duration;

use harness::events;
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use crate::clock::Clock;
use crate::measure::{quantile, sorted};
use crate::observer::Seen;
use crate::publish::Publisher;

/// Events to publish. The n-th has the id `<ids>-<n>`, from 1 on.
pub struct Series<'a> {
    pub campaign: &'a str,
    pub ids: &'a str,
    /// Events a second.
    pub rate: u32,
    pub count: u32,
}

/// Moments in milliseconds, one for each event.
pub struct Published {
    /// When it should have been published. Neither a late producer nor a slow broker moves this moment.
    pub due: Vec<f64>,
    /// When the broker's confirm was noted.
    pub confirmed: Vec<f64>,
}

/// How long the events of one round took, in milliseconds.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lags {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
    /// Each of them, in order of size.
    #[serde(skip)]
    pub all: Vec<f64>,
}

impl Series<'_> {
    /// Publishes all, and returns when each was confirmed.
    pub async fn publish(&self, publisher: &Publisher, clock: &Clock) -> Published {
        let (mut due, mut confirmations) = (Vec::new(), Vec::new());
        let started = Instant::now();
        for number in 1..=self.count {
            let moment = started + Duration::from_secs(1) * number / self.rate;
            sleep_until(moment).await;
            due.push(clock.ms(moment));
            let id = format!("{}-{number}", self.ids);
            let event = events::created(&id, &id).campaign(self.campaign).donor(&id);
            confirmations.push(publisher.publish(event.into()).await);
        }
        let mut confirmed = Vec::new();
        for confirmation in confirmations {
            confirmed.push(clock.ms(confirmation.await.unwrap()));
        }
        Published { due, confirmed }
    }

    /// When each event was first seen, of a campaign that had `already` so many pledges.
    pub fn first_sights(&self, clock: &Clock, already: u32, seen: &[Seen]) -> Vec<f64> {
        let seen: Vec<(f64, u32)> = seen
            .iter()
            .map(|seen| (clock.ms(seen.at), seen.pledges))
            .collect();
        first_sights(&seen, already + 1..=already + self.count)
    }
}

impl Lags {
    /// From one moment of each event to another. One that was seen before, by a hair, waited for nothing.
    pub fn between(from: &[f64], to: &[f64]) -> Self {
        let all = sorted(from.iter().zip(to).map(|(from, to)| (to - from).max(0.0)));
        Self {
            p50: quantile(&all, 0.5),
            p99: quantile(&all, 0.99),
            max: quantile(&all, 1.0),
            all,
        }
    }
}

/// The moment of the first sight, in the order of time, with at least each of these numbers of pledges.
fn first_sights(seen: &[(f64, u32)], pledges: impl Iterator<Item = u32>) -> Vec<f64> {
    let mut sights = seen.iter();
    let mut sight = sights.next().expect("something was seen");
    let mut moments = Vec::new();
    for number in pledges {
        while sight.1 < number {
            sight = sights.next().expect("all events were seen");
        }
        moments.push(sight.0);
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_seen_with_the_first_sight_that_counts_it() {
        let seen = [(0.5, 100), (4.0, 102), (4.5, 102), (9.0, 104)];
        assert_eq!(first_sights(&seen, 101..=104), [4.0, 4.0, 9.0, 9.0]);
    }

    #[test]
    fn an_event_that_was_seen_before_its_confirm_waited_for_nothing() {
        assert_eq!(Lags::between(&[5.0, 1.0], &[4.9, 3.0]).all, [0.0, 2.0]);
    }
}

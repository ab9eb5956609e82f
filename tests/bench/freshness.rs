//! How soon an event can be seen: from the broker's confirm, and from the commit, by polling and by watching.
//!
//! All events of a round are donations to one campaign, published in order by one producer. They are counted in that
//! order, so the n-th of them can be seen from the first answer on that shows n pledges. When a commit was done cannot be
//! observed from outside; its time is that of the log's rows, which the worker takes just before it commits, so the
//! commit itself is counted in. The lowest rate leaves the machine idle between two events.

use std::time::Duration;

use harness::{Process, events};
use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, sleep_until, timeout};

use crate::clock::Clock;
use crate::effort::Effort;
use crate::measure::{Spread, quantile, sorted};
use crate::observer::{Observer, Seen};
use crate::plot::{Line, Plot};
use crate::publish::Publisher;
use crate::report::{Cell, Part, Table};
use crate::stage::Stage;

/// After the last event was published all of them are to be seen within this time.
const PATIENCE: Duration = Duration::from_mins(2);

const COLUMNS: &[&str] = &["events/s", "from", "seen by", "p50 ms", "p99 ms", "p99.9 ms"];

/// Events that each of the quantiles needs.
const ENOUGH: [u32; 3] = [2, 100, 1_000];

/// Rounds are so much longer than those of reading, for the sake of the rare events.
const LONGER: u32 = 2;

/// Figures of one round, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Lags {
    p50: f64,
    p99: f64,
    p999: f64,
}

/// From where to where a time runs.
const SPANS: [(&str, &str); 4] = [
    ("confirm", "GET"),
    ("confirm", "SSE"),
    ("commit", "GET"),
    ("commit", "SSE"),
];

/// Runs the part.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    let _worker = stage.worker().await;
    let api = stage.api().await;
    let publisher = Publisher::connect(&stage.broker).await;
    let (mut part, mut table) = (
        Part::new("freshness"),
        Table::new("From an event to its sight", COLUMNS),
    );
    let mut lines = [Line::new("p50"), Line::new("p99"), Line::new("p99.9")];
    for &rate in effort.rates {
        println!("  {rate} events a second");
        let mut rounds: [Vec<Lags>; 4] = Default::default();
        for round in 0..effort.rounds {
            let campaign = format!("fresh-{rate}-{round}");
            let lags = follow(stage, &api, &publisher, &campaign, rate, effort.seconds * LONGER).await;
            for (rounds, lags) in rounds.iter_mut().zip(lags) {
                rounds.push(lags);
            }
        }
        for ((from, by), rounds) in SPANS.into_iter().zip(&rounds) {
            let figures = [
                |lags: &Lags| lags.p50,
                |lags: &Lags| lags.p99,
                |lags: &Lags| lags.p999,
            ];
            let spreads = figures.map(|figure| Spread::of(rounds.iter().map(figure)));
            let mut row = vec![rate.into(), from.into(), by.into()];
            let events = rate * effort.seconds * LONGER;
            row.extend(spreads.into_iter().zip(ENOUGH).map(|(spread, enough)| {
                if events < enough {
                    "".into()
                } else {
                    Cell::Rounds(spread)
                }
            }));
            table.rows.push(row);
            if (from, by) == SPANS[1] {
                for (line, spread) in lines.iter_mut().zip(spreads) {
                    line.add(rate, spread);
                }
            }
            part.rounds
                .push(json!({ "eventsPerSecond": rate, "from": from, "seenBy": by, "rounds": rounds }));
        }
    }
    table.note = String::from(
        "GET polls every millisecond, and the log's time of a commit is cut off to the millisecond: either adds up to \
         1 ms. A quantile that too few events were published for is left out.",
    );
    part.tables.push(table);
    part.plots.push(Plot {
        file: "freshness.svg".to_owned(),
        title: "From the broker's confirm to every watcher".to_owned(),
        x: "events/s",
        y: "ms",
        lines: lines.into(),
    });
    part
}

/// One round at this rate: the figures of each of [`SPANS`].
async fn follow(
    stage: &Stage,
    api: &Process,
    publisher: &Publisher,
    campaign: &str,
    rate: u32,
    seconds: u32,
) -> [Lags; 4] {
    let (count, clock) = (rate * seconds, Clock::start());
    let (polling, watching) = tokio::join!(
        Observer::poll(&api.url, campaign),
        Observer::watch(&api.url, campaign)
    );
    let mut confirmations = Vec::new();
    let started = Instant::now();
    for number in 1..=count {
        sleep_until(started + Duration::from_secs(1) * number / rate).await;
        let id = format!("{campaign}-{number}");
        let event = events::created(&id, &id).campaign(campaign).donor(&id);
        confirmations.push(publisher.publish(event.into()).await);
    }
    let mut confirmed = Vec::new();
    for confirmation in confirmations {
        confirmed.push(clock.ms(confirmation.await.unwrap()));
    }
    let both = async { tokio::join!(polling.until(count), watching.until(count)) };
    let (polled, watched) = timeout(PATIENCE, both)
        .await
        .unwrap_or_else(|_| panic!("not all events were to be seen within {PATIENCE:?}"));
    let committed: Vec<f64> = stage
        .commits(campaign, count)
        .await
        .into_iter()
        .map(|date| clock.ms_of(date))
        .collect();
    [
        lags(&clock, &confirmed, &polled),
        lags(&clock, &confirmed, &watched),
        lags(&clock, &committed, &polled),
        lags(&clock, &committed, &watched),
    ]
}

fn lags(clock: &Clock, from: &[f64], seen: &[Seen]) -> Lags {
    let seen: Vec<(f64, u32)> = seen
        .iter()
        .map(|seen| (clock.ms(seen.at), seen.pledges))
        .collect();
    let lags = sorted(waits(from, &seen));
    Lags {
        p50: quantile(&lags, 0.5),
        p99: quantile(&lags, 0.99),
        p999: quantile(&lags, 0.999),
    }
}

/// How long after its time in `from` each event was seen, by sights in the order of time. One that was seen before, by a
/// hair, waited for nothing.
fn waits(from: &[f64], seen: &[(f64, u32)]) -> Vec<f64> {
    let mut sights = seen.iter();
    let mut sight = sights.next().expect("something was seen");
    let mut waits = Vec::with_capacity(from.len());
    for (number, from) in (1..).zip(from) {
        while sight.1 < number {
            sight = sights.next().expect("all events were seen");
        }
        waits.push((sight.0 - from).max(0.0));
    }
    waits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_waits_for_the_first_sight_that_counts_it() {
        let published = [0.0, 1.0, 2.0, 3.0];
        let seen = [(0.5, 0), (4.0, 2), (4.5, 2), (9.0, 4)];
        assert_eq!(waits(&published, &seen), [4.0, 3.0, 7.0, 6.0]);
    }

    #[test]
    fn an_event_that_was_seen_before_its_confirm_waited_for_nothing() {
        assert_eq!(waits(&[5.0], &[(4.9, 1)]), [0.0]);
    }
}

//! How soon an event can be seen: from the broker's confirm, from the commit, and from the moment it was due, by polling
//! and by watching.
//!
//! The end of a commit cannot be observed from outside. Its time is that of the log's rows, which the worker takes just before
//! it commits, so the commit itself is counted in. The time from the moment an event was due leaves nothing out: a producer that
//! is held up makes it longer. The floor takes turns with the service.

use std::time::Duration;

use harness::Process;
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::clock::Clock;
use crate::effort::Effort;
use crate::floor::{Floor, Sights};
use crate::follow::{Lags, Series};
use crate::measure::{Spread, is_enough, quantile, sorted};
use crate::observer::Observer;
use crate::plot::{Line, Plot};
use crate::publish::Publisher;
use crate::report::{Cell, Part, Table};
use crate::stage::Stage;

/// After the last event was published all of them are to be seen within this time.
const PATIENCE: Duration = Duration::from_mins(2);

const COLUMNS: &[&str] = &[
    "events/s",
    "from",
    "seen by",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "times the floor's p50",
    "p99",
];

/// From where to where a time runs.
const SPANS: [(&str, &str); 5] = [
    ("confirm", "GET"),
    ("confirm", "SSE"),
    ("commit", "GET"),
    ("commit", "SSE"),
    ("due", "SSE"),
];

const FLOOR: &str = "the floor's reader";

/// The one that is plotted.
const WATCHED: usize = 1;

/// All that takes part.
struct Scene<'a> {
    stage: &'a Stage,
    api: Process,
    publisher: Publisher,
    _worker: Process,
    to_floor: Publisher,
    floor_sights: Sights,
    _floor: Process,
}

/// Rounds of one span at one rate.
#[derive(Default)]
struct Rounds(Vec<Lags>);

/// Runs the part.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    let mut scene = Scene::set(stage).await;
    let mut part = Part::new("freshness");
    let mut table = Table::new("From an event to its sight", COLUMNS);
    let names = ["totals-api, p50", "totals-api, p99", "floor, p50", "floor, p99"];
    let mut lines = names.map(Line::new);
    for &(rate, seconds) in effort.rates {
        println!("  {rate} events a second");
        let (mut of_all, mut of_floor): ([Rounds; 5], Rounds) = Default::default();
        for round in 0..effort.rounds {
            let campaign = format!("fresh-{rate}-{round}");
            let series = Series {
                campaign: &campaign,
                ids: &campaign,
                rate,
                count: rate * seconds,
            };
            for (rounds, lags) in of_all.iter_mut().zip(scene.follow(&series).await) {
                rounds.0.push(lags);
            }
            of_floor.0.push(scene.follow_floor(&series).await);
        }
        for (place, ((from, by), rounds)) in SPANS.into_iter().zip(&of_all).enumerate() {
            let floor = (from == "confirm").then_some(&of_floor);
            table.rows.push(rounds.row(rate, from, by, floor));
            part.rounds.push(rounds.json(rate, from, by));
            if place == WATCHED {
                rounds.plot(rate, &mut lines[..2]);
            }
        }
        table.rows.push(of_floor.row(rate, "confirm", FLOOR, None));
        part.rounds.push(of_floor.json(rate, "confirm", FLOOR));
        of_floor.plot(rate, &mut lines[2..]);
    }
    table.note = String::from(
        "p50 and p99 are those of each round, p99.9 that of all rounds' events together. A quantile is left out where \
         fewer than ten events were slower. GET polls every millisecond, the log's time of a commit is cut off to the \
         millisecond, and the producer's timer wakes it up to a millisecond late: each adds up to 1 ms.",
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

impl<'a> Scene<'a> {
    async fn set(stage: &'a Stage) -> Self {
        let floor = Floor::start(stage).await;
        Self {
            _worker: stage.worker().await,
            api: stage.api().await,
            publisher: Publisher::connect(&stage.broker).await,
            to_floor: Publisher::connect(&Floor::broker(&stage.broker.url)).await,
            floor_sights: Floor::follow(&stage.database).await,
            _floor: floor,
            stage,
        }
    }

    /// One round of the service: the figures of each of [`SPANS`].
    async fn follow(&self, series: &Series<'_>) -> [Lags; 5] {
        let clock = Clock::start();
        let (polling, watching) = tokio::join!(
            Observer::poll(&self.api.url, series.campaign),
            Observer::watch(&self.api.url, series.campaign)
        );
        let published = series.publish(&self.publisher, &clock).await;
        let both = async { tokio::join!(polling.until(series.count), watching.until(series.count)) };
        let (polled, watched) = in_time(both).await;
        let (polled, watched) = (
            series.first_sights(&clock, 0, &polled),
            series.first_sights(&clock, 0, &watched),
        );
        let commits = self.stage.commits(series.campaign, series.count).await;
        let committed: Vec<f64> = commits.into_iter().map(|date| clock.ms_of(date)).collect();
        [
            Lags::between(&published.confirmed, &polled),
            Lags::between(&published.confirmed, &watched),
            Lags::between(&committed, &polled),
            Lags::between(&committed, &watched),
            Lags::between(&published.due, &watched),
        ]
    }

    /// One round of the floor.
    async fn follow_floor(&mut self, series: &Series<'_>) -> Lags {
        let clock = Clock::start();
        let published = series.publish(&self.to_floor, &clock).await;
        let mut seen = vec![0.0; published.confirmed.len()];
        for _ in 0..series.count {
            let (id, at): (String, Instant) = in_time(self.floor_sights.recv()).await.unwrap();
            let number: usize = id.rsplit_once('-').unwrap().1.parse().unwrap();
            seen[number - 1] = clock.ms(at);
        }
        Lags::between(&published.confirmed, &seen)
    }
}

async fn in_time<T>(sight: impl Future<Output = T>) -> T {
    let sight = timeout(PATIENCE, sight).await;
    sight.unwrap_or_else(|_| panic!("not all events were to be seen within {PATIENCE:?}"))
}

impl Rounds {
    fn spread(&self, figure: fn(&Lags) -> f64) -> Spread {
        Spread::of(self.0.iter().map(figure))
    }

    /// This quantile of a round, if the events are enough for it.
    fn of_each(&self, share: f64, figure: fn(&Lags) -> f64) -> Cell {
        if is_enough(self.0[0].all.len(), share) {
            self.spread(figure).into()
        } else {
            "".into()
        }
    }

    /// This quantile of all rounds' events together, if they are enough for it.
    fn of_all(&self, share: f64) -> Option<f64> {
        let all = sorted(self.0.iter().flat_map(|round| round.all.iter().copied()));
        is_enough(all.len(), share).then(|| quantile(&all, share))
    }

    fn row(&self, rate: u32, from: &str, by: &str, floor: Option<&Self>) -> Vec<Cell> {
        let times = |share: f64, figure: fn(&Lags) -> f64| match floor {
            Some(floor) if is_enough(self.0[0].all.len(), share) => {
                let each = |rounds: &Self| rounds.0.iter().map(figure).collect::<Vec<_>>();
                Spread::of_ratios(&each(self), &each(floor)).into()
            }
            _ => "".into(),
        };
        vec![
            rate.into(),
            from.into(),
            by.into(),
            self.of_each(0.5, |round| round.p50),
            self.of_each(0.99, |round| round.p99),
            self.of_all(0.999).map_or("".into(), Cell::Number),
            times(0.5, |round| round.p50),
            times(0.99, |round| round.p99),
        ]
    }

    fn json(&self, rate: u32, from: &str, by: &str) -> serde_json::Value {
        json!({
            "eventsPerSecond": rate, "from": from, "seenBy": by, "eventsPerRound": self.0[0].all.len(),
            "p999OfAll": self.of_all(0.999), "rounds": self.0,
        })
    }

    fn plot(&self, rate: u32, lines: &mut [Line]) {
        for (line, figure) in lines
            .iter_mut()
            .zip([|lags: &Lags| lags.p50, |lags: &Lags| lags.p99])
        {
            line.add(rate, self.spread(figure));
        }
    }
}

//! What changes as a database grows: the donations of one campaign, or the campaigns.
//!
//! The promise is that nothing does. At each size the service on the grown database takes turns with another on a small
//! one, which has a MongoDB and a RabbitMQ of its own and does the very same work. So whatever else slows this machine
//! down, or the work itself (a batch to many campaigns touches more documents than one to a single campaign), is on both
//! sides, and the ratio is what size alone costs. A sum over the donations is the contrast: what recalculating costs.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use tokio::time::timeout;

use crate::axis::{Axis, HOT};
use crate::baseline::Baseline;
use crate::contest::{Load, Turn};
use crate::effort::Effort;
use crate::grown::Site;
use crate::measure::Spread;
use crate::plot::{Line, Plot};
use crate::rebuild::tool;
use crate::report::{Cell, Part, Table};
use crate::stage::Stage;
use crate::wrk::{self, Paths};

/// Connections of the many readers of one campaign.
const CROWD: u32 = 64;

/// Longer than any round takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// Its ratios differ so much from round to round that they would hide the others in a plot.
const P99: &str = "confirm to watcher at 1,000/s, p99 ms";

/// One figure of both databases, round by round.
struct Figure {
    name: &'static str,
    grown: Vec<f64>,
    small: Vec<f64>,
}

/// Runs the part.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    wrk::ensure().await;
    let small = Stage::set().await;
    let mut part = Part::new("growth");
    for (axis, sizes) in [
        (Axis::Donations, effort.growth.donations),
        (Axis::Campaigns, effort.growth.campaigns),
    ] {
        grow(axis, sizes, [stage, &small], effort, &mut part).await;
    }
    small.servers.clear().await;
    part
}

/// One axis, from its first size to its last.
async fn grow(axis: Axis, sizes: &[u32], stages: [&Stage; 2], effort: &Effort, part: &mut Part) {
    let mut both = [Site::set(stages[0]).await, Site::set(stages[1]).await];
    let mut table = Table::new(axis.title(), axis.columns());
    let mut campaigns_of_small = Vec::new();
    let (mut lines, mut contrast) = (Vec::<Line>::new(), [Line::new("totals-api"), Line::new("a sum")]);
    for &size in sizes {
        println!("  {size} {}", axis.unit());
        both[0].grow_to(axis, size).await;
        let mut figures = reads(&both, effort).await;
        figures.extend(works(axis, size, &mut both, effort).await);
        campaigns_of_small.push(both[1].campaigns().await);
        if axis == Axis::Donations {
            let summed = sum(&both[0], effort).await;
            contrast[0].add(size, Spread::of(figures[1].grown.iter().copied()));
            contrast[1].add(size, Spread::of(summed.grown.iter().copied()));
            figures.push(summed);
        }
        for figure in &figures {
            table.rows.push(figure.row(size));
            part.rounds.push(json!({
                axis.unit(): size, "figure": figure.name, "grown": figure.grown, "small": figure.small,
            }));
            figure.plot(size, &mut lines);
        }
    }
    // What was measured was no heap of documents but a database that is right, down to the last of them.
    tool(&both[0].stage.database, &["verify"]).await;
    table.note = axis.note(effort.growth.queued, &campaigns_of_small);
    part.tables.push(table);
    part.plots.push(Plot {
        file: format!("growth-{}.svg", axis.name()),
        title: format!("{}, as a multiple of a small database's", axis.title()),
        x: axis.unit(),
        y: "times",
        lines,
    });
    if axis == Axis::Donations {
        part.plots.push(Plot {
            file: "growth-sum.svg".to_owned(),
            title: "One read of one campaign, p50".to_owned(),
            x: axis.unit(),
            y: "ms",
            lines: contrast.into(),
        });
    }
}

/// Reads from memory, and reads that go to the database.
async fn reads(sites: &[Site<'_>; 2], effort: &Effort) -> Vec<Figure> {
    let one = format!("/api/totals/campaigns/{HOT}");
    let [crowd, alone, page] = [
        (one.as_str(), CROWD),
        (one.as_str(), 1),
        ("/api/totals/campaigns?limit=10", 1),
    ];
    let mut all = Vec::new();
    for (path, connections) in [crowd, alone, page] {
        let paths = Paths::write(sites[0].stage.dir(), &[path.to_owned()]);
        let load = Load {
            paths: &paths,
            connections,
            seconds: 1,
            status: StatusCode::OK,
        };
        let mut turns = [Turn::of("grown", &sites[0].api), Turn::of("small", &sites[1].api)];
        load.contest(sites[0].stage, &mut turns, effort.rounds).await;
        all.push(turns);
    }
    let figure = |name, turns: &[Turn<'_>; 2], of: fn(&crate::contest::Round) -> f64| Figure {
        name,
        grown: turns[0].each(of),
        small: turns[1].each(of),
    };
    vec![
        figure(
            "GET of one campaign, requests/s at 64 connections",
            &all[0],
            |round| round.per_second,
        ),
        figure("GET of one campaign, p50 ms at 1 connection", &all[1], |round| {
            round.p50_ms
        }),
        figure(
            "first page of the list, p50 ms at 1 connection",
            &all[2],
            |round| round.p50_ms,
        ),
    ]
}

/// What the worker does: draining a queue, and showing events at a steady rate.
async fn works(axis: Axis, size: u32, sites: &mut [Site<'_>; 2], effort: &Effort) -> Vec<Figure> {
    let names = [
        "draining, messages/s",
        "confirm to watcher at 1,000/s, p50 ms",
        P99,
    ];
    let mut figures = names.map(|name| Figure {
        name,
        grown: Vec::new(),
        small: Vec::new(),
    });
    for _ in 0..effort.rounds {
        let mut both = Vec::new();
        for site in &mut *sites {
            let round = site.round(axis, size, effort.growth.queued);
            both.push(timeout(PATIENCE, round).await.expect("the events are counted"));
        }
        for (place, figure) in figures.iter_mut().enumerate() {
            figure.grown.push(both[0][place]);
            figure.small.push(both[1][place]);
        }
    }
    figures.into()
}

/// What one reader waits where each read sums up the donations.
async fn sum(site: &Site<'_>, effort: &Effort) -> Figure {
    let database_url = site.stage.database.url.clone();
    let server = Baseline::Sum { database_url }.start().await;
    let paths = Paths::write(site.stage.dir(), &[format!("/api/totals/campaigns/{HOT}")]);
    let mut turns = [Turn::of("a sum", &server)];
    let load = Load {
        paths: &paths,
        connections: 1,
        seconds: effort.seconds,
        status: StatusCode::OK,
    };
    load.contest(site.stage, &mut turns, effort.rounds).await;
    Figure {
        name: "contrast: a sum over its donations, p50 ms at 1 connection",
        grown: turns[0].each(|round| round.p50_ms),
        small: Vec::new(),
    }
}

impl Figure {
    fn row(&self, size: u32) -> Vec<Cell> {
        let spread = |rounds: &[f64]| Cell::from(Spread::of(rounds.iter().copied()));
        let mut row = vec![size.into(), self.name.into(), spread(&self.grown)];
        if self.small.is_empty() {
            row.extend(["".into(), "".into()]);
        } else {
            let ratio = Spread::of_ratios(&self.grown, &self.small);
            row.extend([spread(&self.small), Cell::Ratio(ratio)]);
        }
        row
    }

    /// Adds its ratio to the line of its name.
    fn plot(&self, size: u32, lines: &mut Vec<Line>) {
        if self.small.is_empty() || self.name == P99 {
            return;
        }
        let ratio = Spread::of_ratios(&self.grown, &self.small);
        let known = lines.iter().position(|line| line.name == self.name);
        let place = known.unwrap_or_else(|| {
            lines.push(Line::new(self.name));
            lines.len() - 1
        });
        lines[place].add(size, ratio);
    }
}

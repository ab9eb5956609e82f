//! How soon the last of many watchers knows a change, and what a watcher costs.
//!
//! The time runs from the answer to the commit (or from the broker's confirm, where the change goes through the worker)
//! to the moment the last watcher has read the new revision. Watchers and server share this machine, so the time to read
//! for all the watchers is in it. So it is in the floor: a plain handler of the same HTTP library with as many watchers,
//! which has nothing to learn and tells at once; its time runs from the request for a change.

use serde_json::json;

use crate::effort::Effort;
use crate::fan_out::{Rounds, Scene, WAYS, Way};
use crate::measure::{Spread, is_enough, quantile, sorted};
use crate::plot::{Line, Plot};
use crate::report::{Cell, Part, Table};
use crate::stage::Stage;

const COLUMNS: &[&str] = &[
    "watchers",
    "change",
    "last one knows: p50 ms",
    "p90 of all rounds ms",
    "max ms",
    "p50 of the floor's",
    "server CPU µs per watcher told",
    "server KiB per watcher",
];

/// What so few watchers cost is lost in what a server takes for itself, and below the resolution of its CPU time.
const TOO_FEW: u32 = 100;

/// Runs the part.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    let mut scene = Scene::set(stage).await;
    let (mut part, mut table) = (
        Part::new("stream"),
        Table::new("From a change to the last watcher", COLUMNS),
    );
    let mut lines = WAYS.map(|way| Line::new(way.name()));
    for &watchers in effort.watchers {
        println!("  {watchers} watchers");
        let of_all = scene.watched_by(watchers, effort).await;
        let floor = of_all[0].p50.clone();
        for ((way, rounds), line) in WAYS.into_iter().zip(of_all).zip(&mut lines) {
            line.add(watchers, Spread::of(rounds.p50.clone()));
            table.rows.push(row(watchers, way, &rounds, &floor));
            part.rounds
                .push(json!({ "watchers": watchers, "change": way.name(), "rounds": rounds }));
        }
    }
    table.note = String::from(
        "p90 is that of the changes of all rounds together. Watchers, server and database share this machine's cores. The \
         time from a commit begins with MongoDB's answer to it, and the change stream may be as quick as that answer: a \
         single watcher waits for next to nothing.",
    );
    part.tables.push(table);
    part.plots.push(Plot {
        file: "stream-last-watcher.svg".to_owned(),
        title: "Until the last watcher knows, median".to_owned(),
        x: "watchers",
        y: "ms",
        lines: lines.into(),
    });
    part
}

fn row(watchers: u32, way: Way, rounds: &Rounds, floor: &[f64]) -> Vec<Cell> {
    let spread = |figures: &Vec<f64>| Cell::from(Spread::of(figures.iter().copied()));
    let all = sorted(rounds.all.iter().copied());
    let p90 = is_enough(all.len(), 0.9).then(|| quantile(&all, 0.9));
    vec![
        watchers.into(),
        way.name().into(),
        spread(&rounds.p50),
        p90.map_or("".into(), Cell::Number),
        spread(&rounds.max),
        match way {
            Way::Floor => "".into(),
            Way::Database | Way::Worker => Cell::Ratio(Spread::of_ratios(&rounds.p50, floor)),
        },
        match watchers {
            ..TOO_FEW => "".into(),
            _ => spread(&rounds.cpu_us),
        },
        match watchers {
            ..TOO_FEW => "".into(),
            _ => Cell::Number(rounds.kib_per_watcher),
        },
    ]
}

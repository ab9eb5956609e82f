//! Reads a second, beside servers that do less than the service and servers that do it the usual way.
//!
//! The constant handler is what the HTTP library does as most use it, with an answer of the very same size: the share of it
//! that the service reaches is what the service itself costs. A lookup for each request, and a sum over the donations for
//! each request, are the designs that it replaces.

use axum::http::StatusCode;
use harness::Process;
use serde_json::json;

use crate::baseline::Baseline;
use crate::contest::{Load, Round, Turn};
use crate::effort::Effort;
use crate::measure::Spread;
use crate::plot::{Line, Plot};
use crate::report::{Cell, Part, Table, digits};
use crate::scenario::{CAMPAIGNS, ONE, Scenario};
use crate::stage::Stage;
use crate::warm::read_once;
use crate::wrk::{self, Paths};
use crate::{seed, usage};

/// Connections that ask for sums: a few of them keep MongoDB busy.
const SUMMING: u32 = 4;

/// A sum of many donations takes seconds.
const TIMES_THE_SECONDS: u32 = 3;

/// [`ONE`] at the fewest connections is promised to reach a share of the constant handler. Rounds differ by a tenth and more
/// on a shared machine, so it takes more of them to tell.
const TIMES_THE_ROUNDS: usize = 3;

/// A lookup for each request is as slow with more connections, and its answers only come later.
const LOOKUPS_AT_MOST: u32 = 512;

/// Less CPU time than this in a round is lost in the kernel's count of it, in hundredths of a second.
const COUNTABLE_S: f64 = 0.1;

const API: &str = "totals-api";
const CONSTANT: &str = "constant handler";
const FIND_ONE: &str = "find_one per request";

const COLUMNS: &[&str] = &[
    "read",
    "connections",
    "server",
    "requests/s",
    "of the constant handler",
    "refused",
    "p50 ms",
    "p99 ms",
    "CPU s per million: server",
    "MongoDB",
    "wrk",
];

/// The servers that are there for all of it.
struct Contestants {
    api: Process,
    find_one: Process,
}

/// Runs the part.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    wrk::ensure().await;
    seed::campaigns(&stage.database, CAMPAIGNS).await;
    let database_url = stage.database.url.clone();
    let contestants = Contestants {
        api: stage.api().await,
        find_one: Baseline::FindOne { database_url }.start().await,
    };
    let before = usage::resident_bytes(&contestants.api);
    let mut part = Part::new("read");
    let mut table = Table::new("Reads a second", COLUMNS);
    for scenario in Scenario::all() {
        measure(&scenario, stage, effort, &contestants, &mut part, &mut table).await;
    }
    let after = usage::resident_bytes(&contestants.api);
    for &donations in effort.summed {
        sum(stage, effort, donations, &mut part, &mut table).await;
    }
    let (before, after) = (mebibytes(before), mebibytes(after));
    table.note = format!(
        "CPU time that came to less than a tenth of a second in a round is left out: the kernel counts it in hundredths. \
         totals-api had {before} MiB in memory before its first read and {after} MiB after the last."
    );
    part.tables.push(table);
    part
}

/// All servers that can answer it, by turns, under each number of connections.
async fn measure(
    scenario: &Scenario,
    stage: &Stage,
    effort: &Effort,
    contestants: &Contestants,
    part: &mut Part,
    table: &mut Table,
) {
    let constant =
        Baseline::constant_as(&contestants.api, &scenario.paths[0], scenario.status, stage.dir()).await;
    let paths = Paths::write(stage.dir(), &scenario.paths);
    let mut lines = [Line::new(API), Line::new(CONSTANT), Line::new(FIND_ONE)];
    // What a first read costs is no part of this.
    read_once(&contestants.api.url, &scenario.paths).await;
    let crowds = effort.connections.iter();
    for (place, &connections) in crowds.enumerate().filter(|(_, size)| **size <= scenario.crowd) {
        println!("  {}, {connections} connections", scenario.name);
        let mut turns = vec![Turn::of(API, &contestants.api), Turn::of(CONSTANT, &constant)];
        if scenario.lookup && connections <= LOOKUPS_AT_MOST {
            turns.push(Turn::of(FIND_ONE, &contestants.find_one));
        }
        let load = Load {
            paths: &paths,
            connections,
            seconds: effort.seconds,
            status: scenario.status,
        };
        let is_promised = scenario.name == ONE && place == 0;
        let times = if is_promised { TIMES_THE_ROUNDS } else { 1 };
        load.contest(stage, &mut turns, effort.rounds * times).await;
        let baseline = turns[1].each(|round| round.per_second);
        for (turn, line) in turns.iter().zip(&mut lines) {
            let baseline = (turn.name != CONSTANT).then_some(baseline.as_slice());
            table.rows.push(row(scenario.name, connections, turn, baseline));
            line.add(connections, Spread::of(turn.each(|round| round.per_second)));
            part.rounds.push(json!({
                "read": scenario.name, "connections": connections, "server": turn.name, "rounds": turn.rounds,
            }));
        }
    }
    if scenario.lookup {
        let file = format!("read-{}.svg", scenario.name.replace([' ', ','], "-"));
        let title = format!("Reads of {}", scenario.name);
        part.plots.push(Plot {
            file,
            title,
            x: "connections",
            y: "requests/s",
            lines: lines.into(),
        });
    }
}

/// What a sum over the donations costs each reader.
async fn sum(stage: &Stage, effort: &Effort, donations: u32, part: &mut Part, table: &mut Table) {
    let (name, campaign) = (
        format!("a sum of {} donations", digits(donations.into())),
        format!("summed-{donations}"),
    );
    println!("  {name}");
    seed::donations(&stage.database, &campaign, donations).await;
    let database_url = stage.database.url.clone();
    let server = Baseline::Sum { database_url }.start().await;
    let paths = Paths::write(stage.dir(), &[format!("/api/totals/campaigns/{campaign}")]);
    let mut turns = [Turn::of("aggregate per request", &server)];
    let load = Load {
        paths: &paths,
        connections: SUMMING,
        seconds: effort.seconds * TIMES_THE_SECONDS,
        status: StatusCode::OK,
    };
    load.contest(stage, &mut turns, effort.rounds).await;
    table.rows.push(row(&name, SUMMING, &turns[0], None));
    part.rounds.push(json!({
        "read": name, "connections": SUMMING, "server": turns[0].name, "rounds": turns[0].rounds,
    }));
}

fn row(read: &str, connections: u32, turn: &Turn<'_>, baseline: Option<&[f64]>) -> Vec<Cell> {
    let spread = |figure| Cell::from(Spread::of(turn.each(figure)));
    let cpu = |seconds: fn(&Round) -> f64| {
        let in_a_round = Spread::of(turn.each(seconds));
        if in_a_round.median < COUNTABLE_S {
            return "".into();
        }
        let per_million = turn.rounds.iter().map(|round| seconds(round) / round.millions);
        Cell::from(Spread::of(per_million))
    };
    let ratio = |baseline| Spread::of_ratios(&turn.each(|round| round.per_second), baseline);
    let p99: Option<Vec<f64>> = turn.rounds.iter().map(|round| round.p99_ms).collect();
    vec![
        read.into(),
        connections.into(),
        turn.name.into(),
        spread(|round| round.per_second),
        baseline.map_or("".into(), |baseline| Cell::Ratio(ratio(baseline))),
        Cell::Ratio(Spread::of(turn.each(|round| round.wrong_share))),
        spread(|round| round.p50_ms),
        p99.map_or("".into(), |rounds| Spread::of(rounds).into()),
        cpu(|round| round.server_cpu_s),
        cpu(|round| round.mongodb_cpu_s),
        cpu(|round| round.wrk_cpu_s),
    ]
}

/// Bytes in MiB, to a tenth.
fn mebibytes(bytes: f64) -> String {
    format!("{:.1}", bytes / f64::from(1 << 20))
}

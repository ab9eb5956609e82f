//! Events a second, from a full queue to committed totals.
//!
//! Beside the worker stand what the broker can do (a consumer that parses, acknowledges and stores nothing), what the
//! database can do (the fold, with no broker), and the earlier design, one and ten events at a time. Each round begins
//! with an empty database and a queue that was filled before; only the draining is timed.

use harness::{Process, eventually};
use mongodb::bson::doc;
use serde::Serialize;
use serde_json::json;

use crate::design::Design;
use crate::effort::Effort;
use crate::measure::Spread;
use crate::queue::pace;
use crate::report::{Cell, Part, Table};
use crate::stage::Stage;
use crate::usage;
use crate::workload::{WORKLOADS, Workload};

/// Workloads that are no target's have a fraction of the messages.
const SHARE_OF_OTHERS: u32 = 4;

const SPEED: &[&str] = &[
    "messages",
    "design",
    "drained a round",
    "messages/s",
    "of the store-nothing consumer",
    "totals-worker is times as fast",
];

const COST: &[&str] = &[
    "messages",
    "CPU s per million: worker",
    "MongoDB",
    "RabbitMQ",
    "bytes stored per event",
    "peak MiB: worker",
    "MongoDB so far",
    "RabbitMQ so far",
];

/// What the worker's round cost.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Drained {
    per_second: f64,
    worker_cpu_s: f64,
    mongodb_cpu_s: f64,
    rabbitmq_cpu_s: f64,
    /// Documents and indexes, before compression.
    bytes_per_event: f64,
    worker_peak_mib: f64,
    mongodb_peak_mib: f64,
    rabbitmq_peak_mib: f64,
}

/// Another design, and its rounds so far.
struct Other {
    name: &'static str,
    design: Design,
    /// Messages of each round.
    count: u32,
    per_second: Vec<f64>,
}

/// Runs the part.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    // It declares the exchange and the queue, which outlive it.
    stage.worker().await.terminate().await;
    let mut part = Part::new("write");
    let (mut speed, mut cost) = (
        Table::new("Messages a second", SPEED),
        Table::new("What they cost", COST),
    );
    for (place, workload) in WORKLOADS.iter().enumerate() {
        println!("  {}", workload.name);
        let count = if workload.is_plain() {
            effort.queued
        } else {
            effort.queued / SHARE_OF_OTHERS
        };
        let (mut others, mut drained) = (others(place, workload, count), Vec::new());
        for _ in 0..effort.rounds {
            drained.push(drain(stage, workload, count).await);
            for other in &mut others {
                other.round(stage, workload).await;
            }
        }
        let per_second: Vec<f64> = drained.iter().map(|round| round.per_second).collect();
        let nothing = others
            .iter()
            .find(|other| matches!(other.design, Design::Nothing));
        let nothing = nothing.map(|other| other.per_second.as_slice());
        let mut row = |name: &str, count: u32, rounds: &[f64], ours: Option<&[f64]>| {
            speed.rows.push(vec![
                workload.name.into(),
                name.into(),
                count.into(),
                Spread::of(rounds.iter().copied()).into(),
                nothing.map_or("".into(), |nothing| {
                    Cell::Ratio(Spread::of_ratios(rounds, nothing))
                }),
                ours.map_or("".into(), |ours| Spread::of_ratios(ours, rounds).into()),
            ]);
        };
        row("totals-worker", count, &per_second, None);
        for other in &others {
            row(other.name, other.count, &other.per_second, Some(&per_second));
            part.rounds.push(
                json!({ "messages": workload.name, "design": other.name, "perSecond": other.per_second }),
            );
        }
        cost.rows.push(costs(workload, count, &drained));
        part.rounds
            .push(json!({ "messages": workload.name, "design": "totals-worker", "rounds": drained }));
    }
    cost.note = String::from(
        "The worker is a new process in each round, and its peak is that of a round that begins with all of these \
         messages in the queue. MongoDB and RabbitMQ run on, so that theirs include the rounds before and those of the \
         other designs.",
    );
    part.tables = vec![speed, cost];
    part
}

/// What this workload is compared with. The slow designs drain fewer messages, about eight seconds' worth, and the
/// consumer that stores nothing and the fold half as many: the pace of all of them is steady.
fn others(place: usize, workload: &Workload, count: u32) -> Vec<Other> {
    let other = |name, design, count| Other {
        name,
        design,
        count,
        per_second: Vec::new(),
    };
    let mut others = vec![other(
        "fold without broker",
        Design::Fold { workload: place },
        count / 2,
    )];
    if workload.is_plain() {
        others.extend([
            other("store-nothing consumer", Design::Nothing, count / 2),
            other(
                "earlier design, 1 at a time",
                Design::Earlier { at_once: 1 },
                count / 125,
            ),
            other(
                "earlier design, 10 at a time",
                Design::Earlier { at_once: 10 },
                count / 40,
            ),
        ]);
    }
    others
}

/// One round of the worker.
async fn drain(stage: &Stage, workload: &Workload, count: u32) -> Drained {
    let messages = workload.messages(count);
    stage.empty().await;
    stage.broker.publish(messages.all).await;
    let used = |worker: Option<&Process>| {
        let worker = worker.map_or(0.0, |worker| usage::cpu_seconds(worker.id()));
        [worker, stage.mongodb_cpu_seconds(), stage.rabbitmq_cpu_seconds()]
    };
    let before = used(None);
    let worker = stage.starting_worker().await;
    let per_second = pace(std::slice::from_ref(&worker), count).await;
    let after = used(Some(&worker));
    let worker_peak_mib = usage::peak_mib(worker.id());
    // Everything is acknowledged when it has stopped.
    assert_eq!(worker.terminate().await, Some(0));
    eventually(|| stage.broker.count(&stage.broker.queue), |left| *left == 0).await;
    let rows = stage.database.processed().await;
    assert_eq!(u32::try_from(rows).unwrap(), messages.distinct, "rows in the log");
    let stats = stage.database.run(doc! { "dbStats": 1 }).await;
    let size = |name: &str| stats.get_f64(name).unwrap();
    Drained {
        per_second,
        worker_cpu_s: after[0] - before[0],
        mongodb_cpu_s: after[1] - before[1],
        rabbitmq_cpu_s: after[2] - before[2],
        bytes_per_event: (size("dataSize") + size("indexSize")) / f64::from(messages.distinct),
        worker_peak_mib,
        mongodb_peak_mib: stage.mongodb_peak_mib(),
        rabbitmq_peak_mib: stage.rabbitmq_peak_mib(),
    }
}

impl Other {
    async fn round(&mut self, stage: &Stage, workload: &Workload) {
        stage.empty().await;
        if !matches!(self.design, Design::Fold { .. }) {
            stage.broker.publish(workload.messages(self.count).all).await;
        }
        self.per_second.push(self.design.run(stage, self.count).await);
    }
}

fn costs(workload: &Workload, count: u32, drained: &[Drained]) -> Vec<Cell> {
    let millions = f64::from(count) / 1e6;
    let of = |figure: fn(&Drained) -> f64, unit: f64| {
        Cell::from(Spread::of(drained.iter().map(|round| figure(round) / unit)))
    };
    let last = drained[drained.len() - 1];
    vec![
        workload.name.into(),
        of(|round| round.worker_cpu_s, millions),
        of(|round| round.mongodb_cpu_s, millions),
        of(|round| round.rabbitmq_cpu_s, millions),
        of(|round| round.bytes_per_event, 1.0),
        of(|round| round.worker_peak_mib, 1.0),
        Cell::Number(last.mongodb_peak_mib),
        Cell::Number(last.rabbitmq_peak_mib),
    ]
}

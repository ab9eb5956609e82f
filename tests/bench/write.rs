//! Events a second, from a full queue to committed totals.
//!
//! Beside the worker stand what the broker can do (a consumer that parses, acknowledges and stores nothing), what the
//! database can do (the fold, with no broker), and the earlier design, one and ten events at a time. Each round begins
//! with an empty database and a queue that was filled before; only the draining is timed.

use std::time::Duration;

use futures::future::join_all;
use harness::{Broker, Outgoing, Process, eventually};
use mongodb::bson::doc;
use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::design::Design;
use crate::effort::Effort;
use crate::measure::Spread;
use crate::publish::Publisher;
use crate::report::{Cell, Part, Table};
use crate::stage::Stage;
use crate::usage;
use crate::workload::{Messages, WORKLOADS, Workload};

/// The earlier design is so much slower that a full queue would take it minutes; its pace is steady.
const SHARE_OF_EARLIER: u32 = 50;

/// Between two looks at a worker's metrics.
const LOOK: Duration = Duration::from_millis(10);

const SPEED: &[&str] = &[
    "messages",
    "design",
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
    "worker's peak MiB",
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
    peak_mib: f64,
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
    for (number, workload) in WORKLOADS.iter().enumerate() {
        println!("  {}", workload.name);
        let mut designs = vec![
            ("store-nothing consumer", Design::Nothing),
            ("fold without broker", Design::Fold { workload: number }),
        ];
        if workload.is_plain() {
            designs.push(("earlier design, 1 at a time", Design::Earlier { at_once: 1 }));
            designs.push(("earlier design, 10 at a time", Design::Earlier { at_once: 10 }));
        }
        let mut drained = Vec::new();
        let mut others = vec![Vec::new(); designs.len()];
        for _ in 0..effort.rounds {
            drained.push(drain(stage, workload, effort.queued).await);
            for ((_, design), rounds) in designs.iter().zip(&mut others) {
                rounds.push(other(stage, workload, *design, effort.queued).await);
            }
        }
        let per_second: Vec<f64> = drained.iter().map(|round| round.per_second).collect();
        let nothing = others[0].clone();
        let names = designs.iter().map(|(name, _)| *name);
        for (name, rounds) in [("totals-worker", &per_second)]
            .into_iter()
            .chain(names.zip(&others))
        {
            speed.rows.push(vec![
                workload.name.into(),
                name.into(),
                Spread::of(rounds.iter().copied()).into(),
                Cell::Ratio(Spread::of_ratios(rounds, &nothing)),
                Spread::of_ratios(&per_second, rounds).into(),
            ]);
            part.rounds
                .push(json!({ "messages": workload.name, "design": name, "perSecond": rounds }));
        }
        cost.rows.push(costs(workload, effort.queued, &drained));
        part.rounds
            .push(json!({ "messages": workload.name, "design": "totals-worker", "rounds": drained }));
    }
    part.tables = vec![speed, cost];
    part
}

/// One round of the worker.
async fn drain(stage: &Stage, workload: &Workload, count: u32) -> Drained {
    let messages = workload.messages(count);
    let distinct = messages.distinct;
    fill(stage, messages).await;
    let used = |worker: Option<&Process>| {
        let worker = worker.map_or(0.0, |worker| usage::cpu_seconds(worker.id()));
        [worker, stage.mongodb_cpu_seconds(), stage.rabbitmq_cpu_seconds()]
    };
    let before = used(None);
    let worker = stage.worker().await;
    let per_second = pace(std::slice::from_ref(&worker), count).await;
    let after = used(Some(&worker));
    let peak_mib = usage::peak_resident_bytes(worker.id()) / f64::from(1 << 20);
    // Everything is acknowledged when it has stopped.
    assert_eq!(worker.terminate().await, Some(0));
    eventually(|| stage.broker.count(&stage.broker.queue), |left| *left == 0).await;
    let rows = stage.database.processed().await;
    assert_eq!(u32::try_from(rows).unwrap(), distinct, "rows in the log");
    let stats = stage.database.run(doc! { "dbStats": 1 }).await;
    let size = |name: &str| stats.get_f64(name).unwrap();
    Drained {
        per_second,
        worker_cpu_s: after[0] - before[0],
        mongodb_cpu_s: after[1] - before[1],
        rabbitmq_cpu_s: after[2] - before[2],
        bytes_per_event: (size("dataSize") + size("indexSize")) / f64::from(distinct),
        peak_mib,
    }
}

/// One round of another design.
async fn other(stage: &Stage, workload: &Workload, design: Design, queued: u32) -> f64 {
    let count = match design {
        Design::Earlier { .. } => queued / SHARE_OF_EARLIER,
        Design::Nothing | Design::Fold { .. } => queued,
    };
    let messages = match design {
        Design::Fold { .. } => None,
        Design::Nothing | Design::Earlier { .. } => Some(workload.messages(count)),
    };
    stage.empty().await;
    if let Some(messages) = messages {
        fill(stage, messages).await;
    }
    design.run(stage, count).await
}

/// Messages a second, by the workers' own counts of what was committed, from the first commit to the last.
pub async fn pace(workers: &[Process], messages: u32) -> f64 {
    let mut first: Option<(f64, Instant)> = None;
    loop {
        let metrics = join_all(workers.iter().map(|worker| worker.text("/metrics"))).await;
        let seen: f64 = metrics.iter().map(|metrics| committed(metrics)).sum();
        let now = Instant::now();
        match first {
            None if seen > 0.0 => first = Some((seen, now)),
            Some((before, since)) if seen >= f64::from(messages) => {
                return (seen - before) / (now - since).as_secs_f64();
            }
            _ => sleep(LOOK).await,
        }
    }
}

/// The sum of the events of all types that were applied or were duplicates.
fn committed(metrics: &str) -> f64 {
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("totals_worker_events_total{"));
    let counts = lines.map(|line| {
        assert!(
            !line.contains("dead_lettered"),
            "a bench has no dead letters: {line}"
        );
        line.rsplit_once(' ')
            .and_then(|(_, count)| count.parse::<f64>().ok())
            .expect("a count")
    });
    counts.sum()
}

/// Fills the queue, with an empty database behind it.
async fn fill(stage: &Stage, messages: Messages) {
    stage.empty().await;
    publish(&stage.broker, messages.all).await;
}

/// Publishes messages, and returns when all are confirmed.
pub async fn publish(broker: &Broker, messages: impl IntoIterator<Item = Outgoing>) {
    let publisher = Publisher::connect(broker).await;
    let mut confirmations = Vec::new();
    for message in messages {
        confirmations.push(publisher.publish(message).await);
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
}

fn costs(workload: &Workload, count: u32, drained: &[Drained]) -> Vec<Cell> {
    let millions = f64::from(count) / 1e6;
    let of = |figure: fn(&Drained) -> f64, unit: f64| {
        Cell::from(Spread::of(drained.iter().map(|round| figure(round) / unit)))
    };
    vec![
        workload.name.into(),
        of(|round| round.worker_cpu_s, millions),
        of(|round| round.mongodb_cpu_s, millions),
        of(|round| round.rabbitmq_cpu_s, millions),
        of(|round| round.bytes_per_event, 1.0),
        of(|round| round.peak_mib, 1.0),
    ]
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "every value is exact")]
mod tests {
    use super::*;

    #[test]
    fn all_types_of_events_are_counted_together() {
        let metrics = "# TYPE totals_worker_events counter\n\
                       totals_worker_events_total{type=\"donation.created\",outcome=\"applied\"} 40\n\
                       totals_worker_events_total{type=\"donation.created\",outcome=\"duplicate\"} 2\n\
                       totals_worker_batch_size_events_count 7\n";
        assert_eq!(committed(metrics), 42.0);
    }
}

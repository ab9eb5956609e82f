//! Several workers on one queue, and on partitions of it; and one worker with more or fewer lanes.
//!
//! On the queue that a worker makes one worker consumes and the others stand by, which must cost next to nothing. Workers on
//! partitions by campaign, and the lanes of one worker, have different campaigns in hand, so their transactions do not
//! conflict. How much faster several machines are this part cannot tell: one worker and the services already fill this one.

use futures::future::join_all;
use harness::partitions::{Partitions, with_campaign};
use harness::{Broker, Outgoing, Process, eventually, worker_command_on};
use serde::Serialize;
use serde_json::json;

use crate::effort::Effort;
use crate::measure::Spread;
use crate::plot::{Line, Plot};
use crate::queue::pace;
use crate::report::{Cell, Part, Table};
use crate::stage::Stage;
use crate::usage;
use crate::workload::{HOT_CAMPAIGN, THOUSAND_CAMPAIGNS, WORKLOADS, Workload};

/// Where several workers have one queue, as `promises.rs` knows it.
pub const STANDING_BY: &str = "one queue, standing by";

/// What the worker takes if nothing is set.
const LANES: u32 = 2;

const WORKERS: &[&str] = &[
    "messages",
    "workers",
    "on",
    "messages/s",
    "of one worker",
    "retries per 1,000 batches",
    "CPU s per million: workers",
    "MongoDB",
];

const GROWTH: &[&str] = &[
    "lanes",
    "messages/s",
    "of one lane",
    "retries per 1,000 batches",
    "CPU s per million: worker",
    "MongoDB",
];

/// Who drains the messages, and from where.
struct Layout {
    /// Where producers publish.
    producers: Broker,
    /// Where each of the workers consumes.
    workers: Vec<Broker>,
    partitioned: bool,
}

/// One round.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Drained {
    per_second: f64,
    /// Transactions done again, nearly all after a write conflict.
    retries_per_thousand_batches: f64,
    worker_cpu_s: f64,
    mongodb_cpu_s: f64,
}

/// Runs the part.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    let layouts = [
        Layout::standing_by(stage, 1),
        Layout::standing_by(stage, 2),
        Layout::standing_by(stage, 4),
        Layout::partitioned(stage, 2).await,
        Layout::partitioned(stage, 4).await,
    ];
    for layout in &layouts {
        // They declare exchanges and queues, which outlive them.
        for worker in layout.start(stage, LANES).await {
            worker.healthy().await;
            worker.terminate().await;
        }
    }
    let mut part = Part::new("scale");
    workers(stage, effort, &layouts, &mut part).await;
    lanes(stage, effort, &layouts[0], &mut part).await;
    part
}

/// One, two and four workers.
async fn workers(stage: &Stage, effort: &Effort, layouts: &[Layout], part: &mut Part) {
    let mut table = Table::new("Several workers", WORKERS);
    for workload in [&WORKLOADS[THOUSAND_CAMPAIGNS], &WORKLOADS[HOT_CAMPAIGN]] {
        println!("  workers, {}", workload.name);
        let mut rounds = vec![Vec::new(); layouts.len()];
        for _ in 0..effort.rounds {
            for (layout, rounds) in layouts.iter().zip(&mut rounds) {
                rounds.push(drain(stage, layout, workload, effort.drained, LANES).await);
            }
        }
        for (layout, drained) in layouts.iter().zip(&rounds) {
            let (count, place) = (layout.workers.len().to_string(), layout.place());
            part.rounds.push(json!({
                "messages": workload.name, "workers": layout.workers.len(), "on": place, "rounds": drained,
            }));
            let mut row = vec![workload.name.into(), count.as_str().into(), place.into()];
            row.extend(figures(drained, &rounds[0], effort.drained));
            table.rows.push(row);
        }
    }
    table.note = String::from(
        "All of them share this machine's cores with MongoDB and RabbitMQ, and one worker fills it: more of them \
         cannot be faster here. What counts is what they lose.",
    );
    part.tables.push(table);
}

/// One worker with one lane and more.
async fn lanes(stage: &Stage, effort: &Effort, layout: &Layout, part: &mut Part) {
    println!("  lanes");
    let workload = &WORKLOADS[THOUSAND_CAMPAIGNS];
    let mut rounds = vec![Vec::new(); effort.lanes.len()];
    for _ in 0..effort.rounds {
        for (&lanes, rounds) in effort.lanes.iter().zip(&mut rounds) {
            rounds.push(drain(stage, layout, workload, effort.drained, lanes).await);
        }
    }
    let (mut table, mut line) = (
        Table::new("Lanes of one worker, 1,000 campaigns", GROWTH),
        Line::new("totals-worker"),
    );
    for (&lanes, drained) in effort.lanes.iter().zip(&rounds) {
        let mut row = vec![lanes.into()];
        row.extend(figures(drained, &rounds[0], effort.drained));
        table.rows.push(row);
        line.add(lanes, Spread::of(per_second(drained)));
        part.rounds
            .push(json!({ "messages": workload.name, "lanes": lanes, "rounds": drained }));
    }
    part.tables.push(table);
    part.plots.push(Plot {
        file: "scale-lanes.svg".to_owned(),
        title: "Lanes of one worker, 1,000 campaigns".to_owned(),
        x: "lanes",
        y: "messages a second",
        lines: vec![line],
    });
}

fn per_second(drained: &[Drained]) -> Vec<f64> {
    drained.iter().map(|round| round.per_second).collect()
}

fn figures(drained: &[Drained], baseline: &[Drained], messages: u32) -> [Cell; 5] {
    let of = |figure: fn(&Drained) -> f64| Spread::of(drained.iter().map(figure)).into();
    let ratio = Spread::of_ratios(&per_second(drained), &per_second(baseline));
    let cpu = |figure: fn(&Drained) -> f64| {
        Spread::of(
            drained
                .iter()
                .map(|round| figure(round) * 1e6 / f64::from(messages)),
        )
        .into()
    };
    [
        of(|round| round.per_second),
        Cell::Ratio(ratio),
        of(|round| round.retries_per_thousand_batches),
        cpu(|round| round.worker_cpu_s),
        cpu(|round| round.mongodb_cpu_s),
    ]
}

impl Layout {
    fn standing_by(stage: &Stage, workers: usize) -> Self {
        Self {
            producers: stage.broker.clone(),
            workers: vec![stage.broker.clone(); workers],
            partitioned: false,
        }
    }

    async fn partitioned(stage: &Stage, workers: usize) -> Self {
        let producers = Broker::new(&stage.broker.url, &format!("partitioned-{workers}"));
        let partitions = Partitions::of(&producers, workers);
        partitions.declare().await;
        Self {
            producers,
            workers: partitions.campaigns,
            partitioned: true,
        }
    }

    fn place(&self) -> &'static str {
        match (self.workers.len(), self.partitioned) {
            (1, _) => "one queue",
            (_, false) => STANDING_BY,
            (_, true) => "a partition each",
        }
    }

    fn messages(&self, workload: &Workload, count: u32) -> Vec<Outgoing> {
        let messages = workload.messages(count).all;
        if self.partitioned {
            messages.into_iter().map(with_campaign).collect()
        } else {
            messages
        }
    }

    /// Workers that are about to consume: nothing of a full queue has gone unseen.
    async fn start(&self, stage: &Stage, lanes: u32) -> Vec<Process> {
        let start = async |broker: &Broker| {
            let mut command = worker_command_on(&stage.database, broker);
            command.env("LANES", lanes.to_string());
            Process::start(command).await
        };
        join_all(self.workers.iter().map(start)).await
    }
}

async fn drain(stage: &Stage, layout: &Layout, workload: &Workload, count: u32, lanes: u32) -> Drained {
    stage.empty().await;
    layout.producers.publish(layout.messages(workload, count)).await;
    let mongodb = usage::cpu_seconds(stage.mongodb());
    let workers = layout.start(stage, lanes).await;
    let per_second = pace(&workers, count).await;
    let sum = async |line: &str| {
        let each = workers.iter().map(|worker| worker.counted(line));
        let sum: u64 = join_all(each).await.iter().sum();
        f64::from(u32::try_from(sum).unwrap())
    };
    let retries = sum("totals_worker_retries_total{").await;
    let batches = sum("totals_worker_batch_size_events_count ").await;
    let drained = Drained {
        per_second,
        retries_per_thousand_batches: retries * 1e3 / batches,
        worker_cpu_s: workers.iter().map(|worker| usage::cpu_seconds(worker.id())).sum(),
        mongodb_cpu_s: usage::cpu_seconds(stage.mongodb()) - mongodb,
    };
    // Everything is acknowledged when they have stopped.
    for stopped in join_all(workers.into_iter().map(Process::terminate)).await {
        assert_eq!(stopped, Some(0));
    }
    for Broker { queue, .. } in &layout.workers {
        eventually(|| stage.broker.count(queue), |left| *left == 0).await;
    }
    let rows = stage.database.processed().await;
    assert_eq!(u32::try_from(rows).unwrap(), count, "rows in the log");
    drained
}

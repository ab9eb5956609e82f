//! Events a second, from a full queue to committed totals, and what they cost.
//!
//! Beside the worker stand what the broker can do (a consumer that parses, acknowledges and stores nothing), what the
//! database can do (the fold, with no broker), and the earlier design, one and ten events at a time. Each round begins
//! with an empty database and a queue that was filled before; only the draining is timed.

use harness::eventually;
use mongodb::bson::doc;
use serde::Serialize;
use serde_json::json;

use crate::design::{Design, Drained};
use crate::effort::Effort;
use crate::measure::Spread;
use crate::queue::pace;
use crate::report::{Cell, Part, Table, digits};
use crate::stage::Stage;
use crate::usage;
use crate::workload::{HOT_CAMPAIGN, WORKLOADS, Workload};

/// Workloads that are no target's have a fraction of the messages.
const SHARE_OF_OTHERS: u32 = 4;

/// On one hot campaign the worker is promised to be many times as fast as [`EARLIER`]. Rounds differ by a tenth and more
/// on a shared machine, so it takes more of them to tell.
const TIMES_THE_ROUNDS: usize = 3;

const WORKER: &str = "totals-worker";
const NOTHING: &str = "store-nothing consumer";
const EARLIER: &str = "earlier design, 10 at a time";

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
    "design",
    "CPU s per million: itself",
    "MongoDB",
    "RabbitMQ",
    "bytes stored per event",
    "peak MiB: itself",
    "MongoDB so far",
    "RabbitMQ so far",
];

/// A round of a design.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Round {
    #[serde(flatten)]
    drained: Drained,
    mongodb_cpu_s: f64,
    rabbitmq_cpu_s: f64,
    bytes_per_event: f64,
    mongodb_peak_mib: f64,
    rabbitmq_peak_mib: f64,
}

/// A design and its rounds so far.
struct Contender {
    name: &'static str,
    /// None is the worker's.
    design: Option<Design>,
    /// Messages of each round.
    count: u32,
    rounds: Vec<Round>,
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
        let mut contenders = contenders(place, workload, effort.queued);
        let times = if place == HOT_CAMPAIGN {
            TIMES_THE_ROUNDS
        } else {
            1
        };
        for turn in 0..effort.rounds * times {
            let all_take_part = turn < effort.rounds;
            for contender in contenders
                .iter_mut()
                .filter(|one| all_take_part || one.is_promised())
            {
                contender.round(stage, workload).await;
            }
        }
        let find = |name| contenders.iter().find(|one| one.name == name);
        let (worker, nothing) = (find(WORKER).unwrap().paces(), find(NOTHING).map(Contender::paces));
        for contender in &contenders {
            speed
                .rows
                .push(contender.speed(workload, &worker, nothing.as_deref()));
            part.rounds.push(json!({
                "messages": workload.name, "design": contender.name, "rounds": contender.rounds,
            }));
        }
        let costs = contenders.iter().filter(|one| one.is_promised());
        cost.rows.extend(costs.map(|one| one.costs(workload)));
        if let Some(earlier) = find(EARLIER).filter(|_| place == HOT_CAMPAIGN) {
            let ratio = Spread::of(worker).median / Spread::of(earlier.paces()).median;
            speed.note = format!(
                "On {} the ratio of the medians of {WORKER} and the {EARLIER}, is {}.",
                workload.name,
                digits(ratio)
            );
        }
    }
    cost.note = String::from(
        "Each of them is a new process in each round. The peak of the worker is that of a round that begins with all of \
         these messages in the queue. MongoDB and RabbitMQ run on, so that theirs include the rounds before and those \
         of all designs.",
    );
    part.tables = vec![speed, cost];
    part
}

/// The worker, and what it is compared with for this workload. The slow designs drain fewer messages, some four to six
/// seconds' worth, and the consumer that stores nothing and the fold half as many: the pace of all of them is steady.
fn contenders(place: usize, workload: &Workload, queued: u32) -> Vec<Contender> {
    let earlier = |at_once| Some(Design::Earlier { at_once });
    let fold = Some(Design::Fold { workload: place });
    let plain = workload.is_plain();
    let count = if plain { queued } else { queued / SHARE_OF_OTHERS };
    let all = [
        (WORKER, None, count),
        ("fold without broker", fold, count / 2),
        (NOTHING, Some(Design::Nothing), count / 2),
        ("earlier design, 1 at a time", earlier(1), count / 125),
        (EARLIER, earlier(10), count / 40),
    ];
    let some = all.into_iter().take(if plain { all.len() } else { 2 });
    some.map(|(name, design, count)| Contender {
        name,
        design,
        count,
        rounds: Vec::new(),
    })
    .collect()
}

/// Has a worker drain so many messages.
async fn drain(stage: &Stage, count: u32) -> Drained {
    let worker = stage.starting_worker().await;
    let drained = Drained {
        per_second: pace(std::slice::from_ref(&worker), count).await,
        cpu_s: usage::cpu_seconds(worker.id()),
        peak_mib: usage::peak_mib(worker.id()),
    };
    // Everything is acknowledged when it has stopped.
    assert_eq!(worker.terminate().await, Some(0));
    drained
}

impl Contender {
    /// One of the two whose ratio is promised.
    fn is_promised(&self) -> bool {
        [WORKER, EARLIER].contains(&self.name)
    }

    fn paces(&self) -> Vec<f64> {
        self.rounds.iter().map(|round| round.drained.per_second).collect()
    }

    async fn round(&mut self, stage: &Stage, workload: &Workload) {
        let messages = workload.messages(self.count);
        stage.empty().await;
        if !matches!(self.design, Some(Design::Fold { .. })) {
            stage.broker.publish(messages.all).await;
        }
        let (mongodb, rabbitmq) = (
            usage::cpu_seconds(stage.mongodb()),
            usage::cpu_seconds(stage.rabbitmq()),
        );
        let drained = match self.design {
            None => drain(stage, self.count).await,
            Some(design) => design.run(stage, self.count).await,
        };
        let mongodb_cpu_s = usage::cpu_seconds(stage.mongodb()) - mongodb;
        let rabbitmq_cpu_s = usage::cpu_seconds(stage.rabbitmq()) - rabbitmq;
        eventually(|| stage.broker.count(&stage.broker.queue), |left| *left == 0).await;
        let stores = !matches!(self.design, Some(Design::Nothing));
        self.rounds.push(Round {
            drained,
            mongodb_cpu_s,
            rabbitmq_cpu_s,
            bytes_per_event: if stores {
                stored(stage, messages.distinct).await
            } else {
                0.0
            },
            mongodb_peak_mib: usage::peak_mib(stage.mongodb()),
            rabbitmq_peak_mib: usage::peak_mib(stage.rabbitmq()),
        });
    }

    fn speed(&self, workload: &Workload, worker: &[f64], nothing: Option<&[f64]>) -> Vec<Cell> {
        let paces = self.paces();
        let times = self.design.map(|_| Spread::of_ratios(worker, &paces));
        let share = nothing.map(|nothing| Cell::Ratio(Spread::of_ratios(&paces, nothing)));
        vec![
            workload.name.into(),
            self.name.into(),
            self.count.into(),
            Spread::of(paces).into(),
            share.unwrap_or_else(|| "".into()),
            times.map_or("".into(), Cell::from),
        ]
    }

    fn costs(&self, workload: &Workload) -> Vec<Cell> {
        let millions = f64::from(self.count) / 1e6;
        let of = |figure: fn(&Round) -> f64, unit: f64| {
            Cell::from(Spread::of(self.rounds.iter().map(|round| figure(round) / unit)))
        };
        let last = self.rounds[self.rounds.len() - 1];
        vec![
            workload.name.into(),
            self.name.into(),
            of(|round| round.drained.cpu_s, millions),
            of(|round| round.mongodb_cpu_s, millions),
            of(|round| round.rabbitmq_cpu_s, millions),
            of(|round| round.bytes_per_event, 1.0),
            of(|round| round.drained.peak_mib, 1.0),
            Cell::Number(last.mongodb_peak_mib),
            Cell::Number(last.rabbitmq_peak_mib),
        ]
    }
}

/// Bytes stored for each event, of which there have to be so many: documents before compression, and what MongoDB has
/// allocated for their indexes.
async fn stored(stage: &Stage, events: u32) -> f64 {
    let rows = stage.database.processed().await;
    assert_eq!(u32::try_from(rows).unwrap(), events, "rows in the log");
    let stats = stage.database.run(doc! { "dbStats": 1 }).await;
    let size = |name: &str| stats.get_f64(name).unwrap();
    (size("dataSize") + size("indexSize")) / f64::from(events)
}

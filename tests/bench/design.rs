//! Other designs of the write side, each in a process of its own: what the broker, the database, and the earlier design
//! can do. They are this very program, started again with `drain`.

use futures::StreamExt;
use harness::{Broker, consume, usd};
use lapin::options::BasicAckOptions;
use lapin::{Channel, Connection, Consumer};
use mongodb::bson::{DateTime, Document, doc};
use mongodb::{Client, Database};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::Instant;
use totals_core::domain::{Received, decode};
use totals_core::runtime::config::BATCH_SIZE;

use crate::lanes::{Lanes, default_of};
use crate::stage::Stage;
use crate::workload::WORKLOADS;
use crate::{seed, usage};

/// One design.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub enum Design {
    /// Reads and parses each message, acknowledges as many as a batch has, and stores nothing: the broker's limit.
    Nothing,
    /// Looks the event up, adds to the totals, logs the event, and acknowledges, in as many statements, for so many
    /// events at a time: the earlier design.
    Earlier { at_once: u16 },
    /// The worker's transactions with full batches, and no broker: the database's limit.
    Fold { workload: usize },
}

/// Where a design works, and on how many messages.
#[derive(clap::Args)]
pub struct Task {
    database_url: String,
    rabbitmq_url: String,
    queue: String,
    count: u32,
    #[command(subcommand)]
    design: Design,
}

/// What a process that drained messages came to, its start included.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drained {
    pub per_second: f64,
    pub cpu_s: f64,
    pub peak_mib: f64,
}

impl Design {
    /// Has it work in a process of its own.
    pub async fn run(self, stage: &Stage, count: u32) -> Drained {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let Broker { url, queue, .. } = &stage.broker;
        command.args(["drain", &stage.database.url, url, queue, &count.to_string()]);
        match self {
            Self::Nothing => command.arg("nothing"),
            Self::Earlier { at_once } => command.args(["earlier", &at_once.to_string()]),
            Self::Fold { workload } => command.args(["fold", &workload.to_string()]),
        };
        let output = command.kill_on_drop(true).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&said)
            .unwrap_or_else(|_| panic!("{self:?} said {said}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

impl Task {
    /// Does it, and says what it came to.
    pub async fn work(self) {
        let seconds = match self.design {
            Design::Nothing => self.store_nothing().await,
            Design::Earlier { at_once } => self.store_as_earlier(at_once).await,
            Design::Fold { workload } => self.fold(workload).await,
        };
        let drained = Drained {
            per_second: f64::from(self.count) / seconds,
            cpu_s: usage::cpu_seconds(std::process::id()),
            peak_mib: usage::peak_mib(std::process::id()),
        };
        println!("{}", serde_json::to_string(&drained).unwrap());
    }

    async fn consume(&self, prefetch: u16) -> (Connection, Channel, Consumer) {
        let (connection, channel) = Broker::new(&self.rabbitmq_url, "").connect().await;
        let consumer = consume(&channel, &self.queue, prefetch).await;
        (connection, channel, consumer)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the consumer of a bench, not the service's"
    )]
    async fn store_nothing(&self) -> f64 {
        let batch = u32::try_from(default_of(&BATCH_SIZE)).unwrap();
        let (_connection, channel, mut consumer) = self.consume(4_000).await;
        let mut started = None;
        for number in 1..=self.count {
            let delivery = consumer.next().await.unwrap().unwrap();
            started.get_or_insert_with(Instant::now);
            decode(
                &Received::new(&delivery.data, delivery.routing_key.as_str()),
                usd(),
            )
            .unwrap();
            if number % batch == 0 || number == self.count {
                let all = BasicAckOptions { multiple: true };
                channel.basic_ack(delivery.delivery_tag, all).await.unwrap();
            }
        }
        started.unwrap().elapsed().as_secs_f64()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the consumer of a bench, not the service's"
    )]
    async fn store_as_earlier(&self, at_once: u16) -> f64 {
        let database = Client::with_uri_str(&self.database_url).await.unwrap();
        let database = database.default_database().unwrap();
        let (_connection, _channel, consumer) = self.consume(at_once).await;
        let started = Instant::now();
        let messages = consumer.take(usize::try_from(self.count).unwrap());
        let handled = messages.for_each_concurrent(usize::from(at_once), async |delivery| {
            let delivery = delivery.unwrap();
            let event: Value = serde_json::from_slice(&delivery.data).unwrap();
            handle_as_earlier(&database, &event).await.unwrap();
            delivery.ack(BasicAckOptions::default()).await.unwrap();
        });
        handled.await;
        started.elapsed().as_secs_f64()
    }

    async fn fold(&self, workload: usize) -> f64 {
        let lanes = Lanes::of(WORKLOADS[workload].messages(self.count).all);
        let store = seed::store(&self.database_url).await;
        let started = Instant::now();
        lanes.apply(&store).await;
        started.elapsed().as_secs_f64()
    }
}

/// Three statements, as independent as they were.
async fn handle_as_earlier(database: &Database, event: &Value) -> mongodb::error::Result<()> {
    let (log, totals) = (
        database.collection::<Document>("event_log"),
        database.collection::<Document>("campaign_totals"),
    );
    let (id, payload) = (event["eventId"].as_str(), &event["payload"]);
    if log.find_one(doc! { "_id": id }).await?.is_some() {
        return Ok(());
    }
    let now = DateTime::now();
    let change = doc! {
        "$inc": { "totalAmount": payload["amount"].as_f64(), "totalPledges": 1, "totalDonors": 1 },
        "$set": { "lastUpdated": now },
    };
    totals
        .update_one(doc! { "_id": payload["campaignId"].as_str() }, change)
        .upsert(true)
        .await?;
    log.insert_one(
        doc! { "_id": id, "status": "PROCESSED", "payload": payload.to_string(), "processedAt": now },
    )
    .await?;
    Ok(())
}

//! What is measured: services of the bench's own, and release builds of the service's processes on them.

use std::collections::HashMap;
use std::path::Path;

use dev_services::{MongoServer, RabbitServer, Source};
use futures::TryStreamExt;
use harness::{Broker, Database, Process, api_command, eventually, own_services_from, worker_command_on};
use mongodb::bson::{DateTime, Document, doc};

use crate::usage;

/// The name of database, exchange and queues.
const NAME: &str = "bench";

const PROCESS: &str = "a process of this machine";

/// MongoDB and RabbitMQ, empty at first. Their durability is production's: majority and journal.
pub struct Stage {
    mongodb: MongoServer,
    rabbitmq: RabbitServer,
    pub database: Database,
    pub broker: Broker,
    dir: tempfile::TempDir,
}

impl Stage {
    /// Starts both, as processes whatever there is besides: what containers use cannot be counted.
    pub async fn set() -> Self {
        let (mongodb, rabbitmq, dir) = own_services_from("bench", Some(Source::Native)).await;
        Self {
            database: Database::new(&mongodb.url(), NAME).await,
            broker: Broker::new(&rabbitmq.url(), NAME),
            mongodb,
            rabbitmq,
            dir,
        }
    }

    /// A directory that goes with the stage.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// An API that answers from memory, pages of the list as well.
    pub async fn api(&self) -> Process {
        let mut command = api_command();
        command.env("DATABASE_URL", &self.database.url);
        let api = Process::start(command).await;
        let listed = async || api.healthy().await["live"]["listed"] == true;
        eventually(listed, |listed| *listed).await;
        api
    }

    /// A worker that consumes.
    pub async fn worker(&self) -> Process {
        let worker = self.starting_worker().await;
        worker.healthy().await;
        worker
    }

    /// A worker that is about to consume: nothing of a full queue has gone unseen.
    pub async fn starting_worker(&self) -> Process {
        Process::start(worker_command_on(&self.database, &self.broker)).await
    }

    /// Empties the database.
    pub async fn empty(&self) {
        self.database.run(doc! { "dropDatabase": 1 }).await;
    }

    /// CPU seconds that RabbitMQ has used so far.
    pub fn rabbitmq_cpu_seconds(&self) -> f64 {
        usage::cpu_seconds(self.rabbitmq.pid().expect(PROCESS))
    }

    /// CPU seconds that MongoDB has used so far.
    pub fn mongodb_cpu_seconds(&self) -> f64 {
        usage::cpu_seconds(self.mongodb.pid().expect(PROCESS))
    }

    /// The most memory that RabbitMQ has had so far, in MiB.
    pub fn rabbitmq_peak_mib(&self) -> f64 {
        usage::peak_mib(self.rabbitmq.pid().expect(PROCESS))
    }

    /// The most memory that MongoDB has had so far, in MiB.
    pub fn mongodb_peak_mib(&self) -> f64 {
        usage::peak_mib(self.mongodb.pid().expect(PROCESS))
    }

    /// When the first so many events of a campaign were committed, in the order of their numbers, by the worker's clock.
    pub async fn commits(&self, campaign: &str, count: u32) -> Vec<DateTime> {
        let log = self.database.collection("event_log");
        let rows = log.find(doc! { "campaignId": campaign });
        let rows: Vec<Document> = rows.await.unwrap().try_collect().await.unwrap();
        let dates = rows.iter().map(|row| {
            (
                row.get_str("_id").unwrap(),
                *row.get_datetime("committedAt").unwrap(),
            )
        });
        let dates: HashMap<&str, DateTime> = dates.collect();
        (1..=count)
            .map(|number| dates[format!("{campaign}-{number}").as_str()])
            .collect()
    }

    /// The port of RabbitMQ.
    pub fn rabbitmq_port(&self) -> u16 {
        self.rabbitmq.port()
    }

    /// The version of MongoDB.
    pub async fn mongodb_version(&self) -> String {
        let info = self.database.run(doc! { "buildInfo": 1 }).await;
        info.get_str("version").unwrap().to_owned()
    }

    /// Ends the services before their data are removed: a server that is still at it would write them anew.
    pub async fn clear(mut self) {
        self.mongodb.kill().await.unwrap();
        self.rabbitmq.kill().await.unwrap();
    }
}

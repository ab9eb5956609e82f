//! What is measured: services of the bench's own, and release builds of the service's processes on them.

use std::collections::HashMap;
use std::path::Path;

use dev_services::{Options, Provider, Server};
use futures::TryStreamExt;
use harness::{Broker, Database, Process, Servers, live_api, worker_command_on};
use mongodb::bson::{DateTime, Document, doc};

/// The name of database, exchange and queues.
const NAME: &str = "bench";

/// MongoDB and RabbitMQ, empty at first. Their durability is production's: majority and journal.
pub struct Stage {
    pub servers: Servers,
    pub database: Database,
    pub broker: Broker,
}

impl Stage {
    /// Starts both, as processes whatever there is besides: what containers use cannot be counted.
    pub async fn set() -> Self {
        let options = Options {
            source: Some(Provider::Native),
            ..Options::default()
        };
        let servers = Servers::start_with("bench", options).await;
        Self {
            database: Database::new(&servers.mongodb.url(), NAME).await,
            broker: Broker::new(&servers.rabbitmq.url(), NAME),
            servers,
        }
    }

    /// A directory that goes with the stage.
    pub fn dir(&self) -> &Path {
        self.servers.dir.path()
    }

    /// An API that answers from memory, pages of the list as well.
    pub async fn api(&self) -> Process {
        live_api(&self.database, &[]).await
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

    /// Process id of MongoDB.
    pub fn mongodb(&self) -> u32 {
        pid(&self.servers.mongodb)
    }

    /// Process id of RabbitMQ.
    pub fn rabbitmq(&self) -> u32 {
        pid(&self.servers.rabbitmq)
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

    /// The version of MongoDB.
    pub async fn mongodb_version(&self) -> String {
        let info = self.database.run(doc! { "buildInfo": 1 }).await;
        info.get_str("version").unwrap().to_owned()
    }
}

fn pid(server: &Server) -> u32 {
    server.pid().expect("a process of this machine")
}

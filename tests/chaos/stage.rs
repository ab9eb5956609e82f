//! What the faults strike: the services, each behind its proxy, and the service's own processes.

use std::path::PathBuf;

use dev_services::{MongoServer, RabbitServer};
use harness::{Broker, Database, Process, api_command, own_services, worker_command};

use harness::proxy::Proxy;

/// The name of database, exchange and queues.
const NAME: &str = "chaos";

/// Transactions small enough that there are many of them to be struck.
const BATCH_SIZE: &str = "50";

/// Everything that runs.
pub struct Stage {
    pub mongodb: MongoServer,
    pub rabbitmq: RabbitServer,
    pub mongodb_proxy: Proxy,
    pub rabbitmq_proxy: Proxy,
    pub workers: Vec<Process>,
    pub api: Process,
    /// As the checker and the producer see them, past the proxies.
    pub database: Database,
    pub broker: Broker,
    dir: tempfile::TempDir,
}

impl Stage {
    /// Starts everything, with one worker that consumes.
    pub async fn set() -> Self {
        let (mongodb, rabbitmq, dir) = own_services("chaos").await;
        let mongodb_proxy = Proxy::start(mongodb.port()).await.unwrap();
        let rabbitmq_proxy = Proxy::start(rabbitmq.port()).await.unwrap();
        let database = Database::new(&mongodb.url(), NAME).await;
        let broker = Broker::new(&rabbitmq.url(), NAME);
        let mut command = api_command();
        command
            .env("DATABASE_URL", database_url(&mongodb_proxy))
            .env("LOG_LEVEL", "info,access=off");
        let mut stage = Self {
            api: Process::start(command).await,
            mongodb,
            rabbitmq,
            mongodb_proxy,
            rabbitmq_proxy,
            workers: Vec::new(),
            database,
            broker,
            dir,
        };
        stage.start_worker();
        stage.workers[0].logged("\"consuming\"").await;
        stage.api.healthy().await;
        stage
    }

    /// Starts one more worker, and does not wait for it.
    pub fn start_worker(&mut self) {
        let mut command = worker_command();
        command
            .env("DATABASE_URL", database_url(&self.mongodb_proxy))
            .env(
                "RABBITMQ_URL",
                format!("amqp://guest:guest@127.0.0.1:{}", self.rabbitmq_proxy.port),
            )
            .env("RABBITMQ_EXCHANGE", &self.broker.exchange)
            .env("RABBITMQ_QUEUE", &self.broker.queue)
            .env("BATCH_SIZE", BATCH_SIZE);
        self.workers.push(Process::spawn(command));
    }

    /// What `totals-worker verify` has to say, unless it finds that all is well.
    pub async fn drift(&self) -> Option<String> {
        let mut command = worker_command();
        command.env("DATABASE_URL", &self.database.url).arg("verify");
        let output = command.output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (!output.status.success()).then(|| String::from_utf8_lossy(&said).into_owned())
    }

    /// Ends the services before their data are removed: a server that is still at it would write them anew.
    pub async fn clear(mut self) {
        self.mongodb.kill().await.unwrap();
        self.rabbitmq.kill().await.unwrap();
    }

    /// Keeps the data, and what the processes still running have said, for inspection.
    pub fn keep(self) -> PathBuf {
        let processes = self
            .workers
            .iter()
            .map(|worker| ("worker", worker))
            .chain([("api", &self.api)]);
        for (number, (name, process)) in processes.enumerate() {
            std::fs::write(
                self.dir.path().join(format!("{name}-{number}.log")),
                process.log(),
            )
            .unwrap();
        }
        self.dir.keep()
    }
}

fn database_url(proxy: &Proxy) -> String {
    format!("mongodb://127.0.0.1:{}/{NAME}?directConnection=true", proxy.port)
}

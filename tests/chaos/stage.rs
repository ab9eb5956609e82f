//! What the faults strike: the services, each behind its proxy, and the service's own processes.

use std::path::PathBuf;

use dev_services::{Kind, Options, Provider};
use harness::{Broker, Database, DeadLetter, Process, Servers, api_command, worker_command_on};

use harness::proxy::Proxy;
use tokio::process::Command;

/// The name of database, exchange and queues.
const NAME: &str = "chaos";

/// Transactions small enough that there are many of them to be struck.
const BATCH_SIZE: &str = "50";

/// The RabbitMQ user of the producer and of the operator.
const OPERATOR: &str = "guest";

/// The worker's own RabbitMQ user, where its rights are taken away. Its password is its name.
pub const WORKER: &str = "worker";

/// Time from one look of the worker at what it needs to the next.
const UPKEEP_SECONDS: &str = "10";

/// Everything that runs.
pub struct Stage {
    pub servers: Servers,
    pub mongodb_proxy: Proxy,
    pub rabbitmq_proxy: Proxy,
    pub workers: Vec<Process>,
    pub api: Process,
    /// As the checker and the producer see them, past the proxies.
    pub database: Database,
    pub broker: Broker,
    /// Dead letters that were taken out of the queue while the run went on.
    pub taken: Vec<DeadLetter>,
    /// True if donations were dropped, and made anew from the log.
    pub donations_lost: bool,
    /// The worker's RabbitMQ user.
    login: &'static str,
}

impl Stage {
    /// Starts everything, with one worker that consumes.
    pub async fn set() -> Self {
        let mut stage = Self::services(None, OPERATOR).await;
        stage.start_worker();
        stage.workers[0].logged("\"consuming\"").await;
        stage
    }

    /// The same where the worker's rights in RabbitMQ can be taken away, and its `/health` be asked.
    pub async fn set_for_stalls() -> Self {
        // rabbitmqctl is asked of a process.
        let mut stage = Self::services(Some(Provider::Native), WORKER).await;
        stage.servers.control(&["add_user", WORKER, WORKER]).await;
        stage.set_rights(".*").await;
        stage.start_worker_that_listens().await;
        stage.workers[0].healthy().await;
        stage
    }

    /// Everything but a worker.
    async fn services(source: Option<Provider>, login: &'static str) -> Self {
        let options = Options {
            source,
            ..Options::default()
        };
        let servers = Servers::start_with("chaos", options).await;
        let mongodb_proxy = Proxy::start(servers.mongodb.port()).await.unwrap();
        let rabbitmq_proxy = Proxy::start(servers.rabbitmq.port()).await.unwrap();
        let database = Database::new(&servers.mongodb.url(), NAME).await;
        let broker = Broker::new(&servers.rabbitmq.url(), NAME);
        let stage = Self {
            api: Process::start(api(&database_url(&mongodb_proxy))).await,
            servers,
            mongodb_proxy,
            rabbitmq_proxy,
            workers: Vec::new(),
            database,
            broker,
            taken: Vec::new(),
            donations_lost: false,
            login,
        };
        stage.api.healthy().await;
        stage
    }

    /// The database behind its proxy, as the service's processes see it.
    pub fn database_url(&self) -> String {
        database_url(&self.mongodb_proxy)
    }

    /// The proxy before this server.
    pub fn proxy(&self, kind: Kind) -> &Proxy {
        match kind {
            Kind::MongoDb => &self.mongodb_proxy,
            Kind::RabbitMq => &self.rabbitmq_proxy,
        }
    }

    /// Starts one more worker, and does not wait for it.
    pub fn start_worker(&mut self) {
        self.workers.push(Process::spawn(self.worker()));
    }

    /// Starts one more worker, and waits until it answers requests.
    pub async fn start_worker_that_listens(&mut self) {
        self.workers.push(Process::start(self.worker()).await);
    }

    fn worker(&self) -> Command {
        let mut command = worker_command_on(&self.database, &self.broker);
        let (login, port) = (self.login, self.rabbitmq_proxy.port);
        command
            .env("DATABASE_URL", self.database_url())
            .env("RABBITMQ_URL", format!("amqp://{login}:{login}@127.0.0.1:{port}"))
            .env("UPKEEP_SECONDS", UPKEEP_SECONDS)
            .env("BATCH_SIZE", BATCH_SIZE);
        command
    }

    /// Gives the worker rights to what has such names.
    pub async fn set_rights(&self, names: &str) {
        let arguments = ["set_permissions", WORKER, names, names, names];
        self.servers.control(&arguments).await;
    }

    /// Runs one of the operator's tools. Returns its exit code and what it said.
    pub async fn tool(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = worker_command_on(&self.database, &self.broker);
        let output = command.args(arguments).output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.code().unwrap_or(-1), said)
    }

    /// What `totals-worker verify` has to say, unless it finds that all is well.
    pub async fn drift(&self) -> Option<String> {
        let (code, said) = self.tool(&["verify"]).await;
        (code != 0).then_some(said)
    }

    /// Keeps the data, and what the processes still running have said, for inspection.
    pub fn keep(self) -> PathBuf {
        let processes = self
            .workers
            .iter()
            .map(|worker| ("worker", worker))
            .chain([("api", &self.api)]);
        for (number, (name, process)) in processes.enumerate() {
            let file = self.servers.dir.path().join(format!("{name}-{number}.log"));
            std::fs::write(file, process.log()).unwrap();
        }
        self.servers.dir.keep()
    }
}

/// The command line of an API on this database.
pub fn api(database_url: &str) -> Command {
    let mut command = api_command();
    command
        .env("DATABASE_URL", database_url)
        .env("LOG_LEVEL", "info,access=off");
    command
}

fn database_url(proxy: &Proxy) -> String {
    format!("mongodb://127.0.0.1:{}/{NAME}?directConnection=true", proxy.port)
}

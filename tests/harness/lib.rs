//! What the tests stand on: the real services, the real binaries, and one world of its own for each test.
//!
//! A library, because two programs share it: the end-to-end tests and the fault suite. It panics where it cannot go
//! on, as a test does.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    reason = "a test that cannot go on should stop where it is"
)]

mod broker;
mod client;
mod database;
pub mod events;
pub mod history;
mod hold;
mod message;
pub mod partitions;
mod process;
pub mod proxy;
mod services;
mod stream;

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::Instant;
use totals_core::runtime::config;
use totals_core::store::Store;

pub use broker::{Broker, consume};
pub use client::{Client, Reply};
pub use database::Database;
pub use hold::Hold;
pub use message::{DeadLetter, Outgoing, usd};
pub use process::{Process, api_command, with_usual_files, worker_command};
pub use services::{Servers, run_blocking, shared as shared_services};
pub use stream::{EventStream, StreamEvent};

/// How long anything the tests wait for may take, on a busy machine of two cores. Tests that are built to fail
/// (`cargo xtask sabotage`) mostly do so by waiting in vain, and wait less.
pub const DEADLINE: Duration = match option_env!("EXPECT_FAILURES") {
    None => Duration::from_mins(1),
    Some(_) => Duration::from_secs(20),
};

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(50);

/// One test's own database, exchange and queues on the services.
pub struct World {
    /// Its database.
    pub database: Database,
    /// Its exchange and queues.
    pub broker: Broker,
}

impl World {
    /// A world on the services that all tests share.
    pub async fn new() -> Self {
        let (database_url, rabbitmq_url) = services::shared();
        Self::on(&database_url, &rabbitmq_url).await
    }

    /// A world on a test's own services.
    pub async fn on(database_url: &str, rabbitmq_url: &str) -> Self {
        let name = format!("test-{:016x}", rand::random::<u64>());
        Self {
            database: Database::new(database_url, &name).await,
            broker: Broker::new(rabbitmq_url, &name),
        }
    }

    /// A world whose workers compete for the queue, as all did in earlier versions.
    pub async fn competing() -> Self {
        let world = Self::new().await;
        world.broker.declare_competing_queue().await;
        world
    }

    /// What a worker works on, with its settings, collections and indexes.
    pub async fn store(&self) -> Store {
        let url = self.database.url.as_str().into();
        let store = Store::open(&config::DatabaseConfig { url }, "e2e").await.unwrap();
        let store = store.counting_by(usd());
        store.prepare().await.unwrap();
        store
    }

    /// A worker's command line in this world; add to it before starting it.
    pub fn worker_command(&self) -> tokio::process::Command {
        worker_command_on(&self.database, &self.broker)
    }

    /// A worker that consumes.
    pub async fn worker(&self) -> Process {
        self.worker_with(&[]).await
    }

    /// A worker that consumes, with these variables in its environment.
    pub async fn worker_with(&self, settings: &[(&str, &str)]) -> Process {
        let worker = self.starting_worker(settings).await;
        worker.healthy().await;
        worker
    }

    /// A worker that listens and may never consume, with these variables in its environment.
    pub async fn starting_worker(&self, settings: &[(&str, &str)]) -> Process {
        let mut command = self.worker_command();
        command.envs(settings.iter().copied());
        Process::start(command).await
    }

    /// An API that answers.
    pub async fn api(&self) -> Process {
        let mut command = api_command();
        command.env("DATABASE_URL", &self.database.url);
        let api = Process::start(command).await;
        api.healthy().await;
        api
    }

    /// An API that answers from memory, pages of the list as well, with these variables in its environment.
    pub async fn live_api(&self, settings: &[(&str, &str)]) -> Process {
        live_api(&self.database, settings).await
    }

    /// Publishes in order, and returns when the broker has confirmed and routed all.
    pub async fn publish<M: Into<Outgoing>>(&self, messages: impl IntoIterator<Item = M>) {
        self.broker.publish(messages.into_iter().map(Into::into)).await;
    }

    /// Publishes to an empty log, each message when the one before is committed.
    pub async fn publish_one_by_one<M: Into<Outgoing>>(&self, messages: impl IntoIterator<Item = M>) {
        for (before, message) in messages.into_iter().enumerate() {
            self.publish([message]).await;
            eventually(|| self.database.processed(), |processed| *processed == before + 1).await;
        }
    }

    /// Waits until the campaign's amount (in minor units), pledges and donors are these.
    pub async fn expect_totals(&self, campaign: &str, amount: i64, pledges: i64, donors: i64) {
        let expected = Some((amount, pledges, donors));
        eventually(|| self.database.totals(campaign), |totals| *totals == expected).await;
    }

    /// Waits until so many messages are ready in a queue.
    pub async fn expect_queued(&self, queue: &str, count: usize) {
        eventually(|| self.broker.count(queue), |found| *found == count).await;
    }

    /// Waits until so many messages are in the dead-letter queue, and takes them all out.
    pub async fn expect_dead_letters(&self, count: usize) -> Vec<DeadLetter> {
        self.expect_queued(&self.broker.dead_letter_queue, count).await;
        self.broker.take_dead_letters().await
    }

    /// Publishes broken messages until the dead-letter queue has no room for one more; returns how many.
    pub async fn fill_dead_letters(&self, worker: &Process) -> usize {
        // The broker notices a full queue a little late, and a new policy too, so it takes some letters more.
        const ENOUGH: usize = 200;
        let mut published = 0;
        while worker.counted("totals_worker_dead_letters_refused").await == 0 {
            assert!(published < ENOUGH, "the queue should be full by now");
            let message = Outgoing::new("donation.created", format!("poison {published}"));
            self.publish([message]).await;
            published += 1;
        }
        published
    }

    /// Waits until nothing is left in the queue and the log holds so many processed events, and then checks that
    /// every campaign's totals are the fold of its donations.
    pub async fn expect_settled(&self, processed: usize) {
        eventually(|| self.database.processed(), |found| *found == processed).await;
        self.expect_queued(&self.broker.queue, 0).await;
        self.database.check_invariants().await;
    }
}

/// The command line of a worker that consumes from this broker into this database.
pub fn worker_command_on(database: &Database, broker: &Broker) -> tokio::process::Command {
    let mut command = worker_command();
    command
        .env("DATABASE_URL", &database.url)
        .env("RABBITMQ_URL", &broker.url)
        .env("RABBITMQ_EXCHANGE", &broker.exchange)
        .env("RABBITMQ_QUEUE", &broker.queue);
    command
}

/// An API that answers from memory, pages of the list as well, with these variables in its environment.
pub async fn live_api(database: &Database, settings: &[(&str, &str)]) -> Process {
    let mut command = api_command();
    command.env("DATABASE_URL", &database.url);
    command.envs(settings.iter().copied());
    let api = Process::start(command).await;
    let listed = async || api.healthy().await["live"]["listed"] == true;
    eventually(listed, |listed| *listed).await;
    api
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("left for inspection: {} {}", self.database.url, self.broker.queue);
            return;
        }
        let (url, broker) = (self.database.url.clone(), self.broker.clone());
        run_blocking(async move {
            Database::remove(&url).await;
            broker.remove().await;
        });
    }
}

/// Looks again and again until what is seen is what is `wanted`, and fails at the deadline with what was seen last.
pub async fn eventually<T: Debug>(look: impl AsyncFn() -> T, wanted: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let seen = look().await;
        if wanted(&seen) {
            return seen;
        }
        assert!(
            Instant::now() < deadline,
            "not seen within {DEADLINE:?}; last: {seen:?}"
        );
        tokio::time::sleep(POLL).await;
    }
}

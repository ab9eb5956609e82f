//! Commits that fail, and commits that take so long that the connection to the broker is gone when they are done.

use dev_services::Options;
use harness::proxy::{Proxy, Weather};
use harness::{Process, Servers, World, eventually};
use mongodb::bson::{Bson, Document, doc};
use mongodb::{Client, Database};

use crate::events::numbered;

/// A MongoDB that can be told to fail, and a broker behind a proxy.
struct Stage {
    admin: Database,
    proxy: Proxy,
    world: World,
    _servers: Servers,
}

impl Stage {
    async fn set() -> Self {
        let options = Options {
            fail_points: true,
            ..Options::default()
        };
        let servers = Servers::start_with("commits", options).await;
        let client = Client::with_uri_str(servers.mongodb.url()).await.unwrap();
        Self {
            admin: client.database("admin"),
            proxy: Proxy::start(servers.rabbitmq.port()).await.unwrap(),
            world: servers.world().await,
            _servers: servers,
        }
    }

    /// From now on, or as often as `mode` says, these commands go as in `how`.
    async fn fail(&self, mode: impl Into<Bson>, commands: &[&str], mut how: Document) {
        how.insert("failCommands", commands);
        let command = doc! { "configureFailPoint": "failCommand", "mode": mode.into(), "data": how };
        self.admin.run_command(command).await.unwrap();
    }

    /// A worker that reaches the broker through the proxy.
    async fn worker(&self) -> Process {
        let url = format!("amqp://guest:guest@127.0.0.1:{}", self.proxy.port);
        self.world.worker_with(&[("RABBITMQ_URL", &url)]).await
    }
}

/// Waits until so many messages at least are delivered and not settled.
async fn in_hand(worker: &Process, least: usize) {
    let in_hand = async || worker.metric("deliveries_in_hand").await;
    eventually(in_hand, |count| *count >= least).await;
}

#[tokio::test]
async fn a_commit_without_an_answer_is_not_taken_for_done() {
    let stage = Stage::set().await;
    let world = &stage.world;
    let worker = stage.worker().await;
    world.publish(numbered(0..50)).await;
    world.expect_totals("c", 50_000, 50, 0).await;
    // More often than one batch's commit is asked for: three times, and by the driver twice each time.
    let lost = doc! { "closeConnection": true };
    stage
        .fail(doc! { "times": 8 }, &["commitTransaction"], lost)
        .await;
    world.publish(numbered(50..100)).await;
    world.expect_totals("c", 100_000, 100, 0).await;
    world.expect_settled(100).await;
    assert!(worker.metric(r#"retries_total{operation="commit"}"#).await > 0);
}

/// Tags count from 1 on every connection. An acknowledgement that its own connection can no longer take would, on the
/// next one, take messages with it that nobody has processed.
#[tokio::test]
async fn a_commit_that_outlasts_its_connection_acknowledges_nothing_on_the_next() {
    let stage = Stage::set().await;
    let world = &stage.world;
    let worker = stage.worker().await;
    world.publish(numbered(0..100)).await;
    world.expect_totals("c", 100_000, 100, 0).await;

    let slow = doc! { "blockConnection": true, "blockTimeMS": 5000 };
    // Or a second consumer would take the waiting transaction for an abandoned one, and end it.
    let commands = ["commitTransaction", "killSessions"];
    stage.fail("alwaysOn", &commands, slow).await;
    world.publish(numbered(100..150)).await;
    in_hand(&worker, 50).await;
    stage.proxy.set(Weather::Cut);
    worker.degraded().await;
    world.publish(numbered(150..350)).await;
    stage.proxy.set(Weather::Clear);
    worker.healthy().await;
    in_hand(&worker, 200).await;
    // What was delivered on the first connection is committed by now, or very soon; what came after is not.
    eventually(|| world.database.processed(), |processed| *processed > 100).await;
    worker.kill().await;

    stage.fail("off", &[], doc! {}).await;
    let _worker = stage.worker().await;
    world.expect_totals("c", 350_000, 350, 0).await;
    world.expect_settled(350).await;
}

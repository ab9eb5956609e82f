//! A database has one currency, that of the first worker. A process with another one refuses to work: nothing is ever counted
//! in another currency, or shown in it.

use mongodb::bson::doc;
use reqwest::StatusCode;

use crate::events::created;
use crate::harness::{Process, World, api_command, eventually};
use crate::tool::{tool, tool_with};

const IN_YEN: &str = "CURRENCY is USD, but the amounts in this database are in JPY: set CURRENCY=JPY";

/// A worker that counts in yen.
async fn in_yen(world: &World) -> Process {
    world.starting_worker(&[("CURRENCY", "JPY")]).await
}

/// Waits until the worker says this about why it does not consume.
async fn says(worker: &Process, line: &str) {
    let message = async || worker.get("/health").await.1["consumer"]["message"].to_string();
    eventually(message, |message| message.contains(line)).await;
}

/// 5000 yen, counted by a worker of that currency.
async fn yen(world: &World) -> Process {
    let worker = in_yen(world).await;
    worker.healthy().await;
    world.publish([created("e1", "d1").amount(5000.0)]).await;
    world.expect_totals("c", 5000, 1, 0).await;
    worker
}

#[tokio::test]
async fn a_worker_of_another_currency_counts_nothing_and_says_why() {
    let world = World::new().await;
    assert_eq!(yen(&world).await.terminate().await, Some(0));
    let worker = world.starting_worker(&[]).await;
    let health = eventually(
        || worker.get("/health"),
        |(_, health)| {
            health["consumer"]["message"]
                .as_str()
                .is_some_and(|it| it.starts_with(IN_YEN))
        },
    );
    assert_eq!(health.await.0, StatusCode::SERVICE_UNAVAILABLE);
    world.publish([created("e2", "d2").amount(7.0)]).await;
    worker.logged("not consuming; will try again").await;
    assert_eq!(world.database.processed().await, 1);
    assert_eq!(world.broker.count(&world.broker.queue).await, 1);
}

#[tokio::test]
async fn a_currency_that_was_lost_is_not_claimed_by_one_that_was_refused() {
    let world = World::new().await;
    assert_eq!(yen(&world).await.terminate().await, Some(0));
    let settings = world.database.collection("settings");
    let refused = world.starting_worker(&[]).await;
    says(&refused, IN_YEN).await;
    settings
        .replace_one(doc! { "_id": "service" }, doc! {})
        .await
        .unwrap();
    says(&refused, "is no text").await;
    for no_code in ["usd", "XXQ"] {
        let set = doc! { "$set": { "currency": no_code } };
        settings.update_one(doc! { "_id": "service" }, set).await.unwrap();
        let said = format!(r#"is \"{no_code}\", which is no currency's code: set it to that of the amounts"#);
        says(&refused, &said).await;
    }
    settings.delete_one(doc! { "_id": "service" }).await.unwrap();
    says(
        &refused,
        "are not written down any more, and they were not USD with reject",
    )
    .await;
    assert_eq!(settings.count_documents(doc! {}).await.unwrap(), 0);

    let _worker = in_yen(&world).await;
    says(&refused, IN_YEN).await;
}

#[tokio::test]
async fn a_currency_that_nothing_was_counted_in_can_be_forgotten_and_another_written_down() {
    let world = World::new().await;
    let mistaken = in_yen(&world).await;
    mistaken.healthy().await;
    assert_eq!(mistaken.terminate().await, Some(0));
    let worker = world.starting_worker(&[]).await;
    says(&worker, IN_YEN).await;
    let settings = world.database.collection("settings");
    settings.delete_one(doc! { "_id": "service" }).await.unwrap();
    worker.healthy().await;
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
}

#[tokio::test]
async fn a_tool_of_another_currency_refuses_with_one_line() {
    let world = World::new().await;
    let _worker = yen(&world).await;
    for arguments in [
        ["verify"].as_slice(),
        &["rebuild"],
        &["explain", "c"],
        &["reset", "c", "--yes"],
    ] {
        let said = tool(&world, arguments).await;
        said.expect_refusal(IN_YEN);
    }
    world.expect_totals("c", 5000, 1, 0).await;
    let verified = tool_with(&world, ("CURRENCY", "JPY"), &["verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[tokio::test]
async fn an_api_of_another_currency_shows_nothing_and_recovers_by_itself() {
    let world = World::new().await;
    let mut command = api_command();
    command.env("DATABASE_URL", &world.database.url);
    // It starts before there is anything to contradict it.
    let api = Process::start(command).await;
    api.healthy().await;
    let missing = api.get("/api/totals/campaigns/c").await;
    assert_eq!(missing.0, StatusCode::NOT_FOUND);
    let watched = async {
        loop {
            let (status, body) = api.get("/api/totals/campaigns/c").await;
            assert_ne!(status, StatusCode::OK, "{body}");
            let (listed, body) = api.get("/api/totals/campaigns").await;
            assert!(listed != StatusCode::OK || body["data"]["total"] == 0, "{body}");
            if (status, listed) == (StatusCode::SERVICE_UNAVAILABLE, StatusCode::SERVICE_UNAVAILABLE) {
                return;
            }
        }
    };
    let (_worker, ()) = tokio::join!(yen(&world), watched);
    let health = api.degraded().await;
    let message = health["database"]["message"].as_str().unwrap();
    assert!(message.starts_with(IN_YEN), "{health}");

    let settings = world.database.collection("settings");
    settings
        .update_one(doc! { "_id": "service" }, doc! { "$set": { "currency": "USD" } })
        .await
        .unwrap();
    api.healthy().await;
    let shown = eventually(
        || api.get("/api/totals/campaigns/c"),
        |(status, _)| *status == StatusCode::OK,
    );
    assert_eq!(shown.await.1["data"]["totalAmount"], 50);
}

#[tokio::test]
async fn a_worker_writes_the_currency_into_a_database_that_has_none() {
    let world = World::new().await;
    let currency = async || {
        let settings = world.database.collection("settings");
        let found = settings.find_one(doc! { "_id": "service" }).await.unwrap();
        found.and_then(|found| found.get_str("currency").map(str::to_owned).ok())
    };
    // Looking at it decides nothing.
    assert_eq!(tool(&world, &["verify"]).await.code, Some(0));
    assert_eq!(currency().await, None);
    let worker = world.worker().await;
    assert_eq!(currency().await.as_deref(), Some("USD"));
    worker.terminate().await;
    world.database.collection("settings").drop().await.unwrap();
    let _worker = world.worker().await;
    assert_eq!(currency().await.as_deref(), Some("USD"));
}

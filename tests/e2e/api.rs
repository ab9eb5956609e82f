//! The API process on a real MongoDB: its answers to the letter, its stamina, its stop.

use std::time::{Duration, Instant};

use mongodb::bson::{DateTime, Document, doc};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::proxy::Proxy;
use crate::harness::{Process, World, api_command, eventually};

/// What a read may take just after a crowd has hung up: the reads it left behind still run to their end.
const AT_ONCE: Duration = Duration::from_secs(5);

/// As many connections as the driver keeps for operations, if `maxPoolSize` is not set.
const POOLED: usize = 10;

/// More than the connections on which the driver asks how the server is.
const MONITORS: usize = 5;

fn totals(campaign: &str, amount_minor: i64, pledges: i64, donors: i64, updated_millis: i64) -> Document {
    let moment = DateTime::from_millis(updated_millis);
    doc! {
        "_id": campaign, "totalAmountMinor": amount_minor, "totalPledges": pledges, "totalDonors": donors,
        "revision": pledges, "createdAt": moment, "lastUpdated": moment,
    }
}

async fn world_with(campaigns: impl IntoIterator<Item = Document>) -> (World, Process) {
    let world = World::new().await;
    world
        .database
        .collection("campaign_totals")
        .insert_many(campaigns)
        .await
        .unwrap();
    let api = world.api().await;
    (world, api)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_answered_to_the_letter() {
    let moment = 1_732_185_000_000; // 2024-11-21T10:30:00Z
    let (_world, api) = world_with([
        totals("camp_123", 500_050, 42, 35, moment),
        // More digits than a double has.
        totals("a/b ü", 9_007_199_254_740_993, 1, 0, moment),
    ])
    .await;
    assert_eq!(
        api.text("/api/totals/campaigns/camp_123").await,
        r#"{"success":true,"data":{"campaignId":"camp_123","totalAmount":5000.5,"totalAmountMinor":500050,"totalPledges":42,"totalDonors":35,"#
            .to_owned()
            + r#""lastUpdated":"2024-11-21T10:30:00.000Z","currency":"USD","revision":42}}"#
    );
    let exact = api.text("/api/totals/campaigns/a%2Fb%20%C3%BC").await;
    assert!(
        exact.contains(r#""campaignId":"a/b ü","totalAmount":90071992547409.93,"#),
        "{exact}"
    );

    let (status, body) = api.get("/api/totals/campaigns/camp_404").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("TOTALS_NOT_FOUND"))
    );
    assert_eq!(body["success"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_are_listed_in_any_order_and_page_by_page() {
    let (_world, api) = world_with([
        totals("a", 300, 1, 9, 1_000),
        totals("b", 200, 3, 8, 3_000),
        totals("c", 200, 2, 7, 2_000),
    ])
    .await;
    for (query, expected) in [
        ("", "a c b"), // equals by id, in the list's direction
        ("?sortOrder=asc", "b c a"),
        ("?sortBy=totalPledges", "b c a"),
        ("?sortBy=totalDonors&sortOrder=asc", "c b a"),
        ("?sortBy=lastUpdated", "b c a"),
        ("?limit=1", "a"),
        ("?limit=2&offset=1", "c b"),
        ("?offset=3", ""),
    ] {
        let (status, body) = api.get(&format!("/api/totals/campaigns{query}")).await;
        let data = &body["data"];
        let listed: Vec<_> = data["totals"].as_array().unwrap().iter().map(id).collect();
        assert_eq!(
            (status, listed.join(" ").as_str()),
            (StatusCode::OK, expected),
            "{query}"
        );
        assert_eq!(data["total"], 3, "{query}");
    }
    let page = api.text("/api/totals/campaigns?offset=3").await;
    assert_eq!(
        page,
        r#"{"success":true,"data":{"totals":[],"total":3,"limit":20,"offset":3}}"#
    );
}

fn id(totals: &Value) -> &str {
    totals["campaignId"].as_str().unwrap()
}

/// Invariant 6. It fails when a handler awaits the driver itself: from the first crowd on, reads hang.
#[tokio::test(flavor = "multi_thread")]
async fn crowds_that_hang_up_midway_leave_it_as_fast_as_before() {
    let campaigns = (0..200).map(|n| totals(&format!("camp_{n}"), 100 + n, 1, 1, 0));
    let (world, api) = world_with(campaigns).await;
    drop(api);
    // From memory there is nothing to be dropped midway.
    world.database.hide_changes().await;
    let (network, url) = Proxy::before(&world.database).await;
    let mut command = api_command();
    command.env("DATABASE_URL", url);
    let api = Process::start(command).await;
    for round in 1..=5 {
        hang_up_midway(&api, 500).await;
        let asked = Instant::now();
        // While the crowd's reads are under way, one more may be refused.
        let read = async || api.get("/api/totals/campaigns/camp_7").await.0;
        let answered = eventually(read, |status| *status == StatusCode::OK);
        tokio::time::timeout(Duration::from_secs(20), answered)
            .await
            .expect("the reads hang");
        let took = asked.elapsed();
        assert!(took < AT_ONCE, "round {round}: {took:?}");
    }
    // An operation that is dropped midway costs the driver the connection that it was sent on.
    let connections = network.connections();
    assert!(
        connections <= POOLED + MONITORS,
        "{connections} connections to MongoDB"
    );
}

/// So many clients ask at once, some for a page and each other for a campaign; when the first has its answer, all are gone.
async fn hang_up_midway(api: &Process, clients: usize) {
    let address = api.url.trim_start_matches("http://");
    let mut crowd = Vec::new();
    for _ in 0..clients {
        crowd.push(TcpStream::connect(address).await.unwrap());
    }
    for (number, client) in crowd.iter_mut().enumerate() {
        let path = match number % 2 {
            0 => "?limit=100".to_owned(),
            _ => format!("/camp_{}", number % 200),
        };
        let request = format!("GET /api/totals/campaigns{path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
    }
    crowd[1].read_u8().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_without_a_database_and_says_what_is_wrong() {
    let mut command = api_command();
    command.env(
        "DATABASE_URL",
        "mongodb://127.0.0.1:9/nobody?serverSelectionTimeoutMS=200",
    );
    let api = Process::start(command).await;
    let health = api.degraded().await;
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["database"]["healthy"], false);
    let (status, body) = api.get("/api/totals/campaigns/camp_1").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("UNAVAILABLE"))
    );
    api.logged("the database needs attention").await;
    assert_eq!(api.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_cannot_start_with_is_one_line() {
    let (_world, first) = world_with([totals("a", 1, 1, 1, 0)]).await;
    let (_, port) = first.url.rsplit_once(':').unwrap();
    for (variable, value, message) in [
        ("PORT", port, "is in use: stop what listens there"),
        ("PORT", "http", "PORT must be a port number"),
        (
            "CURRENCY",
            "dollars",
            "CURRENCY must be an ISO 4217 currency code",
        ),
        (
            "DATABASE_URL",
            "mysql://ada:secret@db",
            "DATABASE_URL must be a MongoDB connection string",
        ),
    ] {
        let mut command = api_command();
        command.env(variable, value);
        let mut process = Process::spawn(command);
        assert_eq!(process.exit().await, Some(2), "{variable}={value}");
        process.logged(message).await;
        assert_eq!(process.log().lines().count(), 1, "{}", process.log());
        assert!(!process.log().contains("secret"));
    }
}

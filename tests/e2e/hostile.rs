//! Clients that mean harm, or know no better. Whatever they do, the next good request is answered at once, and when they
//! are gone so is the memory they took.

mod crowds;
mod fuzz;
mod http2;
mod requests;
mod slowness;

use std::time::{Duration, Instant};

use mongodb::bson::{DateTime, doc};

use crate::harness::{Process, World, api_command, eventually, with_usual_files};

/// What a good request may take.
const AT_ONCE: Duration = Duration::from_millis(100);

/// What may stay of the memory that a crowd took, in bytes.
const LEFT_BEHIND: u64 = 30 * 1024 * 1024;

/// An API with one campaign, `good`, started where few files may be open.
async fn api() -> (World, Process) {
    let world = World::new().await;
    // A new database, in which the history is complete from the beginning.
    drop(world.store().await);
    // The other one is the OpenAPI document's example, which the requests made from it ask for.
    let campaigns = ["good", "camp_123"].map(|campaign| doc! {
        "_id": campaign, "totalAmountMinor": 100_i64, "totalPledges": 1_i64, "totalDonors": 1_i64, "revision": 1_i64,
        "createdAt": DateTime::now(), "lastUpdated": DateTime::now(),
    });
    let totals = world.database.collection("campaign_totals");
    totals.insert_many(campaigns).await.unwrap();
    let days = ["good", "camp_123"].map(|campaign| {
        let slots = doc! { "amountMinor": { "40": 100_i64 }, "pledges": { "40": 1_i64 } };
        let mut day = doc! { "_id": { "campaignId": campaign, "day": 20_413 } };
        day.extend(slots);
        day
    });
    let history = world.database.collection("campaign_history");
    history.insert_many(days).await.unwrap();
    let together = doc! {
        "_id": { "day": 20_413, "lane": "test/0" }, "amountMinor": { "40": 200_i64 }, "pledges": { "40": 2_i64 },
    };
    let history = world.database.collection("platform_history");
    history.insert_one(together).await.unwrap();
    let mut command = api_command();
    command.env("DATABASE_URL", &world.database.url);
    let api = Process::start(with_usual_files(&command)).await;
    api.healthy().await;
    (world, api)
}

/// Fails unless good requests, each on a connection of its own, are answered at once.
///
/// Half of some tries count: other tests keep both cores busy, and what they do is not this API's fault.
async fn expect_good_service(api: &Process) {
    const TRIES: usize = 20;
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .build()
        .unwrap();
    for path in ["/openapi.json", "/api/totals/campaigns/good"] {
        let mut took = Vec::new();
        for _ in 0..TRIES {
            let asked = Instant::now();
            let answer = client.get(format!("{}{path}", api.url)).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            answer.bytes().await.unwrap();
            took.push(asked.elapsed());
        }
        took.sort_unstable();
        assert!(took[TRIES / 2] < AT_ONCE, "{path} took {took:?}");
    }
}

/// Waits until the API holds hardly more memory than it did `before`.
async fn expect_memory_back(api: &Process, before: u64) {
    eventually(async || api.memory(), |now| *now < before + LEFT_BEHIND).await;
}

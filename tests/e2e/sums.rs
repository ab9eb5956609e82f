//! The sum of all campaigns is never a part of it: neither while memory is loading, nor within a commit.

use std::time::Duration;

use mongodb::Client;
use mongodb::bson::{DateTime, Document, doc};
use reqwest::StatusCode;

use crate::harness::proxy::{Proxy, Weather};
use crate::harness::{Process, World, api_command, eventually};

const CAMPAIGNS: i64 = 20_000;

/// Each chunk of an answer is so late that all campaigns take seconds.
const SLOW: Weather = Weather::Slow(Duration::from_millis(50));

fn campaign(number: i64) -> Document {
    let now = DateTime::now();
    doc! {
        "_id": format!("c{number}"), "totalAmountMinor": number, "totalPledges": 1_i64, "totalDonors": 1_i64,
        "revision": 1_i64, "createdAt": now, "lastUpdated": now,
    }
}

#[tokio::test]
async fn while_memory_is_loading_the_sum_is_of_all_campaigns_or_there_is_none() {
    let world = World::new().await;
    drop(world.store().await);
    let totals = world.database.collection("campaign_totals");
    totals.insert_many((1..=CAMPAIGNS).map(campaign)).await.unwrap();

    let (proxy, url) = Proxy::before(&world.database).await;
    proxy.set(SLOW);
    let mut command = api_command();
    command.env("DATABASE_URL", url);
    let api = Process::start(command).await;
    let (mut while_loading, mut unavailable) = (0, 0);
    loop {
        // Before the question: what was loading then may have answered.
        let listed = api.get("/health").await.1["live"]["listed"] == true;
        let (status, body) = api.get("/api/totals").await;
        if status == StatusCode::SERVICE_UNAVAILABLE && !listed {
            unavailable += 1;
            continue;
        }
        assert_eq!(status, StatusCode::OK, "{body}");
        let sum = &body["data"];
        assert_eq!(sum["campaigns"], CAMPAIGNS, "{body}");
        assert_eq!(sum["totalPledges"], CAMPAIGNS, "{body}");
        assert_eq!(sum["totalAmountMinor"], CAMPAIGNS * (CAMPAIGNS + 1) / 2, "{body}");
        if listed {
            break;
        }
        while_loading += 1;
    }
    assert!(while_loading > 0, "{unavailable} without a sum");
}

/// Takes 1 from each of the first half of the campaigns and gives it to the other half, in commits of all of them.
async fn move_amounts(url: &str, commits: usize) {
    let client = Client::with_uri_str(url).await.unwrap();
    let database = client.default_database().unwrap();
    let mut session = client.start_session().await.unwrap();
    for _ in 0..commits {
        #[expect(clippy::disallowed_methods, reason = "a test in a worker's place")]
        session.start_transaction().await.unwrap();
        let updates = (1..=60_i64).map(|number| {
            let amount = if number <= 30 { -1_i64 } else { 1 };
            doc! {
                "q": { "_id": format!("c{number}") },
                "u": { "$inc": { "totalAmountMinor": amount, "revision": 1_i64 } },
            }
        });
        let command = doc! { "update": "campaign_totals", "updates": updates.collect::<Vec<_>>() };
        database.run_command(command).session(&mut session).await.unwrap();
        session.commit_transaction().await.unwrap();
    }
}

#[tokio::test]
async fn a_commit_of_many_campaigns_is_in_the_sum_as_a_whole() {
    let world = World::new().await;
    drop(world.store().await);
    let totals = world.database.collection("campaign_totals");
    totals.insert_many((1..=60).map(campaign)).await.unwrap();
    let api = world.api().await;

    let moves = move_amounts(&world.database.url, 150);
    let reads = async {
        loop {
            let (status, body) = api.get("/api/totals").await;
            assert_eq!(status, StatusCode::OK, "{body}");
            assert_eq!(body["data"]["totalAmountMinor"], 60 * 61 / 2, "{body}");
        }
    };
    tokio::select! {
        () = reads => {}
        () = moves => {}
    }
    let last = async || api.get("/api/totals/campaigns/c60").await.1["data"]["totalAmountMinor"].clone();
    eventually(last, |amount| *amount == 60 + 150).await;
}

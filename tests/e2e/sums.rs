//! The sum of all campaigns while the API's memory has only a part of them.

use std::time::Duration;

use mongodb::bson::{DateTime, Document, doc};
use reqwest::StatusCode;

use crate::harness::proxy::{Proxy, Weather};
use crate::harness::{Process, World, api_command};

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

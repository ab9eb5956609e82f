//! A campaign so large that reading it takes a while, audited and rebuilt while donations to it keep coming.
//!
//! With a small campaign all parts are read within a millisecond, and an audit of several moments passes for one of a
//! single moment.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join;
use mongodb::bson::doc;

use crate::events::created;
use crate::harness::{World, eventually};
use crate::tool::json;

/// Donations of 10.00, each by a donor of its own: several chunks of every query.
const DONATIONS: i64 = 12_000;

async fn large_campaign() -> World {
    let world = World::new().await;
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    writeln!(file, "donationId,campaignId,amount,donorId,timestamp").unwrap();
    for number in 0..DONATIONS {
        writeln!(file, "d{number},c,10.00,u{number},2025-11-21T10:00:00Z").unwrap();
    }
    json(&world, 0, &["backfill", file.path().to_str().unwrap()]).await;
    world
}

/// Publishes donations one by one until told to stop, and says how many.
async fn traffic(world: &World, stop: &AtomicBool) -> i64 {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let id = format!("t{count}");
        world.publish([created(&id, &id).donor(&id)]).await;
        count += 1;
    }
    count
}

/// Runs `work` under traffic, checks that some was committed meanwhile, and then that all was counted.
async fn under_traffic(world: &World, work: impl AsyncFn()) {
    let _worker = world.worker().await;
    let stop = AtomicBool::new(false);
    let work = async {
        let moving = usize::try_from(DONATIONS).unwrap();
        let before = eventually(|| world.database.processed(), |count| *count > moving).await;
        work().await;
        assert!(
            world.database.processed().await > before,
            "nothing moved meanwhile"
        );
        stop.store(true, Ordering::Relaxed);
    };
    let (count, ()) = join(traffic(world, &stop), work).await;
    let all = DONATIONS + count;
    world.expect_totals("c", all * 1000, all, all).await;
}

#[tokio::test]
async fn an_audit_that_takes_a_while_is_of_one_moment() {
    let world = large_campaign().await;
    let verify = async || {
        for _ in 0..3 {
            let verified = json(&world, 0, &["verify"]).await;
            assert_eq!(verified["drift"], false, "{verified:#}");
        }
    };
    under_traffic(&world, verify).await;
}

#[tokio::test]
async fn a_rebuild_that_takes_a_while_loses_nothing_that_comes_meanwhile() {
    let world = large_campaign().await;
    let totals = world.database.collection("campaign_totals");
    let off = doc! { "$inc": { "totalAmountMinor": 1_i64, "totalPledges": -1_i64 } };
    totals.update_one(doc! { "_id": "c" }, off).await.unwrap();
    let rebuild = async || {
        let rebuilt = json(&world, 0, &["rebuild"]).await;
        assert_eq!(rebuilt["corrected"]["totals"], 1, "{rebuilt:#}");
    };
    under_traffic(&world, rebuild).await;
}

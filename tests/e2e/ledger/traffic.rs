//! The log is verified, and totals are rebuilt from it, while workers write.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join;
use mongodb::bson::doc;
use serde_json::json;

use super::{C, add_to_totals, told};
use crate::events::created;
use crate::harness::World;
use crate::tool::json;

#[tokio::test]
async fn everything_but_the_log_is_lost_and_comes_back_under_a_running_worker() {
    let world = told().await;
    world.database.empty(&["campaign_totals", "donations"]).await;
    let _worker = world.worker().await;
    let late = (0..300).map(|number| {
        let id = format!("late{number}");
        created(&id, &id).donor(&format!("u{}", number % 7))
    });
    let (rebuilt, ()) = join(json(&world, 0, &["rebuild"]), world.publish(late)).await;
    assert!(rebuilt["corrected"]["donations"].as_u64() >= Some(5), "{rebuilt}");
    world.expect_settled(311).await;
    world.expect_totals("c", C.0 + 300_000, C.1 + 300, C.2 + 7).await;
    assert_eq!(json(&world, 0, &["verify"]).await["drift"], false);
}

/// Publishes to campaign `c` until told to stop, and says how many donations.
async fn traffic(world: &World, stop: &AtomicBool) -> i64 {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let batch = (0..50).map(|number| {
            let id = format!("t{}", count + number);
            created(&id, &id).donor(&id)
        });
        world.publish(batch).await;
        count += 50;
    }
    count
}

#[tokio::test]
async fn verify_sees_one_moment_while_workers_write() {
    let world = told().await;
    let _workers = (world.worker().await, world.worker().await);
    let stop = AtomicBool::new(false);
    let checks = async {
        for _ in 0..5 {
            let verified = json(&world, 0, &["verify"]).await;
            assert_eq!(verified["drift"], false, "{verified:#}");
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (count, ()) = join(traffic(&world, &stop), checks).await;
    world
        .expect_totals("c", C.0 + count * 1000, C.1 + count, C.2 + count)
        .await;
}

#[tokio::test]
async fn readers_see_totals_go_from_wrong_to_right_in_one_step() {
    const OFF: i64 = 1_000_000_000_000;
    let world = told().await;
    let _worker = world.worker().await;
    add_to_totals(&world, OFF).await;
    let stop = AtomicBool::new(false);
    let (mut revision, mut righted) = (0, false);
    let read = async {
        while !stop.load(Ordering::Relaxed) {
            let totals = world
                .database
                .collection("campaign_totals")
                .find_one(doc! { "_id": "c" })
                .await
                .unwrap();
            let totals = totals.expect("the totals are never missing");
            let amount = totals.get_i64("totalAmountMinor").unwrap();
            let pledges = totals.get_i64("totalPledges").unwrap();
            let off = amount - (C.0 + (pledges - C.1) * 1000);
            assert!(off == 0 || (off == OFF && !righted), "off by {off}");
            righted = off == 0;
            assert!(totals.get_i64("revision").unwrap() >= revision);
            revision = totals.get_i64("revision").unwrap();
        }
    };
    let rebuild = async {
        let rebuilt = json(&world, 0, &["rebuild", "--campaign", "c"]).await;
        assert_eq!(
            rebuilt["corrected"],
            json!({ "totals": 1, "donations": 0, "days": 0 })
        );
        stop.store(true, Ordering::Relaxed);
    };
    let (count, ((), ())) = join(traffic(&world, &stop), join(read, rebuild)).await;
    world
        .expect_totals("c", C.0 + count * 1000, C.1 + count, C.2 + count)
        .await;
}

//! The history changed by hand: `verify` finds it, and `rebuild` mends it while a worker books.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join;
use mongodb::bson::{Bson, Document, doc};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{DAY, booked, ids, made};
use crate::harness::World;
use crate::tool::{json as answer, tool};

/// What to change of the history, in mongosh's terms.
type Change = (&'static str, Document);

async fn change(world: &World, collection: &str, id: Document, update: Document) {
    let collection = world.database.collection(collection);
    let changed = collection.update_one(doc! { "_id": id }, update).await.unwrap();
    assert_eq!(changed.modified_count, 1);
}

fn campaign_day() -> Document {
    doc! { "campaignId": "c", "day": DAY }
}

/// The kinds of what `verify` finds.
fn kinds(verified: &Value) -> Vec<&str> {
    let shown = verified["differences"]["shown"].as_array().unwrap();
    shown.iter().map(|it| it["kind"].as_str().unwrap()).collect()
}

/// Publishes donations of one quarter of an hour to campaign `c` until told to stop, and says how many.
async fn traffic(world: &World, stop: &AtomicBool) -> usize {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let batch = (count..count + 50).map(|number| made(1000 + number, "2025-11-21T10:00:00Z"));
        world.publish(batch).await;
        count += 50;
    }
    count
}

#[tokio::test]
async fn what_was_changed_by_hand_is_found_and_mended_while_a_worker_books() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let two_days = [made(1, "2025-11-21T10:00:00Z"), made(2, "2024-02-29T23:59:00Z")];
    world.publish(two_days).await;
    world.expect_settled(2).await;

    let amount = doc! { "$inc": { "amountMinor.40": 5_i64, "amountMinor.41": -3_i64 } };
    change(&world, "campaign_history", campaign_day(), amount).await;
    let days = world.database.collection("campaign_history");
    let lost = days
        .delete_one(doc! { "_id": { "campaignId": "c", "day": 19_782 } })
        .await
        .unwrap();
    assert_eq!(lost.deleted_count, 1);
    let unknown = doc! {
        "_id": { "campaignId": "nobody's", "day": 3 }, "amountMinor": { "1": 7_i64 }, "pledges": { "1": 1_i64 },
    };
    days.insert_one(unknown).await.unwrap();
    let verified = answer(&world, 1, &["verify"]).await;
    // Two days of `c`, one of nobody's; and the platform's are not their sum on three days.
    assert_eq!(kinds(&verified), ["history"; 6], "{verified:#}");
    let said = tool(&world, &["verify"]).await;
    said.expect_text("history of c at 2025-11-21T10:00:00.000Z: stored 10.05 from 1 pledges; it should be 10 from 1 (and 1 more");
    said.expect_text("history of all campaigns together at 2024-02-29T23:45:00.000Z: stored 10 from 1 pledges; it should be 0");

    let stop = AtomicBool::new(false);
    let mending = async {
        let rebuilt = answer(&world, 0, &["rebuild"]).await;
        stop.store(true, Ordering::Relaxed);
        rebuilt
    };
    let (count, rebuilt) = join(traffic(&world, &stop), mending).await;
    assert_eq!(
        rebuilt["corrected"],
        json!({ "totals": 0, "donations": 0, "days": 3 }),
        "{rebuilt:#}"
    );
    world.expect_settled(2 + count).await;
    let verified = answer(&world, 0, &["verify"]).await;
    assert_eq!(verified["drift"], false, "{verified:#}");
}

#[tokio::test]
async fn the_platforms_history_is_put_right_in_a_lane_of_its_own() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([made(1, "2025-11-21T10:00:00Z")]).await;
    world.expect_settled(1).await;
    let [id] = ids(&world, "platform_history").await.try_into().unwrap();
    change(
        &world,
        "platform_history",
        id,
        doc! { "$inc": { "amountMinor.40": 5_i64, "pledges.0": 2_i64 } },
    )
    .await;
    assert_eq!(kinds(&answer(&world, 1, &["verify"]).await), ["history"]);
    // It adds up to something, but not to the totals.
    let api = world.live_api(&[]).await;
    let history = "/api/totals/history?interval=day&from=2025-11-20&to=2025-11-23";
    let (status, body) = api.get(history).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert!(body.to_string().contains("totals-worker rebuild"), "{body}");
    let rebuilt = answer(&world, 0, &["rebuild"]).await;
    assert_eq!(rebuilt["corrected"]["days"], 1, "{rebuilt:#}");
    let (status, body) = api.get(history).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    world.database.check_invariants().await;
    let corrected = doc! { "day": DAY, "lane": "rebuild" };
    assert!(ids(&world, "platform_history").await.contains(&corrected));
    assert_eq!(answer(&world, 0, &["verify"]).await["drift"], false);
}

#[tokio::test]
async fn a_day_that_cannot_be_added_to_stops_nothing_else_and_is_replaced() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world
        .publish([made(1, "2025-11-21T10:00:00Z"), made(2, "2025-11-21T11:00:00Z")])
        .await;
    world.expect_settled(2).await;
    let damages: [Change; 2] = [
        ("amountMinor.40", doc! { "$set": { "amountMinor.40": "10.00" } }),
        ("pledges.44", doc! { "$set": { "pledges.44": 1.5 } }),
    ];
    for (_, damage) in &damages {
        change(&world, "campaign_history", campaign_day(), damage.clone()).await;
    }
    let strangers = doc! { "_id": 7, "amountMinor": Bson::Null };
    world
        .database
        .collection("campaign_history")
        .insert_one(strangers)
        .await
        .unwrap();

    world
        .publish([made(3, "2025-11-21T10:00:00Z"), made(4, "2025-11-22T10:00:00Z")])
        .await;
    let [letter] = world.expect_dead_letters(1).await.try_into().unwrap();
    assert!(
        letter.reason().contains("campaign_history"),
        "{}",
        letter.reason()
    );
    let verified = answer(&world, 1, &["verify"]).await;
    assert!(
        kinds(&verified)
            .iter()
            .filter(|kind| **kind == "document")
            .count()
            == 2,
        "{verified:#}"
    );

    answer(&world, 0, &["rebuild"]).await;
    let verified = answer(&world, 0, &["verify"]).await;
    assert_eq!(verified["drift"], false, "{verified:#}");
    world.publish([made(3, "2025-11-21T10:00:00Z")]).await;
    world.expect_settled(4).await;
    assert_eq!(
        booked(&world).await,
        [
            ((DAY, 40), (2000, 2)),
            ((DAY, 44), (1000, 1)),
            ((DAY + 1, 40), (1000, 1))
        ]
    );
}

//! Totals over time, as they are written: each donation in the quarter of an hour of its own time, by the one transaction.

mod old;
mod repairs;

use mongodb::bson::{Document, doc};
use serde_json::json;

use crate::events::{Event, created, refunded};
use crate::harness::World;
use crate::harness::history::{Booked, Slot};
use crate::tool::{json as answer, tool};

/// 2025-11-21, as days since 1970-01-01.
const DAY: i32 = 20_413;

/// Donation `number` to campaign `c` of 10.00, made at this time.
fn made(number: usize, time: &str) -> Event {
    created(&format!("e{number}"), &format!("d{number}")).with("timestamp", json!(time))
}

/// What is booked for campaign `c`.
async fn booked(world: &World) -> Vec<(Slot, Booked)> {
    let mut history = world.database.campaign_history().await;
    history.remove("c").unwrap_or_default().into_iter().collect()
}

async fn ids(world: &World, collection: &str) -> Vec<Document> {
    let mut ids = Vec::new();
    let mut found = world.database.collection(collection).find(doc! {}).await.unwrap();
    while found.advance().await.unwrap() {
        let document = found.deserialize_current().unwrap();
        ids.push(document.get_document("_id").unwrap().clone());
    }
    ids
}

#[tokio::test]
async fn a_donation_is_booked_at_its_own_time_and_a_refund_takes_from_there() {
    let world = World::new().await;
    let _worker = world.worker().await;
    // The payload knows better than the envelope, and counts only if it is a time.
    let delayed = made(1, "2025-11-21T00:14:59.999Z").at("2025-11-25T12:00:00.000Z");
    let unreadable = made(2, "yesterday").at("2025-11-21T23:45:00.000Z");
    let before_1970 = made(3, "1969-12-31T23:59:59Z");
    let given_back = refunded("e4", "d1")
        .amount(4.0)
        .with("timestamp", json!("2025-11-23T10:00:00Z"));
    world
        .publish([given_back, delayed, unreadable, before_1970])
        .await;
    world.expect_settled(4).await;
    let expected = [
        ((-1, 95), (1000, 1)),
        ((DAY, 0), (600, 1)),
        ((DAY, 95), (1000, 1)),
    ];
    assert_eq!(booked(&world).await, expected);

    world
        .publish([refunded("e5", "d1"), refunded("e6", "d3").amount(99.0)])
        .await;
    world.expect_settled(6).await;
    assert_eq!(booked(&world).await, [((DAY, 95), (1000, 1))]);

    let explained = answer(&world, 0, &["explain", "c"]).await;
    let slots = |event: &str| {
        let latest = explained["latest"].as_array().unwrap();
        let event = latest.iter().find(|it| it["eventId"] == event).unwrap();
        event["slot"].as_str().unwrap().to_owned()
    };
    assert_eq!(slots("e5"), "2025-11-21T00:00:00.000Z");
    assert_eq!(slots("e2"), "2025-11-21T23:45:00.000Z");
    tool(&world, &["explain", "c"])
        .await
        .expect_text("booked at 2025-11-21T23:45:00.000Z");
    for id in ids(&world, "platform_history").await {
        let lane = id.get_str("lane").unwrap();
        assert!(lane.starts_with(&format!("{}/", world.broker.queue)), "{id}");
    }
}

#[tokio::test]
async fn a_donation_moves_to_the_earliest_time_that_any_of_its_creations_tells() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let again = |id: &str, time: &str| created(id, "d1").with("timestamp", json!(time));
    let story = [
        again("e1", "2025-11-21T10:00:00Z"),
        refunded("e2", "d1").amount(2.0),
        again("e3", "2025-11-20T10:00:00Z"),
        again("e4", "2025-11-22T10:00:00Z"),
    ];
    world.publish_one_by_one(story).await;
    assert_eq!(booked(&world).await, [((DAY - 1, 40), (800, 1))]);
    // The same event with another time is the same event.
    world
        .publish([
            again("e3", "2025-11-01T10:00:00Z"),
            made(5, "2025-11-21T00:00:00Z"),
        ])
        .await;
    world.expect_settled(5).await;
    assert_eq!(booked(&world).await[0], ((DAY - 1, 40), (800, 1)));
    assert_eq!(answer(&world, 0, &["verify"]).await["drift"], false);
    assert!(world.broker.take_dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_backfill_books_as_messages_do() {
    let world = World::new().await;
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    let rows = "donationId,campaignId,amount,refundedAmount,timestamp\n\
                d1,c,10.00,4.00,2015-11-21T00:00:00Z\nd2,c,10.00,,2025-11-21T00:29:00Z\nd3,other,5,5,2025-11-21T00:31:00Z\n";
    std::fs::write(file.path(), rows).unwrap();
    answer(&world, 0, &["backfill", file.path().to_str().unwrap()]).await;
    world.database.check_invariants().await;
    assert_eq!(
        booked(&world).await,
        [((16_760, 0), (600, 1)), ((DAY, 1), (1000, 1))]
    );
    assert_eq!(answer(&world, 0, &["verify"]).await["drift"], false);
}

#[tokio::test]
async fn a_reset_removes_the_history_of_its_campaign_and_takes_it_from_the_platforms() {
    let world = World::new().await;
    let worker = world.worker().await;
    let other = made(2, "2025-11-21T10:05:00Z").campaign("other").amount(5.0);
    world
        .publish([
            made(1, "2025-11-21T10:00:00Z"),
            other,
            made(3, "2024-01-01T00:00:00Z"),
        ])
        .await;
    world.expect_settled(3).await;
    answer(&world, 0, &["reset", "c", "--yes"]).await;
    let left = ids(&world, "campaign_history").await;
    assert_eq!(left, [doc! { "campaignId": "other", "day": DAY }]);
    world.database.check_invariants().await;
    let platform = world.database.platform_history().await;
    assert_eq!(platform.into_iter().collect::<Vec<_>>(), [((DAY, 40), (500, 1))]);

    world.publish([made(1, "2025-11-21T10:00:00Z")]).await;
    world.expect_settled(2).await;
    drop(worker);
    assert_eq!(answer(&world, 0, &["verify"]).await["drift"], false);
}

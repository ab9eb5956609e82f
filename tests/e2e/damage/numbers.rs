//! Numbers that no event can have made: named and replaced, and nothing adds to them or fails over them.

use mongodb::bson::doc;

use crate::events::{created, refunded};
use crate::harness::{DeadLetter, World};
use crate::tool::{json, tool};

/// Campaign `c` with 46.00 of one pledge that was refunded in part.
async fn counted() -> World {
    let world = World::new().await;
    let worker = world.worker().await;
    world
        .broker
        .publish([created("e1", "d1").donor("ada").amount(50.0).into()])
        .await;
    world.expect_settled(1).await;
    world
        .broker
        .publish([refunded("e2", "d1").amount(4.0).into()])
        .await;
    world.expect_totals("c", 4600, 1, 1).await;
    worker.terminate().await;
    world
}

/// Publishes another pledge of 1.00, whose letter names the field that keeps it from being counted.
async fn set_aside(world: &World, event: &str, field: &str) -> DeadLetter {
    let worker = world.worker().await;
    let pledge = created(event, event).donor("ada").amount(1.0);
    world.broker.publish([pledge.into()]).await;
    let letter = world.expect_dead_letters(1).await.remove(0);
    worker.terminate().await;
    assert_eq!(letter.header("x-reason-code"), "DAMAGED_DOCUMENT");
    assert!(letter.reason().contains(field), "{}", letter.reason());
    letter
}

#[tokio::test]
async fn totals_that_nothing_can_be_added_to_are_named_and_replaced() {
    let world = counted().await;
    let mut more = 0;
    for (field, number) in [
        ("revision", i64::MAX),
        ("corrections", i64::MAX),
        ("totalAmountMinor", i64::MAX),
        ("totalAmountMinor", i64::MIN),
        ("totalPledges", i64::MAX),
        ("totalPledges", i64::MIN),
        ("totalDonors", i64::MIN),
    ] {
        let set = doc! { "$set": { field: number } };
        world.database.change("campaign_totals", "c", set).await;
        // Workers leave corrections alone.
        let letter = if field == "corrections" {
            None
        } else {
            more += 1;
            Some(set_aside(&world, &format!("more{more}"), field).await)
        };
        let verified = json(&world, 1, &["verify"]).await;
        let named = &verified["differences"]["shown"][0];
        assert_eq!(
            (&named["kind"], &named["collection"], &named["id"]),
            (&"document".into(), &"campaign_totals".into(), &"\"c\"".into()),
            "{field} {number}: {verified:#}"
        );
        let explained = tool(&world, &["explain", "c"]).await;
        assert_eq!(explained.code, Some(2), "{explained:?}");

        json(&world, 0, &["rebuild"]).await;
        assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
        let worker = world.worker().await;
        if let Some(letter) = letter {
            world.broker.move_back(letter).await;
        }
        world.expect_totals("c", 4600 + 100 * more, 1 + more, 1).await;
        worker.terminate().await;
    }
    world.database.check_invariants().await;
}

#[tokio::test]
async fn a_donation_that_holds_less_than_nothing_is_found_and_put_right() {
    let world = counted().await;
    let absurd = doc! { "$set": { "amountMinor": i64::MAX, "refundedMinor": i64::MIN } };
    world.database.change("donations", "d1", absurd).await;
    let verified = json(&world, 1, &["verify"]).await;
    assert_eq!(verified["differences"]["count"], 1, "{verified:#}");
    json(&world, 0, &["rebuild"]).await;
    world.database.check_invariants().await;
}

#[tokio::test]
async fn effects_that_no_sum_holds_are_explained_as_what_they_are() {
    let world = counted().await;
    for row in ["e1", "e2"] {
        let absurd = doc! { "$set": { "effect.amountMinor": i64::MAX } };
        world.database.change("event_log", row, absurd).await;
    }
    let explained = tool(&world, &["explain", "c"]).await;
    assert_eq!(explained.code, Some(0), "{explained:?}");
    assert!(
        explained.text().contains("which is not the totals"),
        "{explained:?}"
    );
    let verified = json(&world, 1, &["verify"]).await;
    let shown = verified["differences"]["shown"].as_array().unwrap();
    let rows = shown.iter().filter(|it| it["kind"] == "logRow").count();
    assert_eq!(rows, 2, "{verified:#}");
}

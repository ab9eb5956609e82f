//! Numbers that no event can have made: named and replaced, and nothing adds to them or fails over them.

use mongodb::bson::doc;

use crate::events::{created, refunded};
use crate::harness::{World, eventually};
use crate::tool::{json, tool};

/// Campaign `c` with 46.00 of one pledge that was refunded in part.
async fn counted() -> World {
    let world = World::new().await;
    let worker = world.worker().await;
    world
        .publish([created("e1", "d1").donor("ada").amount(50.0)])
        .await;
    world.expect_settled(1).await;
    world.publish([refunded("e2", "d1").amount(4.0)]).await;
    world.expect_totals("c", 4600, 1, 1).await;
    worker.terminate().await;
    world
}

#[tokio::test]
async fn totals_whose_revision_cannot_grow_are_named_and_replaced_and_the_events_counted_then() {
    let world = counted().await;
    let _worker = world.worker().await;
    for (round, field) in (1..).zip(["revision", "corrections"]) {
        let end = doc! { "$set": { field: i64::MAX } };
        world.database.change("campaign_totals", "c", end).await;
        let pledge = format!("more{round}");
        let pledge = created(&pledge, &pledge).donor("ada").amount(1.0);
        world.publish([pledge]).await;
        let mut letter = None;
        // Workers leave corrections alone.
        if field == "revision" {
            let parked = world.expect_dead_letters(1).await.remove(0);
            assert_eq!(parked.header("x-reason-code"), "DAMAGED_DOCUMENT");
            let reason = parked.reason();
            assert!(
                reason.contains("campaign_totals \"c\" is damaged: its revision"),
                "{reason}"
            );
            letter = Some(parked);
        } else {
            eventually(|| world.database.processed(), |processed| *processed == 4).await;
        }
        let verified = json(&world, 1, &["verify"]).await;
        let named = &verified["differences"]["shown"][0];
        assert_eq!(
            (&named["kind"], &named["collection"], &named["id"]),
            (&"document".into(), &"campaign_totals".into(), &"\"c\"".into()),
            "{field}: {verified:#}"
        );
        assert_eq!(tool(&world, &["explain", "c"]).await.code, Some(2));
        json(&world, 0, &["rebuild"]).await;
        assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
        if let Some(letter) = letter {
            world.broker.move_back(letter).await;
        }
        world.expect_totals("c", 4600 + 100 * round, 1 + round, 1).await;
    }
    world.database.check_invariants().await;
}

#[tokio::test]
async fn totals_that_are_off_by_more_than_a_number_holds_are_put_right() {
    let world = counted().await;
    for field in ["totalAmountMinor", "totalPledges", "totalDonors"] {
        for number in [i64::MIN, i64::MAX] {
            let absurd = doc! { "$set": { field: number } };
            world.database.change("campaign_totals", "c", absurd).await;
            assert_eq!(tool(&world, &["explain", "c"]).await.code, Some(0));
            let verified = json(&world, 1, &["verify"]).await;
            assert_eq!(
                verified["differences"]["shown"][0]["kind"], "totals",
                "{verified:#}"
            );
            json(&world, 0, &["rebuild"]).await;
            world.expect_totals("c", 4600, 1, 1).await;
        }
    }
    assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
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

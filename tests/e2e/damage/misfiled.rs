//! A donation that is filed under another campaign than it was created for, and refunded there.

use mongodb::bson::doc;

use crate::events::{created, refunded};
use crate::harness::World;
use crate::tool::{json, tool};

/// Donation `a` of 10.00 to `camp`, filed under `other` by damage; `other` has `others` of one pledge if it is more than
/// nothing, and `third` is of no interest to either.
async fn misfiled(others: f64) -> World {
    let world = World::new().await;
    let worker = world.worker().await;
    let mut events = vec![
        created("e1", "a").campaign("camp").donor("ada"),
        created("e3", "z").campaign("third").amount(3.0),
    ];
    if others > 0.0 {
        events.push(created("e2", "b").campaign("other").amount(others));
    }
    let count = events.len();
    world.publish(events).await;
    world.expect_settled(count).await;
    worker.terminate().await;
    let elsewhere = doc! { "$set": { "campaignId": "other" } };
    world.database.change("donations", "a", elsewhere).await;
    world
}

/// The same after a refund of 4.00 of `a`, which `other`, with a pledge of 7.00, has paid.
async fn refunded_astray() -> World {
    let world = misfiled(7.0).await;
    let worker = world.worker().await;
    let refund = refunded("r", "a").campaign("camp").amount(4.0);
    world.publish([refund]).await;
    world.expect_totals("other", 300, 1, 0).await;
    worker.terminate().await;
    world
}

/// All is as the events say, after a refund of 4.00 of `a`.
async fn expect_right(world: &World) {
    assert_eq!(json(world, 0, &["verify"]).await["differences"]["count"], 0);
    world.expect_totals("camp", 600, 1, 1).await;
    world.expect_totals("third", 300, 1, 0).await;
    world.database.check_invariants().await;
}

#[tokio::test]
async fn a_refund_that_its_campaign_cannot_cover_is_set_aside_and_no_total_falls_below_zero() {
    let world = misfiled(0.0).await;
    let worker = world.worker().await;
    let refund = refunded("r", "a").campaign("camp").amount(4.0);
    world.publish([refund]).await;
    let mut letters = world.expect_dead_letters(1).await;
    let letter = letters.remove(0);
    assert_eq!(letter.header("x-reason-code"), "DAMAGED_DOCUMENT");
    let reason = letter.reason();
    assert!(reason.contains("campaign_totals \"other\""), "{reason}");
    assert_eq!(world.database.totals("other").await, None);
    json(&world, 0, &["rebuild"]).await;
    world.broker.move_back(letter).await;
    world.expect_totals("camp", 600, 1, 1).await;
    worker.terminate().await;
    expect_right(&world).await;
}

#[tokio::test]
async fn a_refund_that_was_filed_with_its_misfiled_donation_is_filed_again_by_a_rebuild() {
    let world = refunded_astray().await;

    let verified = json(&world, 1, &["verify"]).await;
    let shown = verified["differences"]["shown"].as_array().unwrap();
    let row = shown.iter().find(|it| it["kind"] == "logRow").unwrap();
    let command = r#"db.event_log.updateOne({_id: "r"}, {$set: {campaignId: "camp"}})"#;
    assert_eq!(row["eventId"], "r");
    assert!(row["remedy"].as_str().unwrap().contains(command), "{row:#}");

    // What has nothing to do with it is not held up.
    let wrong = doc! { "$inc": { "totalPledges": 5_i64 } };
    world.database.change("campaign_totals", "third", wrong).await;
    let third = json(&world, 0, &["rebuild", "--campaign", "third"]).await;
    assert_eq!(third["corrected"]["totals"], 1, "{third:#}");
    world.expect_totals("third", 300, 1, 0).await;

    let rebuilt = tool(&world, &["rebuild"]).await;
    assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    assert!(rebuilt.text().contains("1 log rows filed"), "{rebuilt:?}");
    world.expect_totals("other", 700, 1, 0).await;
    expect_right(&world).await;
}

#[tokio::test]
async fn a_rebuild_of_one_campaign_files_its_refund_and_leaves_the_donation_to_one_of_all() {
    let world = refunded_astray().await;
    let rebuilt = json(&world, 1, &["rebuild", "--campaign", "camp"]).await;
    assert_eq!(
        (&rebuilt["refiled"], &rebuilt["unfinished"]),
        (&1.into(), &true.into()),
        "{rebuilt:#}"
    );
    let rebuilt = json(&world, 0, &["rebuild"]).await;
    assert_eq!(rebuilt["refiled"], 0, "{rebuilt:#}");
    expect_right(&world).await;
}

/// A refund whose donation's creation is lost from the log tells of that loss: it is not filed anew.
#[tokio::test]
async fn a_refund_whose_creation_is_nowhere_in_the_log_stays_damage() {
    let world = refunded_astray().await;
    let log = world.database.collection("event_log");
    log.delete_one(doc! { "_id": "e1" }).await.unwrap();
    let refused = json(&world, 1, &["rebuild"]).await;
    assert_eq!(refused["damaged"]["count"], 1, "{refused:#}");
    world.expect_totals("other", 300, 1, 0).await;
    world.expect_totals("camp", 1000, 1, 1).await;
}

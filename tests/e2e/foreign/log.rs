//! Damaged rows of the log: each is named with the command that mends it, and nothing is rebuilt from it before.

use mongodb::bson::{Bson, Document, doc, oid::ObjectId};
use serde_json::Value;

use super::{AFTER_YEAR_9999, counted, insert};
use crate::events::{created, paid};
use crate::harness::World;
use crate::tool::{json, tool};

/// Each kind of damage to the log: named with the command that ends it, after which a rebuild works again.
#[tokio::test]
async fn what_is_damaged_in_the_log_is_named_with_the_command_that_ends_it() {
    let id = ObjectId::new();
    for (set, row, unset) in [
        (doc! {}, "e2", "contentHash"),
        (doc! { "contentHash": "text" }, "e2", ""),
        (doc! { "campaignId": "" }, "e2", ""),
        (doc! { "campaignId": 3 }, "e2", ""),
        (doc! {}, "e2", "campaignId"),
        (doc! { "status": "DONE" }, "e2", ""),
        (doc! { "_id": id, "status": "PROCESSED" }, "", ""),
        (doc! { "_id": id }, "", ""),
    ] {
        let world = counted().await;
        let shell = if row.is_empty() {
            insert(&world, "event_log", set.clone()).await;
            format!("ObjectId(\"{id}\")")
        } else {
            let mut update = doc! {};
            if !set.is_empty() {
                update.insert("$set", set.clone());
            }
            if !unset.is_empty() {
                update.insert("$unset", doc! { unset: "" });
            }
            world.database.change("event_log", row, update).await;
            format!("\"{row}\"")
        };
        let verified = json(&world, 1, &["verify"]).await;
        let shown = verified["differences"]["shown"].as_array().unwrap();
        let rows: Vec<_> = shown.iter().filter(|it| it["kind"] == "logRow").collect();
        let command = format!("db.event_log.deleteOne({{_id: {shell}}})");
        let remedy = |it: &Value| it["remedy"].as_str().unwrap().contains(&command);
        assert!(rows.iter().any(|it| remedy(it)), "{set} {unset}: {verified:#}");
        let refused = json(&world, 1, &["rebuild"]).await;
        let damaged = refused["damaged"]["shown"].as_array().unwrap();
        assert!(damaged.iter().any(remedy), "{refused:#}");
        world.expect_totals("c", 15_500, 3, 2).await;

        // As the command does.
        let log = world.database.collection("event_log");
        let delete = async |id: Bson| log.delete_one(doc! { "_id": id }).await.unwrap().deleted_count;
        let (gone, amount, pledges) = if row.is_empty() {
            (delete(id.into()).await, 15_500, 3)
        } else {
            // Its refund has no donation any more.
            delete("e3".into()).await;
            (delete(row.into()).await, 12_500, 2)
        };
        assert_eq!(gone, 1);
        json(&world, 0, &["rebuild"]).await;
        assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
        world.expect_totals("c", amount, pledges, 2).await;
    }
}

/// A row of a counted event that one field keeps from counting, or from being explained: a rebuild would take its donation
/// off the totals, so it refuses, and the command that is printed mends the row without losing the event.
#[tokio::test]
async fn a_counted_row_that_is_not_counted_any_more_is_damage_and_is_mended_in_place() {
    let failed = doc! { "status": "FAILED" };
    // What is printed, and what it does.
    let processed = &(
        r#"{$set: {status: "PROCESSED"}}"#,
        doc! { "$set": { "status": "PROCESSED" } },
    );
    let no_early = &(r#"{$unset: {early: ""}}"#, doc! { "$unset": { "early": "" } });
    let no_effect = &(r#"{$unset: {effect: ""}}"#, doc! { "$unset": { "effect": "" } });
    let world = counted().await;
    let worker = world.worker().await;
    world.publish([paid("p1", "d1")]).await;
    world.expect_settled(6).await;
    worker.terminate().await;
    let effect =
        |amount: Bson| doc! { "effect": { "amountMinor": amount, "pledges": 1_i64, "donors": 1_i64 } };
    for (row, set, (command, update)) in [
        ("e1", doc! { "early": true }, no_early),
        ("e1", doc! { "early": 1 }, no_early),
        ("e1", failed.clone(), processed),
        ("e3", failed.clone(), processed),
        ("p1", failed, processed),
        ("p1", doc! { "early": true }, no_early),
        ("e4", doc! { "effect": "much" }, no_effect),
        ("e4", effect(f64::NAN.into()), no_effect),
        ("e4", effect(i64::MAX.into()), no_effect),
    ] {
        let damage = doc! { "$set": set.clone() };
        world.database.change("event_log", row, damage).await;
        expect_refused(&world, row, command).await;
        world.database.change("event_log", row, update.clone()).await;
        let verified = json(&world, 0, &["verify"]).await;
        assert_eq!(verified["differences"]["count"], 0, "{set}");
        json(&world, 0, &["explain", "c"]).await;
    }
    expect_times_mended(&world).await;
    // Of a refund that is marked neither way nothing tells which it was.
    let neither = doc! { "$set": { "early": "yes" } };
    world.database.change("event_log", "e3", neither).await;
    let verified = json(&world, 1, &["verify"]).await;
    assert_eq!(
        verified["differences"]["shown"][0]["problem"],
        "early is neither true nor false"
    );
    world.expect_totals("c", 15_500, 3, 2).await;
}

/// Each time of row `e1` that cannot be read takes the other in its place, or that of the command where there is none.
async fn expect_times_mended(world: &World) {
    let times = [("occurredAt", "$committedAt"), ("committedAt", "$occurredAt")];
    for (field, other) in times {
        for update in [
            doc! { "$set": { field: "today" } },
            doc! { "$unset": { field: "" } },
            doc! { "$set": { field: AFTER_YEAR_9999 } },
        ] {
            world.database.change("event_log", "e1", update).await;
            let command = format!(r#"[{{$set: {{{field}: "{other}"}}}}]"#);
            expect_refused(world, "e1", &command).await;
            expect_no_panic(world).await;
            mend(world, "e1", doc! { field: other }).await;
        }
    }
    let neither = doc! { "$set": { "committedAt": AFTER_YEAR_9999, "occurredAt": AFTER_YEAR_9999 } };
    world.database.change("event_log", "e1", neither).await;
    expect_refused(
        world,
        "e1",
        r#"[{$set: {committedAt: "$$NOW", occurredAt: "$$NOW"}}]"#,
    )
    .await;
    expect_no_panic(world).await;
    mend(
        world,
        "e1",
        doc! { "committedAt": "$$NOW", "occurredAt": "$$NOW" },
    )
    .await;
}

/// Sets fields of a row to what these expressions make of it, after which campaign `c` can be explained.
async fn mend(world: &World, row: &str, set: Document) {
    let log = world.database.collection("event_log");
    let update = vec![doc! { "$set": set }];
    log.update_one(doc! { "_id": row }, update).await.unwrap();
    json(world, 0, &["verify"]).await;
    json(world, 0, &["explain", "c"]).await;
}

/// Campaign `c` cannot be explained, which is said.
async fn expect_no_panic(world: &World) {
    let said = tool(world, &["explain", "c"]).await;
    said.expect_failure("totals-worker verify");
}

/// The row is damage with this command for its remedy, and nothing is rebuilt.
async fn expect_refused(world: &World, row: &str, update: &str) {
    let command = format!("db.event_log.updateOne({{_id: \"{row}\"}}, {update})");
    let verified = json(world, 1, &["verify"]).await;
    let named = verified["differences"]["shown"].as_array().unwrap();
    let is_named = |it: &Value| {
        it["eventId"] == row
            && it["remedy"]
                .as_str()
                .is_some_and(|remedy| remedy.contains(&command))
    };
    assert!(
        named.iter().any(|it| it["kind"] == "logRow" && is_named(it)),
        "{command}: {verified:#}"
    );
    let refused = json(world, 1, &["rebuild"]).await;
    let damaged = refused["damaged"]["shown"].as_array().unwrap();
    assert!(damaged.iter().any(is_named), "{command}: {refused:#}");
    world.expect_totals("c", 15_500, 3, 2).await;
}

/// The row of an event that failed, and its replacement by the event as it should be, have nothing of each other.
#[tokio::test]
async fn a_failed_row_is_no_damage_before_and_after_it_is_replaced() {
    let world = World::new().await;
    let worker = world.worker().await;
    for amount in [-1.0, -2.0] {
        world.publish([created("e1", "d1").amount(amount)]).await;
    }
    world.expect_dead_letters(2).await;
    assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
    world.publish([created("e1", "d1").amount(1.0)]).await;
    world.expect_settled(1).await;
    world.publish([created("e1", "d1").amount(-3.0)]).await;
    world.expect_dead_letters(1).await;
    worker.terminate().await;
    assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
}

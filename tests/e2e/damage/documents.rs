//! Documents that cannot be read: only the events that need them are dead-lettered.

use mongodb::bson::{Bson, Document, doc};

use crate::events::{created, numbered, refunded};
use crate::harness::{DeadLetter, Outgoing, Process, World};

/// One lane, so that everything shares it, and waiting events are one batch.
async fn one_lane(world: &World) -> Process {
    world.worker_with(&[("LANES", "1")]).await
}

/// Damages documents, publishes `events` in one batch with others that are fine, waits for the letters of `events`,
/// which name their document and, moved back, are counted once it is repaired.
async fn isolated(
    world: &World,
    worker: Process,
    damage: &[(&str, &str, Document)],
    events: Vec<Outgoing>,
) -> Process {
    let mut originals = Vec::new();
    for (collection, id, update) in damage {
        let found = world
            .database
            .collection(collection)
            .find_one(doc! { "_id": id })
            .await;
        originals.push((*collection, found.unwrap().unwrap()));
        world.database.change(collection, id, update.clone()).await;
    }
    assert_eq!(worker.terminate().await, Some(0));
    let count = events.len();
    let fine = (0..40).map(|n| {
        created(&format!("fine{n}"), &format!("fine{n}"))
            .campaign("fine")
            .donor("zoe")
    });
    let mut batch: Vec<Outgoing> = fine.map(Outgoing::from).collect();
    for (place, event) in events.into_iter().enumerate() {
        batch.insert(place * 5 + 3, event);
    }
    world.publish(batch).await;
    let worker = one_lane(world).await;
    world.expect_totals("fine", 40_000, 40, 1).await;
    let letters = world.expect_dead_letters(count).await;
    for (collection, id, _) in damage {
        assert!(
            letters.iter().any(|letter| names(letter, collection, id)),
            "{collection} {id}: {letters:?}"
        );
    }

    for (collection, original) in originals {
        let filter = doc! { "_id": original.get("_id") };
        let repaired = world
            .database
            .collection(collection)
            .replace_one(filter, original)
            .await;
        assert_eq!(repaired.unwrap().matched_count, 1);
    }
    for letter in letters {
        world.broker.move_back(letter).await;
    }
    worker
}

fn names(letter: &DeadLetter, collection: &str, id: &str) -> bool {
    letter.header("x-reason-code") == "DAMAGED_DOCUMENT"
        && letter.reason().contains(&format!("{collection} {id:?}"))
}

fn set(field: &str, value: impl Into<Bson>) -> Document {
    doc! { "$set": { field: value.into() } }
}

#[tokio::test]
async fn a_donation_that_cannot_be_read_sets_its_own_events_aside_and_no_others() {
    let world = World::new().await;
    let worker = world.worker().await;
    let damage = [
        ("donations", "d0", set("amountMinor", 1000.0)),
        ("donations", "d1", set("amountMinor", "1000")),
        ("donations", "d2", set("campaignId", "")),
        ("donations", "d3", set("refundedMinor", i64::MIN)),
        ("donations", "d4", doc! { "$unset": { "amountMinor": "" } }),
        ("donations", "d5", doc! { "$unset": { "campaignId": "" } }),
        ("donations", "d6", set("donorId", 7)),
        ("donations", "d7", set("amountMinor", i64::MAX)),
    ];
    let count = damage.len();
    let donations = numbered(0..count).map(|event| event.donor("ada"));
    world.publish(donations).await;
    world.expect_settled(count).await;

    let refunds = (0..count).map(|n| refunded(&format!("r{n}"), &format!("d{n}")).amount(4.0).into());
    let _worker = isolated(&world, worker, &damage, refunds.collect()).await;
    world.expect_totals("c", 600 * 8, 8, 1).await;
    world.expect_settled(count + count + 40).await;
}

#[tokio::test]
async fn a_log_row_that_cannot_be_read_sets_its_duplicates_aside_and_no_others() {
    let world = World::new().await;
    let worker = world.worker().await;
    let damage = [
        ("event_log", "e0", doc! { "$unset": { "contentHash": "" } }),
        ("event_log", "e1", set("contentHash", "0123456789abcdef")),
        ("event_log", "e2", set("contentHash", Bson::Null)),
        ("event_log", "e3", doc! { "$unset": { "status": "" } }),
        ("event_log", "e4", set("status", "DONE")),
    ];
    let count = damage.len();
    let donations = || numbered(0..count).map(Outgoing::from);
    world.publish(donations()).await;
    world.expect_settled(count).await;

    let worker = isolated(&world, worker, &damage, donations().collect()).await;
    let duplicates = async || {
        worker
            .counted(r#"totals_worker_events_total{type="donation.created",outcome="duplicate"}"#)
            .await
    };
    crate::harness::eventually(duplicates, |seen| *seen >= 5).await;
    world.expect_settled(count + 40).await;
}

#[tokio::test]
async fn totals_that_cannot_be_read_set_their_campaigns_events_aside_and_no_others() {
    let world = World::new().await;
    let worker = world.worker().await;
    let damage = [
        ("campaign_totals", "c0", set("revision", "one")),
        ("campaign_totals", "c1", set("revision", 1.0)),
        ("campaign_totals", "c2", set("totalAmountMinor", "1000")),
        ("campaign_totals", "c3", set("totalAmountMinor", 1000.0)),
        ("campaign_totals", "c4", set("totalDonors", Bson::Null)),
    ];
    let count = damage.len();
    let pledge = |n: usize, event: &str| {
        let id = format!("{event}{n}");
        Outgoing::from(created(&id, &id).campaign(&format!("c{n}")).donor("ada"))
    };
    world.publish((0..count).map(|n| pledge(n, "e"))).await;
    world.expect_settled(count).await;

    let more = (0..count).map(|n| pledge(n, "more"));
    let _worker = isolated(&world, worker, &damage, more.collect()).await;
    for n in 0..count {
        world.expect_totals(&format!("c{n}"), 2000, 2, 1).await;
    }
    world.expect_settled(2 * count + 40).await;
}

#[tokio::test]
async fn a_live_donor_that_cannot_be_read_sets_new_pledges_of_that_donor_aside() {
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish([created("e0", "d0").donor("ada")]).await;
    world.expect_settled(1).await;
    // An index has each member of an array.
    let damage = [("donations", "d0", set("liveDonor", vec!["ada", "bob"]))];
    let _worker = isolated(
        &world,
        worker,
        &damage,
        vec![created("e1", "d1").donor("ada").into()],
    )
    .await;
    world.expect_totals("c", 2000, 2, 1).await;
    world.expect_settled(42).await;
}

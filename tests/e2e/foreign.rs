//! Documents of another making: left out of what readers see, named to the operator with what to do, and put right.

mod lists;
mod log;
mod readable;
mod services;

use mongodb::bson::{Bson, DateTime, Document, doc, oid::ObjectId};

use crate::events::{created, paid, refunded};
use crate::harness::World;
use crate::tool::{json, tool};

/// A date that no timestamp of an event can have: microseconds, taken for milliseconds.
const AFTER_YEAR_9999: DateTime = DateTime::from_millis(1_732_186_200_000_000);

/// Campaign `c` with 155.00 of three pledges, and `other` with 7.00 of one, of which a worker has counted all.
async fn counted() -> World {
    let world = World::new().await;
    let worker = world.worker().await;
    let events = [
        created("e1", "d1").donor("ada").amount(100.0),
        created("e2", "d2").donor("ada").amount(50.0),
        refunded("e3", "d2").amount(20.0),
        created("e4", "d3").donor("bob").amount(25.0),
        created("e5", "d4").campaign("other").amount(7.0),
    ];
    world.publish_one_by_one(events).await;
    world.expect_settled(5).await;
    worker.terminate().await;
    world
}

async fn insert(world: &World, collection: &str, document: Document) {
    let collection = world.database.collection(collection);
    collection.insert_one(document).await.unwrap();
}

fn totals(id: impl Into<Bson>) -> Document {
    let now = mongodb::bson::DateTime::now();
    doc! {
        "_id": id, "totalAmountMinor": 1_i64, "totalPledges": 1_i64, "totalDonors": 1_i64, "revision": 1_i64,
        "createdAt": now, "lastUpdated": now,
    }
}

/// What no campaign's totals look like.
fn foreign() -> Vec<Document> {
    let mut wrong_type = totals("wrong-type");
    wrong_type.insert("totalAmountMinor", 1.5);
    let mut too_late = totals("too-late");
    too_late.insert("lastUpdated", AFTER_YEAR_9999);
    let mut too_large = totals("too-large");
    too_large.insert("revision", i64::MAX);
    vec![
        totals(ObjectId::new()),
        totals(7),
        totals(""),
        totals("x".repeat(257)),
        wrong_type,
        too_late,
        too_large,
        doc! { "_id": "without-fields" },
    ]
}

/// Whatever stands where a donation or totals should: named with its collection and id, and made anew by a rebuild.
#[tokio::test]
async fn unreadable_donations_and_totals_are_named_and_made_anew() {
    let world = counted().await;
    let worker = world.worker().await;
    world.publish([paid("e6", "d1")]).await;
    world.expect_settled(6).await;
    worker.terminate().await;
    let id = ObjectId::new();
    for document in foreign() {
        insert(&world, "campaign_totals", document).await;
    }
    let any = doc! { "$set": { "revision": 1_i64 } };
    world
        .database
        .change("campaign_totals", "without-fields", any)
        .await;
    let half = doc! { "_id": id, "campaignId": "c", "amountMinor": 5_i64 };
    insert(&world, "donations", half).await;
    insert(&world, "donations", doc! { "_id": 8, "refundedMinor": 0_i64 }).await;
    for (donation, set) in [
        ("d1", doc! { "amountMinor": 100.5 }),
        ("d2", doc! { "campaignId": "" }),
        ("d3", doc! { "campaignId": 3 }),
    ] {
        let set = doc! { "$set": set };
        world.database.change("donations", donation, set).await;
    }
    let unset = doc! { "$unset": { "campaignId": "" } };
    world.database.change("donations", "d4", unset).await;
    let broken = doc! { "$set": { "revision": "four", "totalAmountMinor": "a lot" } };
    world.database.change("campaign_totals", "c", broken).await;

    let verified = json(&world, 1, &["verify"]).await;
    let shown = verified["differences"]["shown"].as_array().unwrap();
    let documents = shown.iter().filter(|it| it["kind"] == "document");
    let named = documents.map(|it| {
        let [collection, id] = ["collection", "id"].map(|field| it[field].as_str().unwrap());
        format!("{collection} {id}")
    });
    let named: Vec<_> = named.collect();
    let object_id = format!("donations ObjectId(\"{id}\")");
    let donations = [
        &object_id,
        "donations 8",
        "donations \"d1\"",
        "donations \"d2\"",
        "donations \"d3\"",
        "donations \"d4\"",
    ];
    for wanted in donations {
        assert!(named.iter().any(|it| it == wanted), "{wanted}: {named:#?}");
    }
    assert_eq!(named.len(), donations.len() + foreign().len() + 1, "{named:#?}");
    assert!(verified["payments"]["donations"].is_number(), "{verified}");
    let said = tool(&world, &["verify"]).await;
    said.expect_text("a rebuild removes it, and makes it anew if the log has it");

    json(&world, 0, &["rebuild"]).await;
    assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
    world.expect_totals("c", 15_500, 3, 2).await;
    world.expect_totals("other", 700, 1, 0).await;
    world.database.check_invariants().await;
    assert_eq!(world.database.count("campaign_totals").await, 2);
}

#[tokio::test]
async fn a_campaign_that_nothing_is_known_of_is_not_well() {
    let world = counted().await;
    for arguments in [
        ["verify", "--campaign", "TYPO"].as_slice(),
        &["rebuild", "--campaign", "TYPO"],
        &["explain", "TYPO"],
        &["reset", "TYPO", "--yes"],
    ] {
        let said = tool(&world, arguments).await;
        assert_eq!(said.code, Some(1), "{arguments:?}: {said:?}");
        said.expect_text("TYPO");
    }
}

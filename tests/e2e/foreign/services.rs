//! Another service's documents, in a database that `DATABASE_URL` names by mistake: never changed and never removed.

use std::io::Write;

use mongodb::bson::{Document, doc, oid::ObjectId};

use super::{counted, insert};
use crate::events::created;
use crate::harness::{World, eventually};
use crate::tool::{json, tool};

/// A donation as the platform's donation service keeps it.
fn donation(id: impl Into<mongodb::bson::Bson>) -> Document {
    doc! {
        "_id": id, "campaignId": "c", "donorId": "ada", "isGuest": false, "amount": 100.0, "status": "COMPLETED",
    }
}

/// A document at this place of a collection, as another service may have it.
async fn put(world: &World, collection: &str, id: &str, mut document: Document) {
    document.insert("_id", id);
    let collection = world.database.collection(collection);
    let replaced = collection
        .replace_one(doc! { "_id": id }, document)
        .upsert(true)
        .await;
    replaced.unwrap();
}

async fn names(world: &World) -> Vec<String> {
    let answer = world
        .database
        .run(doc! { "listCollections": 1, "nameOnly": true })
        .await;
    let listed = answer.get_document("cursor").unwrap().get_array("firstBatch");
    let listed = listed.unwrap().iter().map(|it| it.as_document().unwrap());
    listed.map(|it| it.get_str("name").unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_database_of_another_service_is_refused_and_nothing_is_created_in_it() {
    for (collection, document) in [
        ("donations", donation(ObjectId::new())),
        ("campaign_totals", doc! { "_id": "c", "total": 100.0 }),
        (
            "event_log",
            doc! { "_id": ObjectId::new(), "type": "login", "payload": "{}", "createdAt": 5 },
        ),
        ("settings", doc! { "_id": "service", "theme": "dark" }),
        ("settings", doc! { "_id": "shop", "currency": "EUR" }),
        ("dead_letter_queues", doc! { "_id": "orders", "letters": 3 }),
    ] {
        let world = World::new().await;
        insert(&world, collection, document.clone()).await;
        let complaint = format!("the collection {collection} of this database belongs to another service");
        let worker = world.starting_worker(&[]).await;
        let health = async || worker.get("/health").await.1.to_string();
        let said = eventually(health, |health| health.contains(&complaint)).await;
        assert!(said.contains("set DATABASE_URL"), "{said}");
        worker.logged(&complaint).await;

        let mut file = tempfile::Builder::new().suffix(".ndjson").tempfile().unwrap();
        writeln!(file, r#"{{"donationId":"d1","campaignId":"c","amount":"1"}}"#).unwrap();
        for arguments in [
            ["verify"].as_slice(),
            &["rebuild"],
            &["explain", "c"],
            &["reset", "c", "--yes"],
            &["backfill", file.path().to_str().unwrap()],
        ] {
            tool(&world, arguments).await.expect_refusal(&complaint);
        }

        assert_eq!(names(&world).await, [collection]);
        let documents = world.database.collection(collection);
        assert_eq!(documents.list_index_names().await.unwrap(), ["_id_"]);
        assert_eq!(documents.find_one(doc! {}).await.unwrap(), Some(document));
        // The worker waits, as for everything else that only an operator can change.
        documents.drop().await.unwrap();
        worker.healthy().await;
        world.publish([created("e1", "d1")]).await;
        world.expect_totals("c", 1000, 1, 0).await;
    }
}

/// A document of another service among those of this one is no reason to refuse, wherever it is in the log.
#[tokio::test]
async fn a_log_of_our_own_is_ours_even_if_it_begins_with_a_document_of_another_service() {
    let world = World::new().await;
    let worker = world.worker().await;
    insert(&world, "event_log", doc! { "_id": "theirs", "type": "login" }).await;
    assert_eq!(worker.terminate().await, Some(0));
    // Nothing is counted yet, and the settings are written down.
    let worker = world.worker().await;
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
    assert_eq!(worker.terminate().await, Some(0));
    world.database.collection("settings").drop().await.unwrap();
    let _worker = world.worker().await;
    world.publish([created("e2", "d2")]).await;
    world.expect_totals("c", 2000, 2, 0).await;
}

#[tokio::test]
async fn a_log_that_was_dropped_beside_our_own_donations_is_made_anew() {
    let world = counted().await;
    world.database.collection("event_log").drop().await.unwrap();
    // Of this donation only a refund is known.
    let refund = doc! { "_id": "early", "refundedMinor": 5_i64 };
    insert(&world, "donations", refund).await;
    let _worker = world.worker().await;
    world.publish([created("e9", "d9").campaign("new")]).await;
    world.expect_totals("new", 1000, 1, 0).await;
}

/// Documents of another service: beside this service's own, and in the place of a donation and of totals that the log has.
async fn beside_our_own() -> (World, Vec<(&'static str, Document)>) {
    let world = counted().await;
    put(&world, "donations", "d1", donation("d1")).await;
    put(&world, "campaign_totals", "other", doc! { "title": "Schools" }).await;
    for (collection, document) in [
        ("donations", donation(ObjectId::new())),
        ("donations", donation("theirs")),
        ("donations", doc! { "_id": "of no campaign", "amount": 5 }),
        ("donations", doc! { "_id": ObjectId::new(), "campaignId": 7 }),
        ("campaign_totals", doc! { "_id": "another", "title": "Wells" }),
        ("campaign_totals", doc! { "_id": ObjectId::new() }),
    ] {
        insert(&world, collection, document).await;
    }
    let mut theirs = Vec::new();
    for (collection, own) in [("donations", "refundedMinor"), ("campaign_totals", "revision")] {
        let documents = world.database.collection(collection);
        let mut found = documents.find(doc! { own: { "$exists": false } }).await.unwrap();
        while found.advance().await.unwrap() {
            theirs.push((collection, found.deserialize_current().unwrap()));
        }
    }
    assert_eq!(theirs.len(), 8);
    (world, theirs)
}

async fn expect_untouched(world: &World, theirs: &[(&str, Document)]) {
    for (collection, document) in theirs {
        let documents = world.database.collection(collection);
        let id = doc! { "_id": document.get("_id") };
        assert_eq!(documents.find_one(id).await.unwrap().as_ref(), Some(document));
    }
}

#[tokio::test]
async fn a_rebuild_leaves_what_another_service_wrote_and_verify_says_what_to_do() {
    let (world, theirs) = beside_our_own().await;
    let off = doc! { "$inc": { "totalAmountMinor": 1_i64 } };
    world.database.change("campaign_totals", "c", off).await;
    let said = tool(&world, &["verify"]).await;
    said.expect_text("9 differences; 8 are documents of another service");
    said.expect_text("another service wrote it, and a rebuild leaves it");

    let rebuilt = json(&world, 1, &["rebuild"]).await;
    assert_eq!(
        (&rebuilt["foreign"], &rebuilt["unfinished"]),
        (&8.into(), &false.into())
    );
    expect_untouched(&world, &theirs).await;
    world.expect_totals("c", 15_500, 3, 2).await;
    let said = tool(&world, &["rebuild"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    said.expect_text("8 documents that another service wrote were left as they are");
    said.expect_text("nothing to correct");
    expect_untouched(&world, &theirs).await;

    let said = tool(&world, &["verify"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    said.expect_text("8 documents of another service; no rebuild removes them");
    let verified = json(&world, 1, &["verify"]).await;
    let remedies = verified["differences"]["shown"].as_array().unwrap().iter();
    let remedies: Vec<_> = remedies.map(|it| it["remedy"].as_str().unwrap()).collect();
    for (collection, id) in [("donations", "\"theirs\""), ("campaign_totals", "\"other\"")] {
        let command = format!("db.{collection}.deleteOne({{_id: {id}}}) in mongosh");
        assert!(remedies.iter().any(|it| it.contains(&command)), "{remedies:#?}");
    }

    // As the commands do.
    for (collection, document) in &theirs {
        let id = doc! { "_id": document.get("_id") };
        let documents = world.database.collection(collection);
        assert_eq!(documents.delete_one(id).await.unwrap().deleted_count, 1);
    }
    json(&world, 0, &["rebuild"]).await;
    json(&world, 0, &["verify"]).await;
    world.expect_totals("c", 15_500, 3, 2).await;
    world.expect_totals("other", 700, 1, 0).await;
    world.database.check_invariants().await;
}

#[tokio::test]
async fn a_reset_and_a_worker_leave_what_another_service_wrote() {
    let (world, theirs) = beside_our_own().await;
    let worker = world.worker().await;
    world.publish([created("e8", "d8").campaign("another")]).await;
    let letter = world.expect_dead_letters(1).await.remove(0);
    let reason = letter.reason();
    assert!(
        reason.contains("campaign_totals \"another\"") && reason.contains("another service wrote it"),
        "{reason}"
    );
    worker.terminate().await;
    expect_untouched(&world, &theirs).await;

    let removed = json(&world, 0, &["reset", "c", "--yes"]).await;
    // d1, whose place in the collection is taken, and the two that are stored.
    assert_eq!(removed["donations"], 3, "{removed}");
    expect_untouched(&world, &theirs).await;
    assert_eq!(world.database.totals("c").await, None);
}

#[tokio::test]
async fn a_rebuild_from_an_empty_log_is_refused() {
    let world = counted().await;
    world.database.empty(&["event_log"]).await;
    for collection in ["donations", "campaign_totals"] {
        let before = world.database.count(collection).await;
        assert_ne!(before, 0);
        tool(&world, &["rebuild"])
            .await
            .expect_refusal("the event_log is empty");
        assert_eq!(world.database.count(collection).await, before);
        world.database.empty(&[collection]).await;
    }
    json(&world, 0, &["rebuild"]).await;
}

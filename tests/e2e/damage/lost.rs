//! Indexes, collections and the whole database, taken away under a running worker.

mod indexes;

use mongodb::bson::doc;

use crate::events::{created, refunded};
use crate::harness::{Process, World, eventually};
use crate::tool::json;

/// Publishes a donation, another of the same donor and a refund of it, and waits until they are counted.
async fn counts(world: &World, round: &str) {
    let id = |name: &str| format!("{round}-{name}");
    world
        .publish([created(&id("e1"), &id("d1")).campaign(round).donor("ada")])
        .await;
    world.expect_totals(round, 1000, 1, 1).await;
    world
        .publish([created(&id("e2"), &id("d2")).campaign(round).donor("ada")])
        .await;
    world.expect_totals(round, 2000, 2, 1).await;
    world
        .publish([refunded(&id("e3"), &id("d2")).campaign(round).amount(4.0)])
        .await;
    world.expect_totals(round, 1600, 2, 1).await;
}

async fn drop_index(world: &World, collection: &str, name: &str) {
    let collection = world.database.collection(collection);
    collection.drop_index(name).await.unwrap();
}

async fn indexes(world: &World, collection: &str) -> Vec<String> {
    let mut names = world
        .database
        .collection(collection)
        .list_index_names()
        .await
        .unwrap();
    names.sort();
    names
}

async fn everything_is_there(world: &World) {
    let seen = async || {
        (
            indexes(world, "donations").await,
            indexes(world, "event_log").await,
        )
    };
    eventually(seen, |(donations, log)| {
        *donations == ["_id_", "by_campaign_and_donor", "untimed"]
            && *log == ["_id_", "by_campaign", "early", "payments"]
    })
    .await;
}

#[tokio::test]
async fn an_index_that_a_commit_needs_is_made_anew_under_the_running_worker() {
    let world = World::new().await;
    let worker = world.worker().await;
    counts(&world, "before").await;
    drop_index(&world, "donations", "by_campaign_and_donor").await;
    counts(&world, "after").await;
    everything_is_there(&world).await;
    worker.logged("by_campaign_and_donor").await;
    assert_eq!(worker.terminate().await, Some(0));
    assert_eq!(json(&world, 0, &["verify"]).await["drift"], false);
}

#[tokio::test]
async fn a_collection_or_the_database_dropped_under_the_worker_stops_nothing() {
    let world = World::new().await;
    let (worker, api) = (world.worker().await, world.api().await);
    counts(&world, "first").await;
    for collection in ["donations", "event_log", "campaign_totals"] {
        world.database.collection(collection).drop().await.unwrap();
        counts(&world, collection).await;
    }
    world.database.run(doc! { "dropDatabase": 1 }).await;
    counts(&world, "last").await;
    counts(&world, "later").await;
    // The API follows the collection that is there now.
    let shown = async |campaign: &str| {
        let (_, body) = api.get(&format!("/api/totals/campaigns/{campaign}")).await;
        (
            body["data"]["totalAmount"].as_f64(),
            body["error"]["code"].as_str().map(str::to_owned),
        )
    };
    eventually(async || shown("later").await, |seen| seen.0 == Some(16.0)).await;
    eventually(
        async || shown("first").await,
        |seen| seen.1.as_deref() == Some("TOTALS_NOT_FOUND"),
    )
    .await;
    // What no commit needs comes back with the next look at everything: at a connection, and by the minute.
    let _store = world.store().await;
    everything_is_there(&world).await;
    assert_eq!(worker.terminate().await, Some(0));
    // With the settings the mark has gone that the history is complete.
    json(&world, 0, &["rebuild"]).await;
    assert_eq!(json(&world, 0, &["verify"]).await["drift"], false);
    world.expect_settled(6).await;
}

#[tokio::test]
async fn what_is_put_back_is_named() {
    let world = World::new().await;
    let worker = world.worker().await;
    counts(&world, "first").await;
    assert!(!worker.log().contains("WARN"), "{}", worker.log());
    for name in ["by_campaign", "early", "payments"] {
        drop_index(&world, "event_log", name).await;
    }
    world.database.collection("campaign_totals").drop().await.unwrap();
    drop_index(&world, "donations", "by_campaign_and_donor").await;
    counts(&world, "second").await;
    everything_is_there(&world).await;
    for name in [
        "by_campaign",
        "early",
        "payments",
        "by_campaign_and_donor",
        "campaign_totals",
    ] {
        worker.logged(&format!("\"{name}\"")).await;
    }
}

#[tokio::test]
async fn a_view_in_a_collections_place_is_named_with_the_remedy() {
    let world = World::new().await;
    world
        .database
        .run(doc! { "create": "event_log", "viewOn": "other", "pipeline": [] })
        .await;
    let worker = world.starting_worker(&[]).await;
    complaint(&worker, "event_log is a view").await;
    world.database.run(doc! { "drop": "event_log" }).await;
    worker.healthy().await;
    counts(&world, "first").await;
    assert_eq!(worker.terminate().await, Some(0));
}

/// What `/health` says once it says this.
async fn complaint(worker: &Process, wanted: &str) -> String {
    let health = async || worker.get("/health").await.1.to_string();
    eventually(health, |health| health.contains(wanted)).await
}

/// Renames a collection, and copies its documents into one without its options, as the remedy says.
async fn make_anew(world: &World, name: &str, old: &str) {
    let collection = world.database.collection(name);
    let kept = doc! { "_id": "kept", "campaignId": "kept" };
    collection.insert_one(kept).await.unwrap();
    let namespace = collection.namespace();
    let to = format!("{}.{old}", namespace.db);
    let rename = doc! { "renameCollection": namespace.to_string(), "to": to };
    world.database.run_admin(rename).await;
    let renamed = world.database.collection(old);
    renamed.aggregate([doc! { "$out": name }]).await.unwrap();
    let deleted = collection.delete_one(doc! { "_id": "kept" }).await.unwrap();
    assert_eq!(deleted.deleted_count, 1);
}

#[tokio::test]
async fn a_collection_that_nothing_works_with_is_named_and_the_printed_remedy_mends_it() {
    for (name, options, problem) in [
        (
            "event_log",
            doc! { "capped": true, "size": 1_000_000 },
            "is capped",
        ),
        (
            "donations",
            doc! { "collation": { "locale": "en", "strength": 2 } },
            "has a collation",
        ),
        (
            "dead_letter_queues",
            doc! { "capped": true, "size": 1_000_000 },
            "is capped",
        ),
        (
            "settings",
            doc! { "timeseries": { "timeField": "at" } },
            "is a time series",
        ),
    ] {
        let world = World::new().await;
        let mut create = doc! { "create": name };
        create.extend(options);
        world.database.run(create).await;
        let worker = world.starting_worker(&[]).await;
        let health = complaint(&worker, &format!("{name} {problem}")).await;
        if problem == "is a time series" {
            world.database.run(doc! { "drop": name }).await;
        } else {
            let old = format!("{name}_old");
            assert!(health.contains(&old) && health.contains("$out"), "{health}");
            assert_eq!(worker.terminate().await, Some(0));
            make_anew(&world, name, &old).await;
        }
        let worker = world.worker().await;
        counts(&world, "first").await;
        assert_eq!(worker.terminate().await, Some(0));
    }
}

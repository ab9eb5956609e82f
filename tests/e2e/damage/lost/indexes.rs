//! Indexes of an administrator, and hidden ones: what serves is used, what does not is named, and nothing of
//! somebody else's is touched.

use mongodb::IndexModel;
use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;

use super::{counts, indexes};
use crate::events::created;
use crate::harness::{Process, World};
use crate::tool::tool;

fn index(keys: Document, name: &str) -> IndexModel {
    let options = IndexOptions::builder().name(name.to_owned()).build();
    IndexModel::builder().keys(keys).options(options).build()
}

#[tokio::test]
async fn an_administrators_index_of_the_same_keys_serves_under_its_own_name() {
    let world = World::new().await;
    let donations = world.database.collection("donations");
    let keys = doc! { "campaignId": 1, "liveDonor": 1 };
    donations
        .create_index(index(keys.clone(), "dba_1"))
        .await
        .unwrap();
    let worker = world.worker().await;
    counts(&world, "first").await;
    assert_eq!(indexes(&world, "donations").await, ["_id_", "dba_1", "untimed"]);
    worker.logged("dba_1").await;
    for arguments in [&["verify"][..], &["rebuild"], &["explain", "first"]] {
        let said = tool(&world, arguments).await;
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
    }
    // Its name changes under the running worker.
    donations.drop_index("dba_1").await.unwrap();
    donations.create_index(index(keys, "dba_2")).await.unwrap();
    counts(&world, "second").await;
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn an_index_of_our_name_and_other_keys_is_named_and_left_alone() {
    let world = World::new().await;
    let donations = world.database.collection("donations");
    donations
        .create_index(index(doc! { "donorId": 1 }, "by_campaign_and_donor"))
        .await
        .unwrap();
    let log = world.database.collection("event_log");
    log.create_index(index(doc! { "type": 1 }, "payments"))
        .await
        .unwrap();
    let worker: Process = world.worker().await;
    counts(&world, "first").await;
    worker.logged("has other keys").await;
    for arguments in [&["verify"][..], &["rebuild"], &["explain", "first"]] {
        let said = tool(&world, arguments).await;
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
    }
    assert_eq!(indexes(&world, "donations").await.len(), 4);
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn a_hidden_index_is_shown_again() {
    let world = World::new().await;
    let worker = world.worker().await;
    counts(&world, "first").await;
    let hide = doc! { "collMod": "donations", "index": { "name": "by_campaign_and_donor", "hidden": true } };
    world.database.run(hide).await;
    counts(&world, "second").await;
    worker.logged("by_campaign_and_donor").await;
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn an_administrators_unique_index_sets_aside_what_it_refuses_and_nothing_else() {
    let world = World::new().await;
    let worker = world.worker().await;
    counts(&world, "first").await;
    let donations = world.database.collection("donations");
    donations.delete_one(doc! { "_id": "first-d2" }).await.unwrap();
    let options = IndexOptions::builder()
        .name("dba_unique".to_owned())
        .unique(true)
        .sparse(true)
        .build();
    let unique = IndexModel::builder()
        .keys(doc! { "donorId": 1 })
        .options(options)
        .build();
    donations.create_index(unique).await.unwrap();
    let again = created("again", "again").campaign("second").donor("ada");
    let other = created("other", "other").campaign("second").donor("bob");
    world.publish([again, other]).await;
    world.expect_totals("second", 1000, 1, 1).await;
    let letter = world.expect_dead_letters(1).await.remove(0);
    assert_eq!(letter.header("x-reason-code"), "DATABASE_REFUSED");
    let reason = letter.reason();
    assert!(
        reason.contains("donations \"again\"") && reason.contains("unique index dba_unique"),
        "{reason}"
    );

    donations.drop_index("dba_unique").await.unwrap();
    world.broker.move_back(letter).await;
    world.expect_totals("second", 2000, 2, 2).await;
    assert_eq!(worker.terminate().await, Some(0));
}

//! A database as an earlier version left it, taken over by the first worker of this one.

mod four_types;

use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;
use mongodb::{Collection, IndexModel};

use crate::events::{created, refunded};
use crate::harness::{Outgoing, World};
use crate::tool::json;

/// Everything that tells whether a donation makes its donor count: live, in part, of a guest; refunded whole, in
/// excess; and a refund alone.
fn history() -> Vec<Outgoing> {
    vec![
        created("e1", "d1").donor("ada").into(),
        created("e2", "d2").donor("bob").into(),
        refunded("e3", "d2").amount(4.0).into(),
        created("e4", "d3").into(),
        created("e5", "d4").donor("eve").into(),
        refunded("e6", "d4").into(),
        created("e7", "d5").donor("sam").into(),
        refunded("e8", "d5").amount(500.0).into(),
        refunded("e9", "d6").into(),
    ]
}

/// Counts donors in a collection of their own, as earlier versions did, and takes their names off the donations.
async fn count_donors(world: &World) {
    let donations = world.database.collection("donations");
    let unnamed = donations.update_many(doc! {}, doc! { "$unset": { "liveDonor": "" } });
    assert_eq!(unnamed.await.unwrap().modified_count, 2);
    let counts = [("ada", 1_i64), ("bob", 1), ("eve", 0), ("sam", 0)];
    let counts = counts.map(|(donor, live)| doc! { "_id": { "c": "c", "d": donor }, "live": live });
    let donors = world.database.collection("campaign_donors");
    donors.insert_many(counts).await.unwrap();
}

/// Names donors together with their campaigns, as the version after that did.
async fn name_with_campaigns(world: &World) {
    let donations = world.database.collection("donations");
    let named = doc! { "$set": { "liveDonor": { "c": "$campaignId", "d": "$donorId" } } };
    let live = doc! { "liveDonor": { "$exists": true } };
    let renamed = donations.update_many(live, vec![named]).await.unwrap();
    assert_eq!(renamed.modified_count, 2);
    let options = IndexOptions::builder().name("live_donors".to_owned());
    index(&donations, doc! { "liveDonor": 1 }, options.sparse(true).build()).await;
}

async fn index(donations: &Collection<Document>, keys: Document, options: IndexOptions) {
    let index = IndexModel::builder().keys(keys).options(options).build();
    donations.create_index(index).await.unwrap();
}

#[tokio::test]
async fn donors_whom_an_earlier_version_has_counted_are_known() {
    donors_are_known_after(count_donors).await;
}

#[tokio::test]
async fn donors_whom_an_earlier_version_has_named_with_their_campaigns_are_known() {
    donors_are_known_after(name_with_campaigns).await;
}

async fn donors_are_known_after(go_back: impl AsyncFnOnce(&World)) {
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish(history()).await;
    world.expect_settled(9).await;
    assert_eq!(worker.terminate().await, Some(0));
    let donations = world.database.collection("donations");
    donations.drop_index("by_campaign_and_donor").await.unwrap();
    let options = IndexOptions::builder().name("by_campaign".to_owned());
    index(&donations, doc! { "campaignId": 1 }, options.build()).await;
    go_back(&world).await;

    // Two at once, and one later.
    let (one, other) = tokio::join!(world.worker(), world.worker());
    drop((one, other));
    let _worker = world.worker().await;
    assert_eq!(json(&world, 0, &["verify"]).await["drift"], false);
    let counts = world.database.collection("campaign_donors");
    assert_eq!(counts.count_documents(doc! {}).await.unwrap(), 0);
    let indexes = donations.list_index_names().await.unwrap();
    assert_eq!(indexes, ["_id_", "by_campaign_and_donor"]);

    // Another pledge of each: those that were live add no donor.
    let donors = ["ada", "bob", "eve", "sam"];
    let pledges =
        donors.map(|donor| created(&format!("{donor}-again"), &format!("{donor}-again")).donor(donor));
    world.publish(pledges).await;
    world.expect_settled(13).await;
    world.expect_totals("c", 2600 + 4000, 3 + 4, 4).await;
}

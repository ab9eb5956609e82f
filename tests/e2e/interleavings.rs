//! Another process acts just between two steps that belong together: the lookup of a batch's donors and its transaction, or a
//! rebuild's look at a campaign and its repair.

use std::sync::Arc;

use mongodb::bson::doc;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use totals_core::domain::{Event, Outcome};
use totals_core::store::{ReadSet, Rebuild, Scope, Store};

use crate::events::{campaign_updated, created, refunded};
use crate::harness::{Outgoing, World, usd};
use crate::tool;

/// A batch of one event.
fn batch(message: impl Into<Outgoing>) -> Arc<[Event]> {
    [message.into().event()].into()
}

#[tokio::test]
async fn a_donor_whom_another_worker_has_counted_since_the_look_is_not_counted_again() {
    let world = World::new().await;
    let store = world.store().await;
    let own = batch(created("e1", "d1").donor("ada"));
    for others in ["e2", "e3"] {
        let seen = store.prefetch(own.clone()).await.unwrap();
        let others = batch(created(others, others).donor("ada"));
        store.apply(others, None).await.unwrap();
        let overtaken = store.apply(own.clone(), Some(seen)).await;
        assert!(overtaken.is_err(), "{overtaken:?}");
    }
    store.apply(own, None).await.unwrap();
    world.expect_totals("c", 3000, 3, 1).await;
}

#[tokio::test]
async fn what_another_worker_was_told_of_a_campaign_since_the_look_is_not_written_over() {
    let world = World::new().await;
    let store = world.store().await;
    let told = |id: &str, updates: Value, hour: &str| {
        batch(campaign_updated(id, updates).at(&format!("2025-11-21T{hour}:00:00.000Z")))
    };
    let earlier = told("k1", json!({ "title": "Wells", "goalAmount": 10 }), "10");
    let seen = store.prefetch(earlier.clone()).await.unwrap();
    let later = told("k2", json!({ "title": "Deep wells", "status": "ACTIVE" }), "11");
    store.apply(later, None).await.unwrap();
    let overtaken = store.apply(earlier.clone(), Some(seen)).await;
    assert!(overtaken.is_err(), "{overtaken:?}");
    store.apply(earlier, None).await.unwrap();
    let totals = world.database.collection("campaign_totals");
    let totals = totals.find_one(doc! { "_id": "c" }).await.unwrap().unwrap();
    let facts = totals.get_document("facts").unwrap();
    let by = |fact: &str| {
        facts
            .get_document(fact)
            .unwrap()
            .get_str("by")
            .unwrap()
            .to_owned()
    };
    assert_eq!(["title", "goal", "status"].map(by), ["k2", "k1", "k2"]);
    tool::json(&world, 0, &["verify"]).await;
}

/// The refund has the donation loaded, and so the creation beside it meets a donation that is not its own.
#[tokio::test]
async fn an_event_id_that_is_used_again_beside_a_refund_is_told_as_that() {
    let world = World::new().await;
    let store = world.store().await;
    store.apply(batch(created("e1", "d1")), None).await.unwrap();
    let again: Arc<[Event]> = [
        Outgoing::from(created("e1", "d1").amount(99.0)).event(),
        Outgoing::from(refunded("r1", "d1").amount(1.0)).event(),
    ]
    .into();
    let applied = store.apply(again, None).await.unwrap();
    let reason = |outcome: &Outcome| match outcome {
        Outcome::Quarantined(quarantine) => quarantine.code(),
        _ => "",
    };
    let reasons: Vec<_> = applied.outcomes.iter().map(reason).collect();
    assert_eq!(reasons, ["EVENT_ID_REUSED", ""]);
}

/// Rebuilds everything; `step` is done each time campaign `c` was looked at.
async fn rebuild(store: &Store, mut step: impl AsyncFnMut()) -> Rebuild {
    let rebuilt = store.rebuild(&Scope::All, usd(), |audit| {
        if audit.campaign.as_ref().is_some_and(|id| id.as_str() == "c") {
            block_in_place(|| Handle::current().block_on(step()));
        }
    });
    rebuilt.await.unwrap()
}

/// Ada has given once, and what is stored does not say that it was her.
async fn with_ada_unknown() -> (World, Store) {
    let world = World::new().await;
    let store = world.store().await;
    let first = batch(created("e1", "d1").donor("ada"));
    store.apply(first, None).await.unwrap();
    world
        .database
        .change("donations", "d1", doc! { "$unset": { "liveDonor": "" } })
        .await;
    (world, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_donations_before_they_were_put_right_is_not_committed_after_it() {
    let (world, store) = with_ada_unknown().await;
    let (another, again) = (
        batch(created("e2", "d2")),
        batch(created("e3", "d3").donor("ada")),
    );
    let mut seen: Option<ReadSet> = None;
    let rebuilt = rebuild(&store, async || {
        if seen.is_none() {
            // The totals are not what the rebuild has looked at any more.
            store.apply(another.clone(), None).await.unwrap();
            seen = Some(store.prefetch(again.clone()).await.unwrap());
        }
    })
    .await;
    assert!(!rebuilt.unfinished && rebuilt.donations == 1, "{rebuilt:?}");
    let overtaken = store.apply(again.clone(), Some(seen.unwrap())).await;
    assert!(overtaken.is_err(), "{overtaken:?}");
    store.apply(again, None).await.unwrap();
    world.expect_totals("c", 3000, 3, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_that_were_lost_do_not_come_on_top_of_what_a_worker_has_counted_meanwhile() {
    let (world, store) = with_ada_unknown().await;
    let other = created("o1", "o").campaign("other").amount(20.0);
    store.apply(batch(other), None).await.unwrap();
    world
        .database
        .change("donations", "o", doc! { "$set": { "amountMinor": 1_i64 } })
        .await;
    let totals = world.database.collection("campaign_totals");
    totals.delete_one(doc! { "_id": "c" }).await.unwrap();

    let again = batch(created("e3", "d3").donor("ada"));
    let mut looks = 0;
    let mut seen: Option<ReadSet> = None;
    let rebuilt = rebuild(&store, async || {
        looks += 1;
        match seen.take() {
            // What the rebuild would put right first is changed, so that `c` has to wait for the next look.
            None if looks == 1 => {
                let refund = batch(refunded("o2", "o").amount(0.01));
                store.apply(refund, None).await.unwrap();
                seen = Some(store.prefetch(again.clone()).await.unwrap());
            }
            None => {}
            Some(seen) => drop(store.apply(again.clone(), Some(seen)).await),
        }
    })
    .await;
    assert!(looks > 1, "the first repairs were in nobody's way");
    assert!(!rebuilt.unfinished, "{rebuilt:?}");
    store.apply(again, None).await.unwrap();
    world.expect_totals("c", 2000, 2, 1).await;
    assert_eq!(tool::json(&world, 0, &["verify"]).await["drift"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_without_a_donation_stay_if_one_has_come_meanwhile() {
    let (world, store) = with_ada_unknown().await;
    // The refund is known, the donation is not, and there are totals.
    let refund = batch(refunded("r1", "late").amount(10.0));
    store.apply(refund, None).await.unwrap();
    let log = world.database.collection("event_log");
    log.delete_one(doc! { "_id": "e1" }).await.unwrap();
    let donations = world.database.collection("donations");
    donations.delete_one(doc! { "_id": "d1" }).await.unwrap();

    let creation = batch(created("r0", "late"));
    rebuild(&store, async || {
        store.apply(creation.clone(), None).await.unwrap();
    })
    .await;
    assert_eq!(tool::json(&world, 0, &["verify"]).await["drift"], false);
    world.expect_totals("c", 0, 0, 0).await;
}

//! Donors are counted right where donations come faster than they are committed: the worker looks up a batch's donors before
//! its transaction, while other batches are committed.

use std::collections::BTreeSet;

use harness::Process;
use mongodb::bson::doc;

use crate::events::{created, refunded};
use crate::harness::{Outgoing, World};

/// Donations in a history: not more, because most batches of two workers are in each other's way and are done again.
const DONATIONS: usize = 600;

/// Donations after which one is refunded whole: soon enough that donors come and go many times.
const LIVE_FOR: usize = 10;

/// Who makes a donation: three in a row, so that most donors come, or have gone, in the batch before the one that asks.
fn donor(number: usize) -> String {
    format!("u{}", number / 3 % 5)
}

/// Donations of 10.00, of which the last [`LIVE_FOR`] stay.
fn history() -> Vec<Outgoing> {
    let id = |number: usize| format!("d{number}");
    let steps = (0..DONATIONS).flat_map(|number| {
        let creation = created(&format!("{}-created", id(number)), &id(number)).donor(&donor(number));
        let refund = number
            .checked_sub(LIVE_FOR)
            .map(|earlier| refunded(&format!("{}-refunded", id(earlier)), &id(earlier)).into());
        std::iter::once(creation.into()).chain(refund)
    });
    steps.collect()
}

async fn worker(world: &World) -> Process {
    // What the URL says of reading must make no difference.
    let url = format!("{}&readConcernLevel=local", world.database.url);
    // Many batches, and always a whole one that waits.
    let settings = [("DATABASE_URL", url.as_str()), ("BATCH_SIZE", "7")];
    world.worker_with(&settings).await
}

async fn expect_the_end_of_history(world: &World) {
    world.expect_settled(2 * DONATIONS - LIVE_FOR).await;
    let donors: BTreeSet<_> = (DONATIONS - LIVE_FOR..DONATIONS).map(donor).collect();
    let [live, donors] = [LIVE_FOR, donors.len()].map(|count| i64::try_from(count).unwrap());
    world.expect_totals("c", live * 1000, live, donors).await;
}

#[tokio::test]
async fn a_donor_is_known_to_a_batch_that_was_looked_at_while_the_one_before_was_committed() {
    let world = World::new().await;
    let _worker = worker(&world).await;
    world.publish(history()).await;
    expect_the_end_of_history(&world).await;
}

#[tokio::test]
async fn a_donor_whom_another_worker_has_counted_meanwhile_is_not_counted_again() {
    let world = World::competing().await;
    let _workers = (worker(&world).await, worker(&world).await);
    world.publish(history()).await;
    expect_the_end_of_history(&world).await;
}

/// A worker of an earlier version that ran beside those of this one leaves such a thing.
#[tokio::test]
async fn a_donation_whose_live_donor_cannot_be_read_is_refunded_all_the_same() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([created("e1", "d1").donor("ada")]).await;
    world.expect_totals("c", 1000, 1, 1).await;
    let donations = world.database.collection("donations");
    let named = doc! { "$set": { "liveDonor": { "c": "c", "d": "ada" } } };
    let named = donations.update_one(doc! { "_id": "d1" }, named).await.unwrap();
    assert_eq!(named.modified_count, 1);
    world.publish([refunded("e2", "d1").amount(4.0)]).await;
    world.expect_totals("c", 600, 1, 1).await;
}

/// More live pledges than are counted at once.
#[tokio::test]
async fn a_donor_of_very_many_pledges_is_one_until_the_last_is_refunded() {
    const PLEDGES: usize = 10_100;
    let world = World::new().await;
    let _worker = world.worker().await;
    let pledges = (0..PLEDGES).map(|number| {
        let id = format!("d{number}");
        created(&id, &id).donor("ada")
    });
    world.publish(pledges).await;
    let all = i64::try_from(PLEDGES).unwrap();
    world.expect_totals("c", all * 1000, all, 1).await;
    let refund = |number: usize| refunded(&format!("r{number}"), &format!("d{number}"));
    world.publish((0..3).map(refund)).await;
    world.expect_totals("c", (all - 3) * 1000, all - 3, 1).await;
    world.publish((3..PLEDGES).map(refund)).await;
    world.expect_totals("c", 0, 0, 0).await;
    world.expect_settled(2 * PLEDGES).await;
}

/// More live pledges than are read at once, of more donors than the first of them tell of.
#[tokio::test]
async fn donors_of_several_pledges_each_are_all_known() {
    const DONORS: usize = 700;
    const PLEDGES: usize = 15;
    let world = World::new().await;
    let store = world.store().await;
    for round in 0..=PLEDGES {
        let batch = (0..DONORS).map(|number| {
            let id = format!("d{number}-{round}");
            Outgoing::from(created(&id, &id).donor(&format!("u{number}"))).event()
        });
        store.apply(batch.collect(), None).await.unwrap();
    }
    let [donors, pledges] = [DONORS, DONORS * (PLEDGES + 1)].map(|count| i64::try_from(count).unwrap());
    world.expect_totals("c", pledges * 1000, pledges, donors).await;
}

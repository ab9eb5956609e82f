//! A database in which an earlier version has counted: it has no history until a rebuild has written it.

use std::process::Stdio;

use futures::future::join;
use mongodb::bson::doc;

use super::made;
use crate::events::refunded;
use crate::harness::{World, eventually};
use crate::tool::{json as answer, tool};

/// Donations of the earlier version: enough that a rebuild takes a while.
const DONATIONS: usize = 30_000;

/// Leaves the database as an earlier version had it.
async fn go_back(world: &World) {
    let donations = world.database.collection("donations");
    donations
        .update_many(doc! {}, doc! { "$unset": { "at": "" } })
        .await
        .unwrap();
    donations.drop_index("untimed").await.unwrap();
    for collection in ["campaign_history", "platform_history"] {
        world.database.collection(collection).drop().await.unwrap();
    }
    world
        .database
        .change("settings", "service", doc! { "$unset": { "history": "" } })
        .await;
}

/// A world with many donations, brought in by a backfill.
async fn with_donations() -> World {
    let world = World::new().await;
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    std::fs::write(file.path(), rows()).unwrap();
    answer(&world, 0, &["backfill", file.path().to_str().unwrap()]).await;
    assert!(is_complete(&world).await, "a new database is complete at once");
    world
}

/// Starts a rebuild, and kills it once it has told some donations their time.
async fn kill_a_rebuild(world: &World, meanwhile: impl Future<Output = ()>) {
    let mut command = world.worker_command();
    let mut killed = command.arg("rebuild").stdout(Stdio::null()).spawn().unwrap();
    let some = |timed: &u64| *timed > 1000;
    join(eventually(|| timed(world), some), meanwhile).await;
    killed.kill().await.unwrap();
    assert!(timed(world).await < DONATIONS as u64, "it was killed too late");
}

async fn is_complete(world: &World) -> bool {
    world.store().await.history_is_complete().await.unwrap()
}

/// How many donations have a time.
async fn timed(world: &World) -> u64 {
    let donations = world.database.collection("donations");
    donations
        .count_documents(doc! { "at": { "$exists": true } })
        .await
        .unwrap()
}

/// Donations over two years of three campaigns.
fn rows() -> String {
    let row = |number: usize| {
        let (month, day, hour) = (number % 12 + 1, number % 28 + 1, number % 24);
        let time = format!(
            "202{}-{month:02}-{day:02}T{hour:02}:{:02}:00Z",
            number % 2,
            number % 60
        );
        format!("d{number},c{},10.00,u{},{time}\n", number % 3, number % 1000)
    };
    let header = "donationId,campaignId,amount,donorId,timestamp\n".to_owned();
    [header].into_iter().chain((0..DONATIONS).map(row)).collect()
}

#[tokio::test]
async fn an_earlier_versions_database_gets_its_history_under_load_although_the_rebuild_is_killed() {
    let world = with_donations().await;
    go_back(&world).await;

    let _worker = world.worker().await;
    assert!(!is_complete(&world).await);
    let mut load = 0;
    let mut publish = async || {
        // New donations, and refunds of the earlier version's: these are booked nowhere yet.
        let new =
            (load..load + 20).map(|number| made(100_000 + number, "2025-11-21T10:00:00Z").campaign("c0"));
        let refunds = (load..load + 20).map(|number| {
            let refund = refunded(&format!("r{number}"), &format!("d{}", 29_999 - number));
            refund
                .campaign(&format!("c{}", (29_999 - number) % 3))
                .amount(2.5)
        });
        world.publish(new.chain(refunds)).await;
        load += 20;
    };
    publish().await;
    kill_a_rebuild(&world, publish()).await;
    assert!(!is_complete(&world).await);
    publish().await;

    let rebuild = answer(&world, 0, &["rebuild"]);
    join(rebuild, async {
        for _ in 0..5 {
            publish().await;
        }
    })
    .await;
    assert!(is_complete(&world).await);
    world.expect_settled(DONATIONS + 2 * load).await;
    assert_eq!(timed(&world).await, (DONATIONS + load) as u64);
    let verified = answer(&world, 0, &["verify"]).await;
    assert_eq!(verified["drift"], false, "{verified:#}");
}

#[tokio::test]
async fn a_rebuild_that_is_killed_before_the_slots_are_right_leaves_no_mark() {
    let world = with_donations().await;
    let donations = world.database.collection("donations");
    let untimed = donations.update_many(doc! {}, doc! { "$unset": { "at": "" } });
    untimed.await.unwrap();
    kill_a_rebuild(&world, async {}).await;
    // All donations could have a time by now, and the slots of none be right.
    let settings = world.database.collection("settings");
    let marked = doc! { "history": { "$exists": true } };
    assert_eq!(settings.count_documents(marked.clone()).await.unwrap(), 0);
    answer(&world, 0, &["rebuild"]).await;
    assert_eq!(settings.count_documents(marked).await.unwrap(), 1);
    world.database.check_invariants().await;
}

#[tokio::test]
async fn a_worker_of_an_earlier_version_beside_this_one_is_noticed() {
    let world = World::new().await;
    let _worker = world.worker().await;
    assert!(is_complete(&world).await, "a new database is complete at once");
    world
        .publish([made(1, "2025-11-21T10:00:00Z"), made(2, "2025-11-21T10:00:00Z")])
        .await;
    // A refund that waits for its donation has no time, and needs none.
    world.publish([refunded("r1", "d9")]).await;
    world.expect_settled(3).await;
    assert!(is_complete(&world).await);
    // It has written the donation without what it does not know of.
    world
        .database
        .change("donations", "d1", doc! { "$unset": { "at": "" } })
        .await;
    assert!(!is_complete(&world).await);
    let verified = tool(&world, &["verify"]).await;
    verified.expect_text("made at 2025-11-21T10:00:00.000Z");
    verified.expect_text("`totals-worker rebuild` puts it right");
    answer(&world, 0, &["rebuild"]).await;
    assert!(is_complete(&world).await);

    // A rebuild of one campaign leaves the mark as it was, and one that was killed leaves it away.
    world
        .database
        .change("settings", "service", doc! { "$unset": { "history": "" } })
        .await;
    answer(&world, 0, &["rebuild", "--campaign", "c"]).await;
    assert!(!is_complete(&world).await);
    tool(&world, &["verify"]).await.expect_text("not marked complete");
    answer(&world, 0, &["rebuild"]).await;
    assert!(is_complete(&world).await);
    assert_eq!(answer(&world, 0, &["verify"]).await["drift"], false);
}

#[tokio::test]
async fn a_history_that_was_dropped_is_not_taken_for_an_empty_one() {
    let world = World::new().await;
    let _worker = world.worker_with(&[("UPKEEP_SECONDS", "1")]).await;
    world.publish([made(1, "2025-11-21T10:00:00Z")]).await;
    world.expect_settled(1).await;
    world
        .database
        .collection("campaign_history")
        .drop()
        .await
        .unwrap();
    eventually(|| is_complete(&world), |complete| !complete).await;
    answer(&world, 0, &["rebuild"]).await;
    assert!(is_complete(&world).await);
    world.database.check_invariants().await;
}

/// No worker runs that would write the settings down again.
#[tokio::test]
async fn a_mark_that_was_lost_with_the_settings_is_set_again_by_a_rebuild() {
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish([made(1, "2025-11-21T10:00:00Z")]).await;
    world.expect_settled(1).await;
    worker.terminate().await;
    world.database.empty(&["settings"]).await;
    answer(&world, 1, &["verify"]).await;
    answer(&world, 0, &["rebuild"]).await;
    assert_eq!(answer(&world, 0, &["verify"]).await["drift"], false);
    assert!(is_complete(&world).await);
}

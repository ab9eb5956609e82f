//! A donor is forgotten while workers commit.

use std::cell::Cell;
use std::time::{Duration, Instant};

use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::ClientOptions;
use serde_json::json;
use tokio::time::{interval, timeout};

use super::traces::expect_nowhere;
use super::{DONOR, PERSONAL, distinct_donors, forget, moved, of_ada, verify};
use crate::events::{created, refunded};
use crate::harness::{Outgoing, World, eventually};
use crate::tool::tool;

/// A worker that keeps meeting the tool's locks takes its transaction for one of a dead worker, unless the tool is known.
#[tokio::test]
async fn a_donor_of_thousands_is_forgotten_while_others_give_to_the_campaign() {
    const DONATIONS: usize = 6000;
    const BOUND: Duration = Duration::from_mins(1);
    const EVERY: Duration = Duration::from_millis(20);
    let world = World::new().await;
    let _worker = world.worker().await;
    let note = json!("n".repeat(4000));
    let donation =
        |number: usize| of_ada(&format!("e{number}"), &format!("d{number}")).with("note", note.clone());
    world.publish((0..DONATIONS).map(donation)).await;
    world.expect_settled(DONATIONS).await;

    let others = Cell::new(0);
    let give = async {
        let mut every = interval(EVERY);
        loop {
            every.tick().await;
            let number = others.get();
            world
                .publish([created(&format!("o{number}"), &format!("p{number}"))])
                .await;
            others.set(number + 1);
        }
    };
    let run = timeout(BOUND, tool(&world, &["forget", "--donor", DONOR, "--yes"]));
    let said = tokio::select! {
        said = run => said.expect("workers do not let it come to its end"),
        () = give => unreachable!("others do not stop"),
    };
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(distinct_donors(&world).await.len(), 1);
    for text in PERSONAL {
        expect_nowhere(&world, text).await;
    }
    // The last one may be there, and not yet be counted here.
    eventually(
        || world.database.processed(),
        |processed| *processed >= DONATIONS + others.get(),
    )
    .await;
    verify(&world).await;
    world.database.check_invariants().await;
}

/// Workers that meet the locks of a run leave it alone while it may live, and go on if it is dead.
#[tokio::test]
async fn a_run_that_pauses_is_not_taken_for_a_dead_one() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([of_ada("e1", "d1")]).await;
    world.expect_settled(1).await;
    world.database.profile().await;
    forget(&world, 0, &["--donor", DONOR]).await;
    let noted = world.database.profiled("settings", "findAndModify").await;
    let name = noted[0].get_str("appName").unwrap();

    let mut options = ClientOptions::parse(&world.database.url).await.unwrap();
    options.app_name = Some(name.to_owned());
    let client = Client::with_options(options).unwrap();
    let mut session = client.start_session().await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test in the place of a run")]
    session.start_transaction().await.unwrap();
    let totals = client
        .default_database()
        .unwrap()
        .collection::<Document>("campaign_totals");
    let held = totals.update_one(doc! { "_id": "c" }, doc! { "$inc": { "revision": 1_i64 } });
    held.session(&mut session).await.unwrap();
    let stood_still = Instant::now();
    world.publish([created("e2", "d2")]).await;
    world.expect_settled(2).await;
    let waited = stood_still.elapsed();
    assert!(waited >= Duration::from_secs(4), "{waited:?}");
    assert!(waited < Duration::from_secs(20), "{waited:?}");
}

/// Batches of the donor's donations are committed, and refunded, while the tool gives the donor another id.
#[tokio::test]
async fn no_donor_is_counted_twice_while_workers_commit() {
    const DONATIONS: usize = 1500;
    let world = World::competing().await;
    let settings = [("BATCH_SIZE", "7")];
    let _workers = (
        world.worker_with(&settings).await,
        world.worker_with(&settings).await,
    );
    let step = |number: usize| -> Vec<Outgoing> {
        let creation = of_ada(&format!("e{number}"), &format!("d{number}")).into();
        let earlier = number.checked_sub(5);
        let refund = earlier.map(|earlier| refunded(&format!("r{earlier}"), &format!("d{earlier}")).into());
        std::iter::once(creation).chain(refund).collect()
    };
    world.publish((0..DONATIONS).flat_map(step)).await;
    eventually(|| world.database.processed(), |processed| *processed > 200).await;
    let run = async || tool(&world, &["forget", "--donor", DONOR, "--yes"]).await;
    let begun = async {
        eventually(|| moved(&world), |moved| *moved > 0).await;
        world.database.processed().await
    };
    let (said, begun) = tokio::join!(run(), begun);
    assert!(said.code.is_some_and(|code| code < 2), "{said:?}");
    assert!(begun < 2 * DONATIONS - 5, "the tool ran while the workers worked");
    world.expect_settled(2 * DONATIONS - 5).await;
    verify(&world).await;
    // Until it finds nothing more.
    let again = async || run().await.code;
    eventually(again, |code| *code == Some(1)).await;
    expect_nowhere(&world, DONOR).await;
    verify(&world).await;
    world.database.check_invariants().await;
    let one: Document = world.database.row("e1").await.unwrap();
    assert!(one.get_str("forgottenAs").unwrap().starts_with("forgotten_"));
}

//! Two workers that have copies of the same messages in hand at the same time.
//!
//! What is checked and what is written have to be one transaction: every gap between them shows here, because one of
//! the two always loses the race and does its work again.

use harness::Process;

use crate::events::{created, refunded};
use crate::harness::{Outgoing, World};

/// Donations of 10.00 by as many donors to ten campaigns, each refunded by 2.50.
const DONATIONS: usize = 500;

fn history() -> impl Iterator<Item = Outgoing> {
    let creations = (0..DONATIONS).map(|number| {
        let donation = format!("d{number}");
        created(&format!("{donation}-created"), &donation)
            .campaign(&format!("c{}", number % 10))
            .donor(&format!("u{number}"))
            .into()
    });
    let refunds = (0..DONATIONS).map(|number| {
        let donation = format!("d{number}");
        refunded(&format!("{donation}-refunded"), &donation)
            .campaign(&format!("c{}", number % 10))
            .amount(2.5)
            .into()
    });
    creations.chain(refunds)
}

async fn worker(world: &World) -> Process {
    let mut command = world.worker_command();
    // Many races, each for a few events.
    command.env("BATCH_SIZE", "20");
    let worker = Process::start(command).await;
    worker.healthy().await;
    worker
}

#[tokio::test]
async fn messages_that_two_workers_hold_at_once_count_once() {
    let world = World::new().await;
    let _workers = (worker(&world).await, worker(&world).await);
    // The broker deals messages out in turn: one of each pair to either worker.
    let pairs = history().flat_map(|message| [message.clone(), message]);
    world.broker.publish(pairs).await;
    world.expect_settled(2 * DONATIONS).await;
    let each = i64::try_from(DONATIONS / 10).unwrap();
    for campaign in 0..10 {
        world
            .expect_totals(&format!("c{campaign}"), each * 750, each, each)
            .await;
    }
    assert_eq!(world.expect_dead_letters(0).await.len(), 0);
}

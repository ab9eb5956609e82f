//! Two workers that have copies of the same messages in hand at the same time.
//!
//! What is checked and what is written have to be one transaction: every gap between them shows here, because one of
//! the two always loses the race and does its work again.

use harness::{Process, worker_command_on};
use tokio::join;

use crate::events::{created, refunded};
use crate::harness::{Broker, Outgoing, World, eventually};

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

async fn worker(world: &World, broker: &Broker) -> Process {
    let mut command = worker_command_on(&world.database, broker);
    // Many races, each for a few events.
    command.env("BATCH_SIZE", "20");
    let worker = Process::start(command).await;
    worker.healthy().await;
    worker
}

async fn expect_each_donation_once(world: &World) {
    world.expect_settled(2 * DONATIONS).await;
    let each = i64::try_from(DONATIONS / 10).unwrap();
    for campaign in 0..10 {
        world
            .expect_totals(&format!("c{campaign}"), each * 750, each, each)
            .await;
    }
    assert_eq!(world.expect_dead_letters(0).await.len(), 0);
}

#[tokio::test]
async fn messages_that_two_workers_hold_at_once_count_once() {
    let world = World::competing().await;
    let _workers = join!(worker(&world, &world.broker), worker(&world, &world.broker));
    // The broker deals messages out in turn, as long as both have room: one of each pair to either worker.
    let pairs = history().flat_map(|message| [message.clone(), message]);
    world.publish(pairs).await;
    expect_each_donation_once(&world).await;
}

#[tokio::test]
async fn events_that_come_to_two_workers_count_once() {
    let world = World::new().await;
    // A queue for each worker: what is published comes to both.
    let other = Broker {
        exchange: world.broker.exchange.clone(),
        ..world.broker.part("other")
    };
    let workers = join!(worker(&world, &world.broker), worker(&world, &other));
    world.publish(history()).await;
    for worker in [&workers.0, &workers.1] {
        let handled = async || worker.counted("totals_worker_events_total{").await;
        eventually(handled, |events| *events == 2 * DONATIONS as u64).await;
    }
    expect_each_donation_once(&world).await;
    other.remove().await;
}

//! Partitions by campaign, as docs/scaling.md tells operators to make them, each with one active worker.

use std::collections::BTreeMap;

use harness::partitions::{Partitions, with_campaign};
use harness::{Process, eventually, worker_command_on};
use serde_json::Value;

use crate::events::{created, paid, refunded};
use crate::harness::{Broker, Outgoing, World};

/// Donations of 10.00 to forty campaigns, each refunded by 2.50.
const DONATIONS: usize = 1_000;
const CAMPAIGNS: usize = 40;
const PAYMENTS: usize = 100;

fn campaign(number: usize) -> String {
    format!("c{}", number % CAMPAIGNS)
}

fn donations() -> impl Iterator<Item = Outgoing> {
    (0..DONATIONS).map(|number| {
        let donation = format!("d{number}");
        let event = created(&format!("{donation}-created"), &donation);
        with_campaign(event.campaign(&campaign(number)).into())
    })
}

fn refunds() -> impl Iterator<Item = Outgoing> {
    (0..DONATIONS).map(|number| {
        let donation = format!("d{number}");
        let event = refunded(&format!("{donation}-refunded"), &donation);
        with_campaign(event.campaign(&campaign(number)).amount(2.5).into())
    })
}

async fn worker(world: &World, part: &Broker) -> Process {
    let mut command = worker_command_on(&world.database, part);
    // Many transactions, for many chances to meet.
    command.env("BATCH_SIZE", "10");
    let worker = Process::start(command).await;
    worker.healthy().await;
    worker
}

async fn applied(worker: &Process) -> u64 {
    worker.counted("totals_worker_events_total{").await
}

/// How many events each of these has settled, once they are so many together: no message came to two of them.
async fn applied_by<const N: usize>(workers: [&Process; N], together: usize) -> [u64; N] {
    let look = async || futures::future::join_all(workers.map(applied)).await;
    let together = u64::try_from(together).unwrap();
    let counts = eventually(look, |counts| counts.iter().sum::<u64>() >= together).await;
    assert_eq!(counts.iter().sum::<u64>(), together, "{counts:?}");
    counts.try_into().unwrap()
}

#[test]
fn the_page_has_the_definitions_that_are_tested() {
    let page = include_str!("../../docs/scaling.md");
    let (_, rest) = page.split_once("```json\n").unwrap();
    let shown: Value = serde_json::from_str(rest.split_once("```").unwrap().0).unwrap();
    let named = Broker {
        exchange: "care-for-all".to_owned(),
        ..Broker::new("", "totals-service")
    };
    assert_eq!(shown, Partitions::of(&named, 2).definitions());
}

#[tokio::test]
async fn a_campaign_has_one_active_worker_and_a_standby_that_takes_over() {
    let world = World::new().await;
    let partitions = Partitions::of(&world.broker, 2);
    partitions.declare().await;
    let [first, second] = partitions.campaigns.as_slice() else {
        unreachable!("two were asked for")
    };
    let active = worker(&world, first).await;
    let standby = worker(&world, first).await;
    let other = worker(&world, second).await;
    let payments = worker(&world, &partitions.payments).await;

    world.publish(donations()).await;
    let unpaid = (0..PAYMENTS).map(|number| paid("", &format!("d{number}")).bare());
    world.publish(unpaid).await;
    let settled = async |processed: usize| {
        eventually(|| world.database.processed(), |found| *found == processed).await;
        world.database.check_invariants().await;
    };
    settled(DONATIONS + PAYMENTS).await;
    let counts = applied_by([&active, &standby, &other, &payments], DONATIONS + PAYMENTS).await;
    assert!(counts[0] > 0 && counts[2] > 0, "either has a share: {counts:?}");
    assert_eq!((counts[1], counts[3]), (0, PAYMENTS.try_into().unwrap()));
    for worker in [&active, &other, &payments] {
        let retries = worker.counted("totals_worker_retries_total{").await;
        assert_eq!(retries, 0, "workers of different campaigns met");
    }

    world.publish(refunds()).await;
    // In the middle of its work, or after it on a quick machine: either way the standby finds what is left.
    eventually(|| applied(&active), |count| *count > counts[0]).await;
    active.kill().await;
    settled(2 * DONATIONS + PAYMENTS).await;
    let again = (DONATIONS..2 * DONATIONS).map(|number| {
        let event = created(&format!("d{number}-created"), &format!("d{number}"));
        with_campaign(event.campaign(&campaign(number)).into())
    });
    world.publish(again).await;
    settled(3 * DONATIONS + PAYMENTS).await;
    eventually(|| applied(&standby), |count| *count > 0).await;

    let mut expected = BTreeMap::new();
    for number in 0..DONATIONS {
        *expected.entry(campaign(number)).or_insert(0) += 1;
    }
    for (campaign, each) in expected {
        world
            .expect_totals(&campaign, each * (750 + 1_000), 2 * each, 0)
            .await;
    }
    partitions.remove().await;
}

#[tokio::test]
async fn a_campaigns_events_keep_to_one_partition_and_so_do_all_without_the_header() {
    let world = World::new().await;
    let partitions = Partitions::of(&world.broker, 2);
    partitions.declare().await;
    let first = worker(&world, &partitions.campaigns[0]).await;
    let second = worker(&world, &partitions.campaigns[1]).await;
    let one = |number: usize| Outgoing::from(created(&format!("e{number}"), &format!("d{number}")));

    world.publish((0..20).map(one).map(with_campaign)).await;
    let before = applied_by([&first, &second], 20).await;
    assert!(before.contains(&0), "{before:?}");

    world.publish((20..40).map(one)).await;
    let after = applied_by([&first, &second], 40).await;
    let unmoved = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before == after);
    assert_eq!(unmoved.count(), 1, "{before:?} {after:?}");
    partitions.remove().await;
}

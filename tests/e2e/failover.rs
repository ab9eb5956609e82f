//! A replica set that loses its primary and a RabbitMQ cluster that loses the leader of the queue, both by `kill -9` under
//! load: what was confirmed is counted once, and soon again.

mod load;

use std::sync::atomic::Ordering;
use std::time::Duration;

use dev_services::{RabbitCluster, ReplicaSet};
use harness::{Database, Process};
use mongodb::bson::doc;
use mongodb::options::ReadConcern;
use reqwest::StatusCode;
use tokio::time::{Instant, sleep};

use self::load::{EVENTS_IN_BURST, Kill, Load, expect_all};
use crate::harness::{EventStream, World, eventually, shared_services};

/// Bursts before a kill. A quorum queue of RabbitMQ 3.10 has to be some seconds old to survive one.
const BEFORE: usize = 60;

/// Bursts after the recovery.
const AFTER: usize = 20;

/// So soon after the kill of a queue's leader, or after the election of a new primary, an event is committed that was
/// published after the kill; on a busy machine of two cores.
const RECOVERY: Duration = Duration::from_secs(10);

/// Reads a campaign again and again: what is shown never goes back.
async fn read(api: &Process) {
    let mut latest = 0;
    loop {
        let (status, answer) = api.get("/api/totals/campaigns/c0").await;
        if status == StatusCode::OK {
            let revision = answer["data"]["revision"].as_i64().unwrap();
            assert!(revision >= latest, "a reader saw {revision} after {latest}");
            latest = revision;
        } else {
            assert!(
                status == StatusCode::SERVICE_UNAVAILABLE || latest == 0,
                "{status}"
            );
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Watches a campaign: what is pushed never goes back, and goes on after the failover on the same connection.
async fn watch(api: &Process) {
    let url = format!("{}/api/totals/campaigns/c1/stream", api.url);
    let mut stream = EventStream::open(&url, None).await;
    let mut latest = 0;
    while let Some(event) = stream.next().await {
        let revision = event.revision();
        assert!(revision >= latest, "a watcher saw {revision} after {latest}");
        latest = revision;
    }
}

/// What was published, and what of it came again.
async fn report(load: &Load<'_>, worker: &Process) {
    let confirmed = load.confirmed() * EVENTS_IN_BURST;
    let republished = load.republished.load(Ordering::Relaxed) * EVENTS_IN_BURST;
    println!("{confirmed} events confirmed, {republished} published again");
    let metrics = worker.scrape().await;
    for line in metrics.lines().filter(|line| line.contains("duplicate")) {
        println!("{line}");
    }
}

/// Has the primary commit what no other member has, and kills it.
async fn kill_primary_ahead_of_the_others(set: &mut ReplicaSet, database: &Database) -> usize {
    let primary = set.primary().await.unwrap();
    let mut others = Vec::new();
    for (place, member) in set.members.iter().enumerate() {
        if place != primary {
            others.push(database.on(&member.url()).await);
        }
    }
    let fetch = async |mode: &str| {
        for member in &others {
            let command = doc! { "configureFailPoint": "stopReplProducer", "mode": mode };
            member.run_admin(command).await;
        }
    };
    fetch("alwaysOn").await;
    let member = database.on(&set.members[primary].url()).await;
    let rows = async |concern| {
        let log = member.collection("event_log");
        log.count_documents(doc! {}).read_concern(concern).await.unwrap()
    };
    eventually(
        async || {
            (
                rows(ReadConcern::local()).await,
                rows(ReadConcern::majority()).await,
            )
        },
        |(own, shared)| own > shared,
    )
    .await;
    set.members[primary].kill().await.unwrap();
    fetch("off").await;
    primary
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_killed_under_load_loses_nothing_and_is_replaced_within_seconds() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut set = ReplicaSet::start(dir.path(), true).await.unwrap();
    let world = World::on(&set.url(), &shared_services().1).await;
    let (worker, api) = (world.worker().await, world.live_api(&[]).await);
    let load = Load::on(&world.broker);
    let failover = async {
        load.more(BEFORE).await;
        let killed = kill_primary_ahead_of_the_others(&mut set, &world.database).await;
        let (kill, begun) = (Kill::now(&load), Instant::now());
        eventually(async || set.primary().await, Option::is_some).await;
        let elected = begun.elapsed();
        let recovered = kill.recovery(&world.database).await;
        println!("elected after {elected:?}, committing after {recovered:?}");
        assert!(
            recovered <= elected + RECOVERY,
            "{recovered:?}, elected after {elected:?}"
        );
        load.more(AFTER).await;
        load.end();
        killed
    };
    let under_load = async { tokio::join!(failover, load.publish()).0 };
    let killed = tokio::select! {
        killed = under_load => killed,
        () = read(&api) => unreachable!(),
        () = watch(&api) => panic!("the stream has ended"),
    };
    report(&load, &worker).await;
    expect_all(&world, load.confirmed()).await;
    let stored = world.database.totals("c0").await.unwrap();
    let shown = async || api.get("/api/totals/campaigns/c0").await.1["data"]["totalPledges"].as_i64();
    eventually(shown, |pledges| *pledges == Some(stored.1)).await;
    worker.healthy().await;

    // What it alone had is undone, and all else is there.
    set.members[killed].start_again().await.unwrap();
    let member = world.database.on(&set.members[killed].url()).await;
    eventually(
        || member.try_processed(),
        |rows| *rows == Some(load.confirmed() * EVENTS_IN_BURST),
    )
    .await;
    member.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queues_leader_killed_under_load_loses_nothing_and_is_replaced_within_seconds() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut cluster = RabbitCluster::start(dir.path()).await.unwrap();
    let world = World::on(&shared_services().0, &cluster.url()).await;
    let worker = world.worker().await;
    let load = Load::on(&world.broker);
    let failovers = async {
        let mut killed = Vec::new();
        for _ in 0..2 {
            load.more(BEFORE).await;
            let leader = async || cluster.leader(&world.broker.queue).await.unwrap();
            let leader = eventually(leader, Option::is_some).await.unwrap();
            cluster.members[leader].kill().await.unwrap();
            let kill = Kill::now(&load);
            let recovered = kill.recovery(&world.database).await;
            println!("node {leader} killed, committing after {recovered:?}");
            assert!(recovered <= RECOVERY, "{recovered:?}");
            load.more(AFTER).await;
            cluster.members[leader].start_again().await.unwrap();
            killed.push(leader);
        }
        load.end();
        killed
    };
    let (killed, ()) = tokio::join!(failovers, load.publish());
    assert_ne!(killed[0], killed[1]);
    report(&load, &worker).await;
    expect_all(&world, load.confirmed()).await;
    // The first leader was the node that the worker had declared the queue on.
    let connections = worker.log().matches("\"consuming\"").count();
    assert!(connections >= 2, "{connections} connections");
}

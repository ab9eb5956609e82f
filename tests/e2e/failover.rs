//! A replica set that loses its primary and a RabbitMQ cluster that loses the leader of the queue, both by `kill -9` under
//! load: what was confirmed is counted once, and soon again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dev_services::{RabbitCluster, ReplicaSet};
use harness::{Database, Process};
use mongodb::bson::{DateTime, doc};
use mongodb::options::ReadConcern;
use reqwest::StatusCode;
use tokio::time::{Instant, interval, sleep, timeout};

use crate::events::{created, refunded};
use crate::harness::{Broker, EventStream, Outgoing, World, eventually, shared_services};
use crate::tool::tool;

/// The time between bursts: 500 events a second.
const TICK: Duration = Duration::from_millis(100);

const CAMPAIGNS: usize = 10;

/// Donations of a burst to each campaign, the first of which is refunded in part.
const DONATIONS: usize = 4;

const EVENTS_IN_BURST: usize = CAMPAIGNS * (DONATIONS + 1);

/// Bursts before a kill. A quorum queue of RabbitMQ 3.10 has to be some seconds old to survive one.
const BEFORE: usize = 60;

/// Bursts after the recovery.
const AFTER: usize = 20;

/// So soon after the kill of a queue's leader, or after the election of a new primary, an event is committed that was
/// published after the kill; on a busy machine of two cores.
const RECOVERY: Duration = Duration::from_secs(10);

/// A confirm that takes longer will not come.
const CONFIRM: Duration = Duration::from_secs(10);

fn burst(number: usize) -> impl Iterator<Item = Outgoing> {
    (0..CAMPAIGNS).flat_map(move |campaign| {
        let (event, donation) = (
            move |part: usize| format!("e{number}-{campaign}-{part}"),
            move |part: usize| format!("d{number}-{campaign}-{part}"),
        );
        let campaign = format!("c{campaign}");
        let refund = refunded(&event(DONATIONS), &donation(0))
            .campaign(&campaign)
            .amount(2.5);
        let creations = (0..DONATIONS).map(move |part| {
            let event = created(&event(part), &donation(part)).campaign(&campaign);
            event.donor(&format!("u{part}")).into()
        });
        creations.chain([refund.into()])
    })
}

/// A producer that publishes one burst after the other, each until it is confirmed.
struct Load<'a> {
    broker: &'a Broker,
    /// Bursts that the broker has confirmed.
    confirmed: AtomicUsize,
    /// Bursts published once more because a confirm did not come.
    republished: AtomicUsize,
    ending: AtomicBool,
}

impl<'a> Load<'a> {
    fn on(broker: &'a Broker) -> Self {
        Self {
            broker,
            confirmed: AtomicUsize::new(0),
            republished: AtomicUsize::new(0),
            ending: AtomicBool::new(false),
        }
    }

    /// Publishes until it is told to end.
    async fn publish(&self) {
        let mut tick = interval(TICK);
        while !self.ending.load(Ordering::Relaxed) {
            tick.tick().await;
            let publish = self.broker.try_publish(burst(self.confirmed()));
            if matches!(timeout(CONFIRM, publish).await, Ok(Ok(()))) {
                self.confirmed.fetch_add(1, Ordering::Relaxed);
            } else {
                self.republished.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn confirmed(&self) -> usize {
        self.confirmed.load(Ordering::Relaxed)
    }

    /// Waits for so many more bursts.
    async fn more(&self, bursts: usize) {
        let wanted = self.confirmed() + bursts;
        eventually(async || self.confirmed(), |confirmed| *confirmed >= wanted).await;
    }
}

/// A kill, and the first burst that was published as a whole after it.
struct Kill {
    at: DateTime,
    next: usize,
}

impl Kill {
    fn now(load: &Load<'_>) -> Self {
        Self {
            at: DateTime::now(),
            next: load.confirmed() + 1,
        }
    }

    /// Waits until an event that was published after the kill is committed, and says how long after the kill it was.
    async fn recovery(&self, database: &Database) -> Duration {
        let log = database.collection("event_log");
        let after = doc! { "_id": { "$regex": format!("^e{}-", self.next) } };
        // The driver gives up now and then while there is no primary.
        let first = async || log.find_one(after.clone()).await.ok().flatten();
        let row = eventually(first, Option::is_some).await.unwrap();
        let committed = row.get_datetime("committedAt").unwrap();
        committed.saturating_duration_since(self.at)
    }
}

/// Everything confirmed is in the log once, the totals are its fold, and nothing else happened.
async fn expect_all(world: &World, bursts: usize) {
    world.expect_settled(bursts * EVENTS_IN_BURST).await;
    let bursts = i64::try_from(bursts).unwrap();
    let donations = i64::try_from(DONATIONS).unwrap();
    for campaign in 0..CAMPAIGNS {
        let amount = bursts * (donations * 1000 - 250);
        let campaign = format!("c{campaign}");
        world
            .expect_totals(&campaign, amount, bursts * donations, donations)
            .await;
    }
    let said = tool(world, &["verify"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(world.expect_dead_letters(0).await.len(), 0);
}

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
        load.ending.store(true, Ordering::Relaxed);
        killed
    };
    let under_load = async { tokio::join!(failover, load.publish()).0 };
    let killed = tokio::select! {
        killed = under_load => killed,
        () = read(&api) => unreachable!(),
        () = watch(&api) => panic!("the stream has ended"),
    };
    println!("{} bursts", load.confirmed());
    expect_all(&world, load.confirmed()).await;
    let stored = world.database.totals("c0").await.unwrap();
    let shown = async || api.get("/api/totals/campaigns/c0").await.1["data"]["totalPledges"].as_i64();
    eventually(shown, |pledges| *pledges == Some(stored.1)).await;
    worker.healthy().await;
    println!("{}", worker.log());

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
            cluster.nodes[leader].kill().await.unwrap();
            let kill = Kill::now(&load);
            let recovered = kill.recovery(&world.database).await;
            println!("node {leader} killed, committing after {recovered:?}");
            assert!(recovered <= RECOVERY, "{recovered:?}");
            load.more(AFTER).await;
            cluster.nodes[leader].start_again().await.unwrap();
            killed.push(leader);
        }
        load.ending.store(true, Ordering::Relaxed);
        killed
    };
    let (killed, ()) = tokio::join!(failovers, load.publish());
    assert_ne!(killed[0], killed[1]);
    println!(
        "{} bursts, {} republished",
        load.confirmed(),
        load.republished.load(Ordering::Relaxed)
    );
    expect_all(&world, load.confirmed()).await;
    // The first leader was the node that the worker had declared the queue on.
    let connections = worker.log().matches("\"consuming\"").count();
    assert!(connections >= 2, "{connections} connections");
    println!("{}", worker.log());
}

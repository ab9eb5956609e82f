//! A rollout under load, as Kubernetes does it: each process is replaced by a new one while readers read, watchers watch and
//! producers publish. No read fails, no event is lost, and every watcher sees the last change.

mod front;

use std::cell::Cell;

use reqwest::StatusCode;
use tokio_util::sync::CancellationToken;

use crate::events::created;
use crate::harness::{EventStream, Process, World, api_command, eventually};
use front::Front;

/// Time for the front to learn that a process stops, in seconds.
const DELAY: &str = "2";

/// Campaigns that are read and watched.
const CAMPAIGNS: usize = 4;

fn campaign(number: usize) -> String {
    format!("c{}", number % CAMPAIGNS)
}

/// Publishes until told to stop, and returns how many events. Each campaign has one before anybody reads.
async fn produce(world: &World, published: &Cell<usize>, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let batch = published.get()..published.get() + 2 * CAMPAIGNS;
        let event = |number: usize| {
            let event = created(&format!("e{number}"), &format!("d{number}"));
            event
                .campaign(&campaign(number))
                .donor(&format!("donor {number}"))
        };
        world.publish(batch.clone().map(event)).await;
        published.set(batch.end);
    }
}

/// Reads until told to stop, and returns how often. `kept` connections are used again, as browsers do.
async fn read(front: &Front, kept: usize, stop: &CancellationToken) -> usize {
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(kept)
        .build()
        .unwrap();
    let mut reads = 0;
    while !stop.is_cancelled() {
        let url = format!("{}/api/totals/campaigns/{}", front.url, campaign(reads));
        let answer = client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap();
        reads += 1;
    }
    reads
}

/// Watches a campaign until its totals are `all`, which is known at the end, and returns how many streams that took. A
/// stream that ends is opened again at once, from the last event.
async fn watch(front: &Front, campaign: &str, all: &Cell<Option<i64>>) -> usize {
    let url = format!("{}/api/totals/campaigns/{campaign}/stream", front.url);
    let (mut streams, mut last, mut revision) = (0, None, 0);
    loop {
        let mut stream = EventStream::open(&url, last.as_deref()).await;
        streams += 1;
        while let Some(event) = stream.next().await {
            assert!(event.revision() >= revision, "{event:?} after {revision}");
            revision = event.revision();
            if all.get().is_some() && event.data["totalPledges"].as_i64() == all.get() {
                return streams;
            }
            last = Some(event.id);
        }
    }
}

/// An API in front's round, when it is ready.
async fn api(world: &World, front: &Front) -> Process {
    let mut command = api_command();
    command
        .env("DATABASE_URL", &world.database.url)
        .env("SHUTDOWN_DELAY", DELAY);
    let api = Process::start(command).await;
    ready(&api).await;
    front.add(&api).await;
    api
}

async fn worker(world: &World) -> Process {
    let worker = world.starting_worker(&[("SHUTDOWN_DELAY", DELAY)]).await;
    ready(&worker).await;
    worker
}

async fn ready(process: &Process) {
    eventually(|| process.get("/readyz"), |(status, _)| *status == StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_fails_no_read_loses_no_event_and_leaves_no_watcher_behind() {
    let world = World::new().await;
    let front = Front::start().await;
    let workers = [worker(&world).await, worker(&world).await];
    world
        .publish(
            (0..CAMPAIGNS).map(|number| {
                created(&format!("first {number}"), &campaign(number)).campaign(&campaign(number))
            }),
        )
        .await;
    world.expect_settled(CAMPAIGNS).await;
    let apis = [api(&world, &front).await, api(&world, &front).await];

    let (stop, published, all) = (CancellationToken::new(), Cell::new(0), Cell::new(None));
    let rollout = async {
        let mut running = Vec::new();
        // What is replaced is running to the end of its delay and of its work.
        for old in apis {
            running.push(api(&world, &front).await);
            assert_eq!(old.terminate().await, Some(0));
        }
        for old in workers {
            running.push(worker(&world).await);
            assert_eq!(old.terminate().await, Some(0));
        }
        stop.cancel();
        running
    };
    let produced = async {
        produce(&world, &published, &stop).await;
        let pledges = i64::try_from(published.get() / CAMPAIGNS).unwrap() + 1;
        // One more of each, which ends the watching: a watcher may have seen all others by now.
        all.set(Some(pledges + 1));
        let event = |number| created(&format!("last {number}"), &format!("last {number}"));
        let last = (0..CAMPAIGNS).map(|number| event(number).campaign(&campaign(number)));
        world.publish(last).await;
        world.expect_settled(published.get() + 2 * CAMPAIGNS).await;
        pledges + 1
    };
    let watching = futures::future::join_all(
        (0..CAMPAIGNS).map(async |number| watch(&front, &campaign(number), &all).await),
    );
    let reading = futures::future::join_all([0, 0, 8, 8].map(|kept| read(&front, kept, &stop)));
    let (running, pledges, streams, reads) = tokio::join!(rollout, produced, watching, reading);

    assert_eq!(running.len(), 4);
    assert!(streams.iter().all(|streams| *streams > 1), "{streams:?} streams");
    assert!(reads.iter().all(|reads| *reads > 100), "{reads:?} reads");
    for number in 0..CAMPAIGNS {
        let donors = pledges - 2;
        world
            .expect_totals(&campaign(number), pledges * 1000, pledges, donors)
            .await;
    }
    assert_eq!(front.refused(), 0);
}

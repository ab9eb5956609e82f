//! Two workers on one queue: one consumes, the other takes over when that one is gone, and every event is counted once.

mod database;
mod queues;
mod takeover;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::events::numbered;
use crate::harness::{Process, World, eventually};

/// Events in a burst. Each burst is confirmed before the next.
const BURST: usize = 20;

/// Between two bursts.
const PAUSE: Duration = Duration::from_millis(30);

/// Donations that are published to one campaign until somebody ends it.
struct Load<'a> {
    world: &'a World,
    confirmed: AtomicUsize,
    ended: AtomicBool,
}

impl<'a> Load<'a> {
    fn new(world: &'a World) -> Self {
        Self {
            world,
            confirmed: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        }
    }

    async fn publish(&self) {
        while !self.ended.load(Ordering::Relaxed) {
            let first = self.confirmed.load(Ordering::Relaxed);
            self.world.publish(numbered(first..first + BURST)).await;
            self.confirmed.store(first + BURST, Ordering::Relaxed);
            sleep(PAUSE).await;
        }
    }

    /// Plays a scene under the load, and ends it. Then everything that was published is counted once.
    async fn during<T>(&self, scene: impl Future<Output = T>) -> T {
        let scene = async {
            let played = scene.await;
            self.ended.store(true, Ordering::Relaxed);
            played
        };
        let (played, ()) = tokio::join!(scene, self.publish());
        let events = self.confirmed.load(Ordering::Relaxed);
        self.world.expect_settled(events).await;
        let pledges = i64::try_from(events).unwrap();
        self.world.expect_totals("c", pledges * 1000, pledges, 0).await;
        assert_eq!(self.world.broker.take_dead_letters().await.len(), 0);
        played
    }
}

/// How many events it has settled.
async fn settled(worker: &Process) -> u64 {
    worker.counted("totals_worker_events_total{").await
}

/// Waits until the worker has settled some event, and returns how long that was after `since`.
async fn takes_over(worker: &Process, since: Instant) -> Duration {
    eventually(|| settled(worker), |count| *count > 0).await;
    since.elapsed()
}

/// A worker that stands by, because another one has the queue.
async fn standby(world: &World) -> Process {
    let worker = world.worker().await;
    stands_by(&worker).await;
    assert_eq!(settled(&worker).await, 0);
    worker
}

/// Waits until the worker says that it stands by, and that all is well.
async fn stands_by(worker: &Process) {
    let health = async || worker.get("/health").await;
    let stands_by = |said: &str| said.starts_with("standing by");
    eventually(health, |(status, health)| {
        status.is_success() && health["consumer"]["message"].as_str().is_some_and(stands_by)
    })
    .await;
    assert_eq!(worker.get("/readyz").await.0, 200);
    assert_eq!(worker.metric("broker_connected").await, 1);
    assert_eq!(worker.metric("stalled_seconds").await, 0);
}

/// Waits until the worker says that it consumes.
async fn consumes(worker: &Process) {
    let said = async || worker.get("/health").await.1["consumer"]["message"].clone();
    eventually(said, |said| said == "consuming").await;
}

//! A steady load that can be counted: bursts of events that are alike but for their ids, and what they add up to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use harness::Database;
use mongodb::bson::{DateTime, doc};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::events::{created, refunded};
use crate::harness::{Broker, Outgoing, World, eventually};
use crate::tool::tool;

/// The time between bursts: 500 events a second.
const TICK: Duration = Duration::from_millis(100);

const CAMPAIGNS: usize = 10;

/// Donations of a burst to each campaign, the first of which is refunded in part.
const DONATIONS: usize = 4;

/// Events of one burst.
pub const EVENTS_IN_BURST: usize = CAMPAIGNS * (DONATIONS + 1);

/// A confirm that takes longer will not come.
const CONFIRM: Duration = Duration::from_secs(10);

/// The events of one burst, the same each time for the same number.
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
pub struct Load<'a> {
    broker: &'a Broker,
    confirmed: AtomicUsize,
    /// Bursts published once more because a confirm did not come.
    pub republished: AtomicUsize,
    ending: AtomicBool,
}

impl<'a> Load<'a> {
    /// To this broker.
    pub fn on(broker: &'a Broker) -> Self {
        Self {
            broker,
            confirmed: AtomicUsize::new(0),
            republished: AtomicUsize::new(0),
            ending: AtomicBool::new(false),
        }
    }

    /// Publishes until it is told to end.
    pub async fn publish(&self) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let publish = self.broker.try_publish(burst(self.confirmed()));
            if !matches!(timeout(CONFIRM, publish).await, Ok(Ok(()))) {
                self.republished.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            self.confirmed.fetch_add(1, Ordering::Relaxed);
            if self.ending.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// Has [`publish`](Self::publish) end with the next burst that is confirmed.
    pub fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    /// Bursts that the broker has confirmed.
    pub fn confirmed(&self) -> usize {
        self.confirmed.load(Ordering::Relaxed)
    }

    /// Waits for so many more bursts.
    pub async fn more(&self, bursts: usize) {
        let wanted = self.confirmed() + bursts;
        eventually(async || self.confirmed(), |confirmed| *confirmed >= wanted).await;
    }
}

/// A kill, and the first burst that was published as a whole after it.
pub struct Kill {
    at: DateTime,
    next: usize,
}

impl Kill {
    /// A moment ago.
    pub fn now(load: &Load<'_>) -> Self {
        Self {
            at: DateTime::now(),
            next: load.confirmed() + 1,
        }
    }

    /// Waits until an event that was published after the kill is committed, and says how long after the kill it was.
    pub async fn recovery(&self, database: &Database) -> Duration {
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
pub async fn expect_all(world: &World, bursts: usize) {
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

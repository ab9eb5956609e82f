//! A service and its database, small or grown, and one round of work on it.

use harness::Process;
use mongodb::bson::{Document, doc};

use crate::axis::{AT_FIRST, Axis, HOT, WATCHED};
use crate::clock::Clock;
use crate::follow::{Lags, Series};
use crate::observer::Observer;
use crate::publish::Publisher;
use crate::queue::pace;
use crate::seed;
use crate::stage::Stage;

/// Events a second, steadily.
const RATE: u32 = 1_000;

/// A service on a database.
pub struct Site<'a> {
    pub stage: &'a Stage,
    pub api: Process,
    publisher: Publisher,
    /// Donations seeded so far.
    donations: u32,
    rounds: u32,
}

impl<'a> Site<'a> {
    /// A service whose database is as small as it ever is.
    pub async fn set(stage: &'a Stage) -> Self {
        stage.empty().await;
        // It declares the exchange and the queue, which outlive it.
        stage.worker().await.terminate().await;
        let mut site = Self {
            api: stage.api().await,
            publisher: Publisher::connect(&stage.broker).await,
            stage,
            donations: 0,
            rounds: 0,
        };
        site.grow_to(Axis::Campaigns, AT_FIRST).await;
        site
    }

    /// Seeds what is missing.
    pub async fn grow_to(&mut self, axis: Axis, size: u32) {
        let numbers = self.donations..axis.donations(size);
        self.donations = self.donations.max(numbers.end);
        seed::history(&self.stage.database.url, numbers, |number| axis.campaign(number)).await;
    }

    /// A worker drains a queue, in messages a second, and then shows events at a steady rate to a watcher, in ms from the
    /// confirm: p50 and p99. More donations in the campaign are removed again; more in many are not.
    pub async fn round(&mut self, axis: Axis, size: u32, queued: u32) -> [f64; 3] {
        self.rounds += 1;
        let before = self.totals().await;
        let ids = format!("later-{}", self.rounds);
        let messages = axis.messages(&ids, size, queued);
        self.stage.broker.publish(messages).await;
        let worker = self.stage.starting_worker().await;
        let per_second = pace(std::slice::from_ref(&worker), queued).await;
        let lags = self.show(&format!("{ids}-shown")).await;
        assert_eq!(worker.terminate().await, Some(0));
        if axis == Axis::Donations {
            self.forget(before, queued + WATCHED).await;
        }
        [per_second, lags.p50, lags.p99]
    }

    async fn show(&self, ids: &str) -> Lags {
        let series = Series {
            campaign: HOT,
            ids,
            rate: RATE,
            count: WATCHED,
        };
        let pledges = self.totals().await.get_i64("totalPledges").unwrap();
        let already = u32::try_from(pledges).unwrap();
        let clock = Clock::start();
        let watching = Observer::watch(&self.api.url, HOT).await;
        let published = series.publish(&self.publisher, &clock).await;
        let seen = watching.until(already + WATCHED).await;
        let seen = series.first_sights(&clock, already, &seen);
        Lags::between(&published.confirmed, &seen)
    }

    /// How many campaigns there are by now.
    pub async fn campaigns(&self) -> u32 {
        u32::try_from(self.stage.database.count("campaign_totals").await).unwrap()
    }

    async fn totals(&self) -> Document {
        let totals = self.stage.database.collection("campaign_totals");
        totals.find_one(doc! { "_id": HOT }).await.unwrap().unwrap()
    }

    /// Removes so many donations of the rounds, and has the campaign's totals as they were before.
    async fn forget(&self, before: Document, count: u32) {
        for collection in ["event_log", "donations"] {
            let later = doc! { "_id": { "$gte": "later-", "$lt": "later." } };
            let collection = self.stage.database.collection(collection);
            let removed = collection.delete_many(later).await.unwrap().deleted_count;
            assert_eq!(removed, u64::from(count), "removed from {}", collection.name());
        }
        let totals = self.stage.database.collection("campaign_totals");
        totals.replace_one(doc! { "_id": HOT }, before).await.unwrap();
    }
}

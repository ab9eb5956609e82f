//! A service and its database, small or grown, and one round of work on it.

use harness::{Outgoing, Process, events};
use mongodb::bson::{Document, doc};
use rand::SeedableRng;
use rand::distr::Distribution;
use rand::rngs::StdRng;

use crate::clock::Clock;
use crate::follow::{Lags, Series};
use crate::observer::Observer;
use crate::publish::Publisher;
use crate::queue::pace;
use crate::seed;
use crate::stage::Stage;
use crate::workload::by_zipf;

/// The campaign that is read, watched, and grown by donations.
pub const HOT: &str = "campaign-0";

/// Campaigns that there are at first, each with one donation.
const AT_FIRST: u32 = 10;

/// A steady rate, and the events of a round: enough for a p99.
const RATE: u32 = 1_000;
const WATCHED: u32 = 2_000;

/// What grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// The donations of one campaign.
    Donations,
    /// The campaigns, of one donation each.
    Campaigns,
}

impl Axis {
    pub fn name(self) -> &'static str {
        match self {
            Self::Donations => "donations",
            Self::Campaigns => "campaigns",
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Self::Donations => "donations in one campaign",
            Self::Campaigns => "campaigns",
        }
    }

    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Donations => &[
                "donations in one campaign",
                "figure",
                "grown",
                "small",
                "of the small one's",
            ],
            Self::Campaigns => &["campaigns", "figure", "grown", "small", "of the small one's"],
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Donations => "More donations in one campaign",
            Self::Campaigns => "More campaigns",
        }
    }

    /// What the work of a round is.
    pub fn note(self, queued: u32) -> String {
        match self {
            Self::Donations => format!(
                "Each round drains {queued} donations to that campaign and then shows {WATCHED} more; all of them are \
                 removed again after it."
            ),
            Self::Campaigns => format!(
                "Each round drains {queued} donations to so many campaigns by Zipf's law, on both databases, and then shows \
                 {WATCHED} more to one of them. They stay, so the small database has by the end what the rounds have put \
                 there. The more campaigns the messages are for, the more documents a batch touches: that is the work \
                 and not the size, and is on both sides."
            ),
        }
    }

    /// The campaign of a seeded donation.
    fn campaign(self, number: u32) -> String {
        match self {
            Self::Donations if number >= AT_FIRST => HOT.to_owned(),
            _ => format!("campaign-{number}"),
        }
    }

    /// Donations with which a database is of this size.
    fn donations(self, size: u32) -> u32 {
        match self {
            Self::Donations => size + AT_FIRST - 1,
            Self::Campaigns => size,
        }
    }

    /// Donations that a worker finds in the queue, none of which there was before.
    fn messages(self, ids: &str, size: u32, count: u32) -> Vec<Outgoing> {
        let mut random = StdRng::seed_from_u64(u64::from(size));
        let campaigns = by_zipf(match self {
            Self::Donations => 1,
            Self::Campaigns => size,
        });
        let message = |number| {
            let id = format!("{ids}-{number:06}");
            let campaign = format!("campaign-{}", campaigns.sample(&mut random));
            events::created(&id, &id).donor(&id).campaign(&campaign).into()
        };
        (0..count).map(message).collect()
    }
}

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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::measure::is_enough;

    #[test]
    fn a_round_shows_enough_events_for_a_p99() {
        assert!(is_enough(usize::try_from(WATCHED).unwrap(), 0.99));
    }

    #[test]
    fn a_grown_database_is_as_large_as_named() {
        let seeded = |axis: Axis, size| (0..axis.donations(size)).map(move |number| axis.campaign(number));
        let hot = seeded(Axis::Donations, 1_000).filter(|campaign| campaign == HOT);
        assert_eq!(hot.count(), 1_000);
        assert_eq!(
            seeded(Axis::Campaigns, 1_000).collect::<HashSet<_>>().len(),
            1_000
        );
    }

    #[test]
    fn a_round_brings_donations_that_were_not_there_to_campaigns_that_were() {
        let messages = Axis::Campaigns.messages("later-1", 50, 500);
        let bodies = messages.iter().map(|message| {
            let body: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
            body["payload"].clone()
        });
        let bodies: Vec<serde_json::Value> = bodies.collect();
        let ids: HashSet<&str> = bodies
            .iter()
            .map(|body| body["donationId"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), 500);
        assert!(ids.iter().all(|id| ("later-".."later.").contains(id)));
        let there: HashSet<String> = (0..50).map(|number| Axis::Campaigns.campaign(number)).collect();
        assert!(
            bodies
                .iter()
                .all(|body| there.contains(body["campaignId"].as_str().unwrap()))
        );
    }
}

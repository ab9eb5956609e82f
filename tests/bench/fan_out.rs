//! Crowds that watch one campaign at the service and at the floor, and changes for them to learn of.

use std::time::Duration;

use harness::{Process, events, eventually};
use mongodb::bson::{DateTime, doc};
use mongodb::options::WriteConcern;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::baseline::Baseline;
use crate::crowd::Crowd;
use crate::effort::Effort;
use crate::measure::{quantile, sorted};
use crate::publish::Publisher;
use crate::stage::Stage;
use crate::usage;

/// The campaign that all of them watch.
const CAMPAIGN: &str = "watched";

/// Between two changes the machine comes to rest.
const PAUSE: Duration = Duration::from_millis(20);

/// How a change comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The plain handler is told by a request.
    Floor,
    /// The totals are changed in the database: the fan-out alone.
    Database,
    /// An event is published: the whole journey.
    Worker,
}

/// All ways, the floor first.
pub const WAYS: [Way; 3] = [Way::Floor, Way::Database, Way::Worker];

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "told to a plain handler",
            Self::Database => "committed to MongoDB",
            Self::Worker => "published to RabbitMQ",
        }
    }
}

/// What so many watchers came to, round by round.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rounds {
    /// Milliseconds until the last watcher knew, over the changes of a round.
    pub p50: Vec<f64>,
    pub max: Vec<f64>,
    /// The same of each change, of all rounds.
    #[serde(skip)]
    pub all: Vec<f64>,
    /// CPU microseconds of the server for each watcher told.
    pub cpu_us: Vec<f64>,
    /// Memory of the server.
    pub kib_per_watcher: f64,
}

/// What the watchers watch.
pub struct Scene<'a> {
    stage: &'a Stage,
    api: Process,
    floor: Process,
    _worker: Process,
    publisher: Publisher,
    /// One for all changes of the floor: making one takes longer than any of them.
    client: reqwest::Client,
    /// Events published so far.
    events: u64,
    /// The floor's.
    revision: i64,
    /// The memory of the server of each way before its first watcher.
    idle: [f64; 3],
}

impl<'a> Scene<'a> {
    /// Starts the servers, and has the campaign's first donation counted.
    pub async fn set(stage: &'a Stage) -> Self {
        let worker = stage.worker().await;
        let mut scene = Self {
            stage,
            api: stage.api().await,
            floor: Baseline::FanOut.start().await,
            _worker: worker,
            publisher: Publisher::connect(&stage.broker).await,
            client: reqwest::Client::new(),
            events: 0,
            revision: 1,
            idle: [0.0; 3],
        };
        scene.change(Way::Worker).await;
        eventually(|| stage.database.totals(CAMPAIGN), Option::is_some).await;
        scene.idle = scene.resident();
        scene
    }

    /// All ways by turns, with so many watchers at either server.
    pub async fn watched_by(&mut self, watchers: u32, effort: &Effort) -> [Rounds; 3] {
        let mut of_floor = Crowd::gather(&self.floor.url, "/stream", watchers, self.revision).await;
        let path = format!("/api/totals/campaigns/{CAMPAIGN}/stream");
        let mut of_api = Crowd::gather(&self.api.url, &path, watchers, self.known(Way::Database).await).await;
        let mut of_all = WAYS.map(|_| Rounds::default());
        for _ in 0..effort.rounds {
            for (way, rounds) in WAYS.into_iter().zip(&mut of_all) {
                let crowd = match way {
                    Way::Floor => &mut of_floor,
                    Way::Database | Way::Worker => &mut of_api,
                };
                self.round(way, crowd, effort.changes, rounds).await;
            }
        }
        let watched = self.resident();
        for ((rounds, idle), watched) in of_all.iter_mut().zip(self.idle).zip(watched) {
            rounds.kib_per_watcher = ((watched - idle) / 1024.0 / f64::from(watchers)).round();
        }
        of_all
    }

    /// The memory of the server of each way.
    fn resident(&self) -> [f64; 3] {
        WAYS.map(|way| usage::resident_bytes(self.server(way)))
    }

    fn server(&self, way: Way) -> &Process {
        match way {
            Way::Floor => &self.floor,
            Way::Database | Way::Worker => &self.api,
        }
    }

    /// So many changes, each when all know the last.
    async fn round(&mut self, way: Way, crowd: &mut Crowd, changes: u32, rounds: &mut Rounds) {
        let cpu = usage::cpu_seconds(self.server(way).id());
        let mut revision = self.known(way).await;
        let mut waits = Vec::new();
        for _ in 0..changes {
            sleep(PAUSE).await;
            revision += 1;
            crowd.expect(revision);
            let counts_from = self.change(way).await;
            let informed = crowd.informed().await;
            waits.push(informed.saturating_duration_since(counts_from).as_secs_f64() * 1e3);
        }
        let cpu = usage::cpu_seconds(self.server(way).id()) - cpu;
        let (waits, told) = (sorted(waits), f64::from(changes) * f64::from(crowd.size()));
        rounds.p50.push(quantile(&waits, 0.5));
        rounds.max.push(quantile(&waits, 1.0));
        rounds.all.extend(waits);
        rounds.cpu_us.push(cpu * 1e6 / told);
    }

    /// The revision that the watchers know by now.
    async fn known(&self, way: Way) -> i64 {
        if way == Way::Floor {
            return self.revision;
        }
        let totals = self.stage.database.collection("campaign_totals");
        let found = totals.find_one(doc! { "_id": CAMPAIGN }).await.unwrap().unwrap();
        found.get_i64("revision").unwrap()
    }

    /// Makes one change, and returns the moment from which it counts: when it was committed or confirmed. The floor
    /// has nothing to commit; there it is when the change was asked for.
    async fn change(&mut self, way: Way) -> Instant {
        match way {
            Way::Floor => {
                self.revision += 1;
                let asked = Instant::now();
                let url = format!("{}/change", self.floor.url);
                let told = self.client.get(url).send().await.unwrap();
                assert_eq!(told.text().await.unwrap(), self.revision.to_string());
                asked
            }
            Way::Database => {
                let one = doc! { "totalAmountMinor": 1_000_i64, "totalPledges": 1_i64, "totalDonors": 1_i64, "revision": 1_i64 };
                let totals = self.stage.database.collection("campaign_totals");
                let change = doc! { "$inc": one, "$max": { "lastUpdated": DateTime::now() } };
                let update = totals.update_one(doc! { "_id": CAMPAIGN }, change);
                update.write_concern(WriteConcern::majority()).await.unwrap();
                Instant::now()
            }
            Way::Worker => {
                self.events += 1;
                let id = format!("{CAMPAIGN}-{}", self.events);
                let event = events::created(&id, &id).campaign(CAMPAIGN).donor(&id);
                self.publisher.publish(event.into()).await.await.unwrap()
            }
        }
    }
}

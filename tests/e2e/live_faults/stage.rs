//! The API and the database that the faults strike, and what each of them shows.

use std::collections::HashMap;
use std::time::Duration;

use dev_services::{Kind, Options, Server};
use mongodb::bson::doc;
use reqwest::StatusCode;
use tokio::time::Instant;

use super::{CAMPAIGNS, Witness, campaign};
use crate::harness::proxy::Proxy;
use crate::harness::{Database, Process, api_command, eventually};

/// An API that reaches MongoDB through a network that may fail, and a way around that network.
pub struct Stage {
    pub network: Proxy,
    pub database: Database,
    pub api: Process,
    _dir: tempfile::TempDir,
}

impl Stage {
    pub async fn set() -> (Self, Server) {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mongodb = Server::start(Kind::MongoDb, dir.path(), Options::default())
            .await
            .unwrap();
        let network = Proxy::start(mongodb.port()).await.unwrap();
        let database = Database::new(&mongodb.url(), "totals").await;
        let direct = mongodb.port().to_string();
        let url = database.url.replace(&direct, &network.port.to_string());
        let mut command = api_command();
        command.env("DATABASE_URL", url);
        let api = Process::start(command).await;
        let stage = Self {
            network,
            database,
            api,
            _dir: dir,
        };
        eventually(async || stage.follows().await, |follows| *follows).await;
        (stage, mongodb)
    }

    /// Waits until the API and, of what is watched, its watchers show what is stored, and says how long it took.
    pub async fn until_right(&self, witness: &Witness) -> Duration {
        let begun = Instant::now();
        let right = async || {
            let mut expected = HashMap::new();
            for number in 0..CAMPAIGNS {
                let campaign = campaign(number);
                let stored = self.stored(&campaign).await;
                let watched = number == 0 || witness.latest("a watcher", &campaign) == stored;
                if !watched || self.shown(&campaign).await != Some(stored) {
                    return false;
                }
                if stored > 0 {
                    expected.insert(campaign, stored);
                }
            }
            // Last: what a page reads from the database, the others are told.
            self.listed().await == Some(expected) && self.follows().await
        };
        eventually(right, |right| *right).await;
        begun.elapsed()
    }

    pub async fn follows(&self) -> bool {
        self.api.get("/health").await.1["live"]["listed"] == true
    }

    /// The campaigns in the list with their revisions, `None` while it cannot tell.
    pub async fn listed(&self) -> Option<HashMap<String, i64>> {
        let (status, body) = self
            .api
            .get("/api/totals/campaigns?limit=100&sortBy=lastUpdated")
            .await;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        assert_eq!(status, StatusCode::OK, "{body}");
        let totals = body["data"]["totals"].as_array().unwrap().iter();
        let versions = totals.map(|totals| {
            let campaign = totals["campaignId"].as_str().unwrap().to_owned();
            (campaign, totals["revision"].as_i64().unwrap())
        });
        Some(versions.collect())
    }

    /// The revision that is stored; 0 without totals.
    pub async fn stored(&self, campaign: &str) -> i64 {
        let totals = self.database.collection("campaign_totals");
        let found = totals.find_one(doc! { "_id": campaign }).await.unwrap();
        found.map_or(0, |totals| totals.get_i64("revision").unwrap())
    }

    /// The revision that the API shows; 0 for 404, `None` while it cannot tell.
    pub async fn shown(&self, campaign: &str) -> Option<i64> {
        let (status, body) = self.api.get(&format!("/api/totals/campaigns/{campaign}")).await;
        match status {
            StatusCode::OK => Some(body["data"]["revision"].as_i64().unwrap()),
            StatusCode::NOT_FOUND => Some(0),
            StatusCode::SERVICE_UNAVAILABLE => None,
            other => panic!("{other}: {body}"),
        }
    }
}

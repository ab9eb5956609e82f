//! A test's own database, seen directly.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt;
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::WriteConcern;

use crate::eventually;

/// One test's database.
#[derive(Clone)]
pub struct Database {
    /// For the binaries.
    pub url: String,
    database: mongodb::Database,
}

/// Amount in minor units, pledges, donors.
pub type Stored = (i64, i64, i64);

impl Database {
    /// The database `name` on this server.
    pub async fn new(server_url: &str, name: &str) -> Self {
        let client = Client::with_uri_str(server_url).await.unwrap();
        Self {
            url: dev_services::url::with_database(server_url, name),
            database: client.database(name),
        }
    }

    /// The same database as one member of its replica set has it.
    pub async fn on(&self, member_url: &str) -> Self {
        Self::new(member_url, self.database.name()).await
    }

    /// One of its collections.
    pub fn collection(&self, name: &str) -> mongodb::Collection<Document> {
        self.database.collection(name)
    }

    /// Removes all documents of these collections.
    pub async fn empty(&self, collections: &[&str]) {
        for name in collections {
            self.collection(name).delete_many(doc! {}).await.unwrap();
        }
    }

    /// How many documents a collection has.
    pub async fn count(&self, collection: &str) -> u64 {
        let collection = self.collection(collection);
        collection.count_documents(doc! {}).await.unwrap()
    }

    /// The answer to a command.
    pub async fn run(&self, command: Document) -> Document {
        self.database.run_command(command).await.unwrap()
    }

    /// The answer to a command that MongoDB may refuse.
    ///
    /// # Errors
    /// What MongoDB refuses it with.
    pub async fn try_run(&self, command: Document) -> mongodb::error::Result<Document> {
        self.database.run_command(command).await
    }

    /// The answer to an administrator's command.
    pub async fn run_admin(&self, command: Document) -> Document {
        let admin = self.database.client().database("admin");
        admin.run_command(command).await.unwrap()
    }

    /// The stored totals of a campaign.
    pub async fn totals(&self, campaign: &str) -> Option<Stored> {
        let found = self
            .collection("campaign_totals")
            .find_one(doc! { "_id": campaign })
            .await
            .unwrap();
        found.as_ref().map(stored)
    }

    /// Changes a campaign's totals as a worker does with one donation of 1.00, past log and donations.
    ///
    /// # Errors
    /// The driver's: the write may have been done or not.
    pub async fn donate(&self, campaign: &str) -> mongodb::error::Result<()> {
        let now = mongodb::bson::DateTime::now();
        let change = doc! {
            "$inc": { "totalAmountMinor": 100_i64, "totalPledges": 1_i64, "totalDonors": 0_i64, "revision": 1_i64 },
            "$max": { "lastUpdated": now }, "$setOnInsert": { "createdAt": now },
        };
        let totals = self.collection("campaign_totals");
        let update = totals.update_one(doc! { "_id": campaign }, change).upsert(true);
        update.write_concern(WriteConcern::majority()).await?;
        Ok(())
    }

    /// Makes a view of the totals, of which MongoDB tells no changes: an API has to read everything from the database.
    pub async fn hide_changes(&self) {
        let name = self.database.name();
        self.run_admin(doc! {
            "renameCollection": format!("{name}.campaign_totals"), "to": format!("{name}.hidden_totals"),
        })
        .await;
        let view = self.database.create_collection("campaign_totals");
        view.view_on("hidden_totals".to_owned()).await.unwrap();
    }

    /// How many events are processed.
    pub async fn processed(&self) -> usize {
        self.try_processed().await.unwrap()
    }

    /// As [`processed`](Self::processed); none while the server cannot tell.
    pub async fn try_processed(&self) -> Option<usize> {
        let log = self.collection("event_log");
        let count = log.count_documents(doc! { "status": "PROCESSED" }).await.ok()?;
        usize::try_from(count).ok()
    }

    /// A row of the event log.
    pub async fn row(&self, event_id: &str) -> Option<Document> {
        self.collection("event_log")
            .find_one(doc! { "_id": event_id })
            .await
            .unwrap()
    }

    /// The log's row of a failure of this event. It is written after the letter: waited for.
    pub async fn failed_row(&self, event_id: &str) -> Document {
        let log = self.collection("event_log");
        let failed = doc! { "status": "FAILED", "eventId": event_id };
        let look = async || log.find_one(failed.clone()).await.unwrap();
        eventually(look, Option::is_some).await.unwrap()
    }

    /// Changes one document, as a person does by hand.
    pub async fn change(&self, collection: &str, id: &str, update: Document) {
        let collection = self.collection(collection);
        let changed = collection.update_one(doc! { "_id": id }, update).await;
        assert_eq!(changed.unwrap().modified_count, 1);
    }

    /// Invariants 1 and 5 of the design, recomputed from the donations alone: every campaign's totals are the sum of
    /// its donations' contributions, and none is negative. Those that are live name their donor. The effects in the log
    /// add up to the same. So does the history, slot by slot.
    pub async fn check_invariants(&self) {
        let mut folded: BTreeMap<String, (i64, i64, BTreeSet<String>)> = BTreeMap::new();
        for donation in self.all("donations").await {
            let Ok(campaign) = donation.get_str("campaignId") else {
                continue;
            };
            let sum = folded.entry(campaign.to_owned()).or_default();
            let left = donation.get_i64("amountMinor").unwrap() - donation.get_i64("refundedMinor").unwrap();
            let donor = donation.get_str("donorId").ok().filter(|_| left > 0);
            assert_eq!(
                donation.get_str("liveDonor").ok(),
                donor,
                "a donor has the donations that are live"
            );
            if left > 0 {
                sum.0 += left;
                sum.1 += 1;
                sum.2.extend(donation.get_str("donorId").ok().map(str::to_owned));
            }
        }
        let mut folded: BTreeMap<String, Stored> = folded
            .into_iter()
            .map(|(campaign, (amount, pledges, donors))| {
                (campaign, (amount, pledges, i64::try_from(donors.len()).unwrap()))
            })
            .collect();
        let stored_totals = self.all("campaign_totals").await;
        let told_of = stored_totals.iter().filter(|totals| totals.contains_key("facts"));
        for totals in told_of {
            folded
                .entry(totals.get_str("_id").unwrap().to_owned())
                .or_default();
        }
        let totals: BTreeMap<String, Stored> = stored_totals
            .iter()
            .map(|totals| (totals.get_str("_id").unwrap().to_owned(), stored(totals)))
            .collect();
        assert_eq!(totals, folded, "the totals are the fold of the donations");

        let mut effects: BTreeMap<String, Stored> = folded
            .keys()
            .map(|campaign| (campaign.clone(), (0, 0, 0)))
            .collect();
        for row in self.all("event_log").await {
            let Ok(effect) = row.get_document("effect") else {
                continue;
            };
            let sum = effects
                .entry(row.get_str("campaignId").unwrap().to_owned())
                .or_default();
            sum.0 += effect.get_i64("amountMinor").unwrap();
            sum.1 += effect.get_i64("pledges").unwrap();
            sum.2 += effect.get_i64("donors").unwrap();
        }
        assert_eq!(
            totals, effects,
            "the totals are the sum of the effects in the log"
        );
        self.check_history().await;
    }

    /// Has the server record every operation on this database from here on.
    pub async fn profile(&self) {
        // Room for all of a test: the collection drops its oldest records when full.
        let room = self
            .database
            .create_collection("system.profile")
            .capped(true)
            .size(16 << 20);
        room.await.unwrap();
        self.database.run_command(doc! { "profile": 2 }).await.unwrap();
    }

    /// The recorded commands of this name on a collection, oldest first.
    pub async fn profiled(&self, collection: &str, command: &str) -> Vec<Document> {
        let (field, namespace) = (
            format!("command.{command}"),
            format!("{}.{collection}", self.database.name()),
        );
        self.collection("system.profile")
            .find(doc! { "ns": namespace, field: { "$exists": true } })
            .sort(doc! { "$natural": 1 })
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap()
    }

    /// Removes the database, from whatever runtime: the client's own tasks live on the test's.
    pub async fn remove(url: &str) {
        let client = Client::with_uri_str(url).await.unwrap();
        let _ = client.default_database().unwrap().drop().await;
    }

    pub(crate) async fn all(&self, collection: &str) -> Vec<Document> {
        self.collection(collection)
            .find(doc! {})
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap()
    }
}

fn stored(totals: &Document) -> Stored {
    let field = |name| totals.get_i64(name).unwrap();
    (
        field("totalAmountMinor"),
        field("totalPledges"),
        field("totalDonors"),
    )
}

//! Follows the changes of all totals, past the proxies, and keeps the sum after each commit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use harness::Database;
use mongodb::bson::{Bson, Document, doc};
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::{ChangeStreamEvent, OperationType, ResumeToken};
use mongodb::{Client, Collection};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{State, Sum};

/// Pause between attempts to follow a server that was killed.
const PAUSE: Duration = Duration::from_millis(50);

/// How long the follower may lag behind at the end.
const DEADLINE: Duration = Duration::from_secs(20);

type Changes = ChangeStream<ChangeStreamEvent<Document>>;

/// The sums that there were.
pub struct Follower {
    totals: Collection<Document>,
    states: Arc<Mutex<Vec<State>>>,
    task: JoinHandle<()>,
}

/// What each campaign adds: its amount in minor units and its pledges.
#[derive(Default)]
struct Parts {
    campaigns: HashMap<Bson, (i64, i64)>,
    sum: Sum,
}

impl Follower {
    /// Begins while there are no totals yet.
    pub async fn start(database: &Database) -> Self {
        // A lost server is looked for anew soon.
        let url = format!(
            "{}&serverSelectionTimeoutMS=500&connectTimeoutMS=500",
            database.url
        );
        let client = Client::with_uri_str(url).await.unwrap();
        let database = client.default_database().unwrap();
        let totals: Collection<Document> = database.collection("campaign_totals");
        let changes = totals.watch().await.unwrap();
        let count = totals.count_documents(doc! {}).await.unwrap();
        assert_eq!(count, 0, "the suite should have heard of all campaigns");
        let none = State {
            sum: Sum::default(),
            committed: 0,
            heard: Instant::now(),
        };
        let states = Arc::new(Mutex::new(vec![none]));
        let task = tokio::spawn(follow(totals.clone(), changes, states.clone()));
        Self { totals, states, task }
    }

    /// All sums that there were, once the last one is what the database adds up to. Nothing may be changing any more.
    ///
    /// # Errors
    /// If the follower has lost its way.
    pub async fn end(self) -> Result<Vec<State>, String> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let stored = self.stored().await;
            let last = self.states.lock().unwrap().last().map(|state| state.sum);
            if last == Some(stored) {
                break;
            }
            if Instant::now() > deadline || self.task.is_finished() {
                return Err(format!(
                    "the suite has followed the sum to {last:?}, and the database adds up to {stored:?}"
                ));
            }
            sleep(PAUSE).await;
        }
        self.task.abort();
        Ok(std::mem::take(&mut *self.states.lock().unwrap()))
    }

    async fn stored(&self) -> Sum {
        let mut found = self.totals.find(doc! {}).await.unwrap();
        let mut parts = Parts::default();
        while let Some(document) = found.next().await {
            parts.put(&document.unwrap());
        }
        parts.sum
    }
}

/// Follows for ever. A lost stream goes on where it was; the server keeps hours of changes.
async fn follow(totals: Collection<Document>, mut changes: Changes, states: Arc<Mutex<Vec<State>>>) {
    let mut parts = Parts::default();
    let mut latest = None;
    loop {
        while let Some(Ok(change)) = changes.next().await {
            let time = change.cluster_time;
            let committed = time.map_or(0, |time| time.time.into());
            parts.take(change);
            let state = State {
                sum: parts.sum,
                committed,
                heard: Instant::now(),
            };
            let mut states = states.lock().unwrap();
            // Of another campaign of the same commit: there never was the sum between the two.
            if time.is_some() && latest == time {
                states.pop();
            }
            latest = time;
            states.push(state);
        }
        changes = again(&totals, changes.resume_token()).await;
    }
}

async fn again(totals: &Collection<Document>, token: Option<ResumeToken>) -> Changes {
    loop {
        sleep(PAUSE).await;
        if let Ok(changes) = totals.watch().resume_after(token.clone()).await {
            return changes;
        }
    }
}

impl Parts {
    fn take(&mut self, change: ChangeStreamEvent<Document>) {
        let id = change.document_key.and_then(|mut key| key.remove("_id"));
        match (change.operation_type, id) {
            (OperationType::Insert | OperationType::Replace, Some(_)) => {
                self.put(&change.full_document.unwrap());
            }
            (OperationType::Update, Some(id)) => {
                let fields = change.update_description.unwrap().updated_fields;
                let (amount, pledges) = self.campaigns[&id];
                let field = |name, before| fields.get_i64(name).unwrap_or(before);
                let now = (field("totalAmountMinor", amount), field("totalPledges", pledges));
                self.set(id, Some(now));
            }
            (OperationType::Delete, Some(id)) => self.set(id, None),
            (other, _) => panic!("nothing in this suite does {other:?} to the totals"),
        }
    }

    fn put(&mut self, document: &Document) {
        let field = |name| document.get_i64(name).unwrap();
        let now = (field("totalAmountMinor"), field("totalPledges"));
        self.set(document.get("_id").unwrap().clone(), Some(now));
    }

    fn set(&mut self, campaign: Bson, now: Option<(i64, i64)>) {
        let before = match now {
            Some(now) => self.campaigns.insert(campaign, now),
            None => self.campaigns.remove(&campaign),
        };
        for (part, sign) in [(before, -1), (now, 1)] {
            let Some((amount, pledges)) = part else { continue };
            self.sum.amount_minor += i128::from(amount) * sign;
            self.sum.pledges += i128::from(pledges) * sign;
        }
        self.sum.campaigns = self.campaigns.len() as u64;
    }
}

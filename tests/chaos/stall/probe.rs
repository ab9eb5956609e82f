//! Probes of a service that should count: one event of each kind for every lane, and one broken message.
//!
//! They belong to no history: their campaigns, donations and ids begin with `probe-`, and are removed before the rest is
//! compared with the oracle.

use std::time::Duration;

use harness::events::{created, paid, payment_refunded, refunded};
use harness::{Broker, Database, DeadLetter, Outgoing};
use mongodb::bson::doc;
use tokio::time::{Instant, sleep};

/// Campaigns enough that every lane has some.
const CAMPAIGNS: usize = 8;

/// Pause between two looks, and between two attempts to publish.
const POLL: Duration = Duration::from_millis(100);

/// Messages that were published at one moment.
pub struct Probes {
    ids: Vec<String>,
    /// When the broker had confirmed all of them; none if it never did.
    pub published: Option<Instant>,
}

impl Probes {
    /// Publishes the probes of this number, again and again until they are confirmed and routed, or until `deadline`.
    pub async fn send(broker: &Broker, number: u32, deadline: Instant) -> Self {
        let (messages, ids) = messages(number);
        let mut published = None;
        while published.is_none() && Instant::now() < deadline {
            match broker.try_publish(messages.clone()).await {
                Ok(()) => published = Some(Instant::now()),
                Err(_) => sleep(POLL).await,
            }
        }
        Self { ids, published }
    }

    /// Returns true if the log has a row of each. A broken one has its row once it is in the dead-letter queue.
    pub async fn are_logged(&self, database: &Database) -> bool {
        let log = database.collection("event_log");
        let logged = log.count_documents(doc! { "_id": { "$in": &self.ids } }).await;
        logged.is_ok_and(|logged| logged == self.ids.len() as u64)
    }

    /// The same without the broken one, which may have to wait.
    pub fn without_broken(mut self) -> Self {
        self.ids.retain(|id| !id.ends_with("-broken"));
        self
    }
}

/// Removes all that probes have left.
pub async fn remove(database: &Database) {
    for collection in ["event_log", "donations", "campaign_totals"] {
        let documents = database.collection(collection);
        let probes = doc! { "_id": { "$regex": "^probe-" } };
        documents.delete_many(probes).await.unwrap();
    }
    // Their history as well: what is taken from that of all campaigns stands in a lane of its own.
    let (campaigns, all) = ("campaign_history", "platform_history");
    for (campaign, slots) in database.campaign_history().await {
        if !campaign.starts_with("probe-") {
            continue;
        }
        for ((day, quarter), (amount, pledges)) in slots {
            let taken =
                doc! { format!("amountMinor.{quarter}"): -amount, format!("pledges.{quarter}"): -pledges };
            let lane = doc! { "_id": { "day": day, "lane": "probes" } };
            let taking = database
                .collection(all)
                .update_one(lane, doc! { "$inc": taken })
                .upsert(true)
                .await;
            taking.unwrap();
        }
    }
    // Those in which nothing is left as well.
    let days = doc! { "_id.campaignId": { "$regex": "^probe-" } };
    database.collection(campaigns).delete_many(days).await.unwrap();
}

/// Returns true if this is a broken probe.
pub fn is_probe(letter: &DeadLetter) -> bool {
    String::from_utf8_lossy(&letter.body).contains(r#""eventId":"probe-"#)
}

fn messages(number: u32) -> (Vec<Outgoing>, Vec<String>) {
    let mut events: Vec<(String, Outgoing)> = (0..CAMPAIGNS)
        .map(|lane| {
            let id = format!("probe-{number}-{lane}");
            let event = created(&id, &id).campaign(&format!("probe-{lane}"));
            (id, event.into())
        })
        .collect();
    let id = |what: &str| format!("probe-{number}-{what}");
    let donation = id("0");
    let refund = refunded(&id("refund"), &donation).campaign("probe-0");
    events.push((id("refund"), refund.into()));
    events.push((id("paid"), paid(&id("paid"), &donation).into()));
    let returned = payment_refunded(&id("returned"), &donation);
    events.push((id("returned"), returned.into()));
    let broken = created(&id("broken"), &donation).amount_text("0");
    events.push((id("broken"), broken));
    let (ids, messages) = events.into_iter().unzip();
    (messages, ids)
}

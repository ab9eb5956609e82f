//! Removes a campaign, for testing.
//!
//! Only the log is deleted here. A rebuild then makes the donations, the totals and the history follow from what is left of it, so
//! that events that arrive meanwhile are counted. A reset that was interrupted can be run again.

use std::collections::HashSet;

use mongodb::bson::{Document, RawDocument, doc};
use mongodb::options::WriteConcern;

use crate::domain::{AmountRules, CampaignId, EventType};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::ledger::explain::waiting;
use crate::store::read::snapshot::Snapshot;
use crate::store::schema::document::{DONATIONS, EVENT_LOG};
use crate::store::schema::indexes::{DONATIONS_BY_CAMPAIGN, LOG_BY_CAMPAIGN, LOG_EARLY};
use crate::store::schema::ownership::OF_DONATIONS;

/// Attempts to remove a campaign that events still arrive for.
const ATTEMPTS: u32 = 5;

/// Ids in one command, which must stay below 16 MB.
const AT_ONCE: usize = 10_000;

/// What a reset has removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// Log rows, payments and failures included.
    pub events: u64,
    /// Donations.
    pub donations: u64,
}

impl Store {
    /// Removes everything about a campaign: its log rows, payments of its donations among them, its donations, its
    /// totals and its history. Its dead letters stay.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer, or if events of the campaign keep arriving; part of it is
    /// gone then, and the rest goes with the next reset.
    pub async fn reset(&self, campaign: &CampaignId, amounts: AmountRules) -> Result<Reset, StoreError> {
        let (mut events, mut donations) = (0, HashSet::new());
        for _ in 0..ATTEMPTS {
            events += self.remove_log(campaign, &mut donations).await?;
            // A refund that arrived in between lacks its donation in the log: it goes with the next attempt.
            if self.follow_log(campaign, amounts).await? {
                let donations = donations.len() as u64;
                return Ok(Reset { events, donations });
            }
        }
        Err(StoreError::defect(format!(
            "events of campaign {campaign} keep arriving: stop what sends them, and reset it again"
        )))
    }

    /// Removes the campaign's log rows and returns how many there were. Adds the donations that lose their rows to
    /// `donations`.
    async fn remove_log(
        &self,
        campaign: &CampaignId,
        donations: &mut HashSet<String>,
    ) -> Result<u64, StoreError> {
        let snapshot = Snapshot::take(self).await?;
        donations.extend(donations_of(&snapshot, campaign).await?);
        let waiting = waiting(&snapshot, campaign.as_str()).await?;
        let uncreated: Vec<_> = waiting.into_iter().map(|refund| refund.donation).collect();
        donations.extend(uncreated.iter().cloned());
        // Rows that are not filed under the campaign: found while its donations are still known.
        let apart = rows_filed_elsewhere(&snapshot, donations).await?;
        let mut removed = 0;
        for ids in apart.chunks(AT_ONCE) {
            removed += self.delete(EVENT_LOG, doc! { "_id": { "$in": ids } }).await?;
        }
        for ids in uncreated.chunks(AT_ONCE) {
            let refunds = doc! {
                "_id": { "$in": ids }, "campaignId": null, "$nor": [OF_DONATIONS.missing()],
            };
            self.delete(DONATIONS, refunds).await?;
        }
        let filed = doc! { "campaignId": campaign.as_str(), "early": { "$ne": true } };
        Ok(removed + self.delete(EVENT_LOG, filed).await?)
    }

    async fn delete(&self, collection: &'static str, filter: Document) -> Result<u64, StoreError> {
        self.detached(|driver| async move {
            let collection = driver.database.collection::<Document>(collection);
            // Of a majority, because what comes next reads what a majority has.
            let delete = collection
                .delete_many(filter)
                .write_concern(WriteConcern::majority());
            Ok(delete.await?.deleted_count)
        })
        .await
    }
}

/// The campaign's donations, by what is stored and by the log.
async fn donations_of(
    snapshot: &Snapshot,
    campaign: &CampaignId,
) -> Result<impl Iterator<Item = String>, StoreError> {
    let stored = doc! {
        "find": DONATIONS,
        "filter": { "campaignId": campaign.as_str(), "$nor": [OF_DONATIONS.missing()] },
        "hint": DONATIONS_BY_CAMPAIGN, "projection": { "_id": 1 },
    };
    let logged = doc! {
        "find": EVENT_LOG,
        "filter": { "campaignId": campaign.as_str(), "type": "donation.created", "status": "PROCESSED" },
        "hint": LOG_BY_CAMPAIGN, "projection": { "_id": 0, "donationId": 1 },
    };
    let stored = snapshot.all(stored, |row| Ok(text(row, "_id"))).await?;
    let logged = snapshot.all(logged, |row| Ok(text(row, "donationId"))).await?;
    Ok(stored.into_iter().chain(logged).flatten())
}

/// The log rows about these donations that are not filed under their campaign: payments, and refunds that came first.
async fn rows_filed_elsewhere(
    snapshot: &Snapshot,
    donations: &HashSet<String>,
) -> Result<Vec<String>, StoreError> {
    let early = doc! { "find": EVENT_LOG, "filter": { "early": true }, "hint": LOG_EARLY };
    let payments =
        doc! { "find": EVENT_LOG, "filter": { "type": { "$in": EventType::WITHOUT_CAMPAIGN.to_vec() } } };
    let mut ids = Vec::new();
    for mut command in [early, payments] {
        command.insert("projection", doc! { "donationId": 1 });
        // A row that lacks one of these belongs to no donation.
        let mut rows = snapshot.stream_some(command, |row| Ok(text(row, "_id").zip(text(row, "donationId"))));
        while let Some((id, donation)) = rows.next().await? {
            if donations.contains(&donation) {
                ids.push(id);
            }
        }
    }
    Ok(ids)
}

fn text(row: &RawDocument, field: &str) -> Option<String> {
    row.get_str(field).ok().map(str::to_owned)
}

//! The donations of which only refunds are known: they wait for their creation, and belong to no campaign yet.

use std::collections::{HashMap, HashSet};

use mongodb::bson::{RawBsonRef, RawDocument, doc};

use super::donations::any_donation;
use super::failed::failed;
use super::pass::{Pass, Stray};
use super::problem::Problem;
use super::rows::no_early_event;
use super::unreadable::{Unreadable, documents_apart, rows_of_no_campaign};
use super::{CampaignAudit, Damage};
use crate::domain::{Donation, DonationId, EventType, Money};
use crate::store::error::StoreError;
use crate::store::schema::document::DONATIONS;
use crate::store::schema::indexes::DONATIONS_BY_CAMPAIGN;

/// Documents looked up by id in one query, which must stay below 16 MB.
pub(super) const LOOKED_UP_AT_ONCE: usize = 10_000;

impl Pass {
    /// Compares the donations that have refunds but no creation, apart from those in `placed`.
    pub async fn unplaced(&mut self, placed: &HashSet<DonationId>) -> Result<CampaignAudit, StoreError> {
        let mut audit = CampaignAudit::default();
        let mut missing = HashMap::new();
        for (id, amounts) in self.early.iter().filter(|(id, _)| !placed.contains(*id)) {
            audit.events += amounts.len() as u64;
            let refunded = amounts
                .iter()
                .fold(Money::ZERO, |sum, amount| sum.saturating_add(*amount));
            missing.insert(
                id.clone(),
                Donation {
                    creation: None,
                    refunded,
                    at: None,
                },
            );
        }
        audit.donations = missing.len() as u64;
        let command =
            doc! { "find": DONATIONS, "filter": { "campaignId": null }, "hint": DONATIONS_BY_CAMPAIGN };
        let mut stored = self.snapshot.stream(command, |it| {
            Ok(any_donation(it).map_err(|problem| Unreadable::donation(it, problem)))
        });
        while let Some(stored) = stored.next().await? {
            match stored {
                Ok((id, stored)) => audit.compare_donation(id, stored, &mut missing),
                Err(unreadable) => audit.unreadable_donation(unreadable, &mut missing),
            }
        }
        self.add_stray(&mut audit, &mut missing).await?;
        // Donations that were created since their campaign was audited, under a former snapshot.
        let ids: Vec<_> = missing.keys().map(DonationId::to_string).collect();
        for ids in ids.chunks(LOOKED_UP_AT_ONCE) {
            let command = doc! {
                "find": DONATIONS, "filter": { "_id": { "$in": ids } }, "projection": { "_id": 1 },
            };
            let mut created = self
                .snapshot
                .stream_some(command, |it| Ok(it.get_str("_id").ok().map(str::to_owned)));
            while let Some(id) = created.next().await? {
                missing.remove(id.as_str());
            }
        }
        audit.add_missing(missing);
        Ok(audit)
    }

    /// Adds the documents that belong to no campaign and do not wait for one.
    async fn add_stray(
        &mut self,
        audit: &mut CampaignAudit,
        missing: &mut HashMap<DonationId, Donation>,
    ) -> Result<(), StoreError> {
        let Stray { damaged, unreadable } = std::mem::take(&mut self.stray);
        audit.damaged.extend(damaged);
        let mut rows = self
            .snapshot
            .stream(rows_of_no_campaign(), |row| Ok(Damage::new(row, apart(row))));
        while let Some(damage) = rows.next().await? {
            audit.damaged.push(damage);
        }
        for unreadable in unreadable {
            audit.unreadable_donation(unreadable, missing);
        }
        for mut stream in documents_apart(&self.snapshot) {
            while let Some(unreadable) = stream.next().await? {
                audit.unreadable_donation(unreadable, missing);
            }
        }
        Ok(())
    }
}

/// What is wrong with a row that is of no campaign.
fn apart(row: &RawDocument) -> Problem {
    let value = |name| row.get(name).ok().flatten();
    let text = |name| value(name).and_then(RawBsonRef::as_str);
    if text("_id").is_none() {
        "its _id is no event's".into()
    } else if text("status") == Some("FAILED") {
        failed(value("payload").is_some())
    } else if text("status") != Some("PROCESSED") {
        "its status is neither PROCESSED nor FAILED".into()
    } else if text("donationId").is_none() {
        "its donationId is missing, or of another type".into()
    } else if text("type").is_some_and(|it| EventType::WITHOUT_CAMPAIGN.contains(&it))
        && value("campaignId").is_none()
    {
        no_early_event()
    } else {
        "its campaignId is missing, or none, or it is no payment's".into()
    }
}

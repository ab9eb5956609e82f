//! The donations of which only refunds are known: what waits for a creation, and belongs to no campaign yet.

use std::collections::{HashMap, HashSet};

use mongodb::bson::doc;

use super::CampaignAudit;
use super::pass::Pass;
use super::rows::StoredDonation;
use crate::domain::{Donation, DonationId, Money};
use crate::store::StoreError;
use crate::store::document::{DONATIONS, DonationDocument};
use crate::store::indexes::DONATIONS_BY_CAMPAIGN;
use crate::store::snapshot::read;

/// Documents looked up by id in one query, which must stay below 16 MB.
const LOOKED_UP_AT_ONCE: usize = 10_000;

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
                },
            );
        }
        audit.donations = missing.len() as u64;
        let command =
            doc! { "find": DONATIONS, "filter": { "campaignId": null }, "hint": DONATIONS_BY_CAMPAIGN };
        let mut stored = self.snapshot.stream(command, |it| {
            let misfiled = it.get("liveDonor").ok().flatten().is_some();
            Ok((misfiled, read::<DonationDocument>(it)?.into_parts()))
        });
        while let Some((misfiled, (donation, stored))) = stored.next().await? {
            audit.compare_donation(donation, StoredDonation { stored, misfiled }, &mut missing);
        }
        // Those created since their campaign was audited, under a former snapshot.
        let ids: Vec<_> = missing.keys().map(DonationId::to_string).collect();
        for ids in ids.chunks(LOOKED_UP_AT_ONCE) {
            let command = doc! { "find": DONATIONS, "filter": { "_id": { "$in": ids } } };
            let mut created = self
                .snapshot
                .stream(command, |it| Ok(read::<DonationDocument>(it)?.into_parts().0));
            while let Some(id) = created.next().await? {
                missing.remove(&id);
            }
        }
        audit.add_missing(missing);
        Ok(audit)
    }
}

//! Payments against donations: a donation is published once it is paid, so each should have both.
//!
//! Both are read in the order of their donation's id, under one snapshot, so that memory holds none of them. What is
//! missing may still be on its way; and a platform may have donations from before it logged payments. So this is
//! for a person to judge, and nothing that follows from the log can be called wrong for it.

use mongodb::bson::doc;

use super::Scope;
use crate::domain::DonationId;
use crate::store::document::{DONATIONS, EVENT_LOG};
use crate::store::snapshot::{Snapshot, read};
use crate::store::{Listed, Store, StoreError};

/// What the payments and the donations say of each other.
#[derive(Debug, Clone, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentAudit {
    /// Donations that were created.
    pub donations: u64,
    /// Donations that were paid, created or not; of one campaign, those created.
    pub paid: u64,
    /// Paid and not created. Empty for one campaign: a payment names none.
    pub without_donation: Listed<DonationId>,
    /// Created and not paid.
    pub without_payment: Listed<DonationId>,
}

#[derive(serde::Deserialize)]
struct Created {
    #[serde(rename = "_id")]
    donation: DonationId,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paid {
    donation_id: DonationId,
}

impl Store {
    /// Compares payments with donations, showing at most `shown` of each finding.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn audit_payments(&self, scope: &Scope, shown: usize) -> Result<PaymentAudit, StoreError> {
        let snapshot = Snapshot::take(&self.database).await?;
        let campaign = match scope {
            Scope::All => doc! { "$gt": "" },
            Scope::Campaign(campaign) => doc! { "$eq": campaign.as_str() },
        };
        let mut created = snapshot.stream(
            doc! {
                "find": DONATIONS, "filter": { "campaignId": campaign }, "projection": { "_id": 1 },
                "sort": { "_id": 1 }, "allowDiskUse": true,
            },
            |it| Ok(read::<Created>(it)?.donation),
        );
        let mut paid = snapshot.stream(
            doc! {
                "find": EVENT_LOG, "filter": { "type": "payment.completed", "status": "PROCESSED" },
                "projection": { "_id": 0, "donationId": 1 }, "sort": { "donationId": 1 }, "allowDiskUse": true,
            },
            |it| Ok(read::<Paid>(it)?.donation_id),
        );
        let mut audit = PaymentAudit::default();
        loop {
            let heads = [created.peek().await?, paid.peek().await?];
            let Some(next) = heads.iter().flatten().min().copied().cloned() else {
                return Ok(audit);
            };
            let is_created = created.next_if(|donation| *donation == next).await?.is_some();
            let mut is_paid = false;
            while paid.next_if(|donation| *donation == next).await?.is_some() {
                is_paid = true;
            }
            audit.donations += u64::from(is_created);
            audit.paid += u64::from(is_paid && (is_created || *scope == Scope::All));
            match (is_created, is_paid) {
                (true, false) => audit.without_payment.add(next, shown),
                (false, true) if *scope == Scope::All => audit.without_donation.add(next, shown),
                _ => {}
            }
        }
    }
}

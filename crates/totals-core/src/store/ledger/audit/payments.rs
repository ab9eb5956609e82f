//! Payments beside donations: which donations were paid and never created, and which were created and never paid?
//!
//! The log files payments under no campaign. So all payments are compared with all donations along two indexes, in the
//! order of the donations' ids. No document is read, except for the few donations that wait for their creation. For one
//! campaign, the payments of its donations are looked up: that costs what the campaign has, not what the platform has.

use std::collections::HashSet;

use mongodb::bson::{Document, doc};

use super::Scope;
use crate::domain::{CampaignId, DonationId};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::ledger::truncated::Truncated;
use crate::store::read::snapshot::{Snapshot, Stream};
use crate::store::schema::document::{DONATIONS, EVENT_LOG, id_in};
use crate::store::schema::indexes::{DONATIONS_BY_CAMPAIGN, LOG_PAYMENTS};

/// Donations whose payments are looked up in one query, which must stay below 16 MB.
const LOOKED_UP_AT_ONCE: usize = 1_000;

/// What the payments and the donations say of each other.
#[derive(Debug, Clone, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentAudit {
    /// Donations that were created.
    pub donations: u64,
    /// Donations that were paid, created or not; of one campaign, those created.
    pub paid: u64,
    /// Paid and not created. Empty for one campaign: a payment names none.
    pub without_donation: Truncated<DonationId>,
    /// Created and not paid.
    pub without_payment: Truncated<DonationId>,
}

impl Store {
    /// Compares payments with donations, showing at most `shown` of each finding.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn audit_payments(&self, scope: &Scope, shown: usize) -> Result<PaymentAudit, StoreError> {
        let snapshot = Snapshot::take(self).await?;
        match scope {
            Scope::All => all_payments(&snapshot, shown).await,
            Scope::Campaign(campaign) => payments_of(&snapshot, campaign, shown).await,
        }
    }
}

/// Walks along all donations and all payments side by side.
async fn all_payments(snapshot: &Snapshot, shown: usize) -> Result<PaymentAudit, StoreError> {
    let ids = doc! { "find": DONATIONS, "filter": { "_id": { "$gt": "" } }, "projection": { "_id": 1 }, "sort": { "_id": 1 }, "hint": "_id_" };
    let mut known = donation_ids(snapshot, ids, "_id");
    let mut waiting = donation_ids(snapshot, stored(doc! { "campaignId": null }), "_id");
    let mut paid = donation_ids(snapshot, paid(doc! { "$gt": "" }), "donationId");
    let mut audit = PaymentAudit::default();
    loop {
        let heads = [known.peek().await?, paid.peek().await?];
        let Some(next) = heads.iter().flatten().min().copied().cloned() else {
            return Ok(audit);
        };
        let is_known = known.next_if(|donation| *donation == next).await?.is_some();
        // A donation that waits for its creation is known by refunds alone.
        let is_waiting = waiting.next_if(|donation| *donation == next).await?.is_some();
        let mut is_paid = false;
        while paid.next_if(|donation| *donation == next).await?.is_some() {
            is_paid = true;
        }
        let is_created = is_known && !is_waiting;
        audit.donations += u64::from(is_created);
        audit.paid += u64::from(is_paid);
        match (is_created, is_paid) {
            (true, false) => audit.without_payment.add(next, shown),
            (false, true) => audit.without_donation.add(next, shown),
            _ => {}
        }
    }
}

/// Looks up the payments of one campaign's donations.
async fn payments_of(
    snapshot: &Snapshot,
    campaign: &CampaignId,
    shown: usize,
) -> Result<PaymentAudit, StoreError> {
    let mut created = donation_ids(snapshot, stored(doc! { "campaignId": campaign.as_str() }), "_id");
    let mut audit = PaymentAudit::default();
    loop {
        let mut some = Vec::with_capacity(LOOKED_UP_AT_ONCE);
        while some.len() < LOOKED_UP_AT_ONCE
            && let Some(donation) = created.next().await?
        {
            some.push(donation);
        }
        if some.is_empty() {
            return Ok(audit);
        }
        let ids: Vec<&str> = some.iter().map(DonationId::as_str).collect();
        let mut payments = donation_ids(snapshot, paid(doc! { "$in": ids }), "donationId");
        let mut paid = HashSet::new();
        while let Some(donation) = payments.next().await? {
            paid.insert(donation);
        }
        audit.donations += some.len() as u64;
        audit.paid += paid.len() as u64;
        for donation in some.into_iter().filter(|donation| !paid.contains(donation)) {
            audit.without_payment.add(donation, shown);
        }
    }
}

/// The ids of stored donations, in their order.
fn stored(mut filter: Document) -> Document {
    filter.insert("_id", doc! { "$gt": "" });
    doc! {
        "find": DONATIONS, "filter": filter, "projection": { "_id": 1 }, "sort": { "_id": 1 },
        "hint": DONATIONS_BY_CAMPAIGN, "allowDiskUse": true,
    }
}

/// The donations that logged payments name, in the order of their ids, once for each payment.
fn paid(donations: Document) -> Document {
    doc! {
        "find": EVENT_LOG,
        "filter": { "donationId": donations, "type": "payment.completed", "status": "PROCESSED" },
        "projection": { "_id": 0, "donationId": 1 }, "sort": { "donationId": 1 }, "hint": LOG_PAYMENTS,
    }
}

/// The donations' ids in a field. A value that is none is passed over: the audit names it.
fn donation_ids(snapshot: &Snapshot, command: Document, field: &'static str) -> Stream<DonationId> {
    snapshot.stream_some(command, move |document| Ok(id_in(document, field)))
}

//! Payments beside donations: which donations were paid and never created, which were created and never paid, and which
//! were paid with another amount?
//!
//! The log files payments under no campaign. So all payments are read side by side with all donations, in the order of the
//! donations' ids. For one campaign, the payments of its donations are looked up: that costs what the campaign has, not
//! what the platform has. Where the log has no completed payment, the platform publishes none, and nothing is said.
//!
//! The payments of a donation are added up, because nothing says that there is only one. Refunds of payments are not
//! compared: no index finds them, and a donation's refund may be told by either event alone.

use std::collections::{HashMap, HashSet};

use mongodb::bson::{Document, RawBsonRef, RawDocument, doc};

use super::Scope;
use crate::domain::money::DecimalNumber;
use crate::domain::{AmountRules, CampaignId, DonationId, EventKind, EventType, Money, decode_payload};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::ledger::truncated::Truncated;
use crate::store::read::snapshot::{Snapshot, Stream};
use crate::store::schema::document::{DONATIONS, EVENT_LOG, as_i64, id_in};
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
    /// Created and paid, and the payments do not add up to the donation.
    pub other_amount: Truncated<OtherAmount>,
}

/// A donation whose payments add up to something else.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherAmount {
    /// The donation.
    pub donation_id: DonationId,
    /// What was donated, in major units.
    pub amount: DecimalNumber,
    /// What was paid, in major units. A payment that was logged twice counts once.
    pub paid: DecimalNumber,
}

impl Store {
    /// Compares payments with donations, showing at most `shown` of each finding. Returns none if the log has no completed
    /// payment at all.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn audit_payments(
        &self,
        scope: &Scope,
        amounts: AmountRules,
        shown: usize,
    ) -> Result<Option<PaymentAudit>, StoreError> {
        let snapshot = Snapshot::take(self).await?;
        if !has_payments(&snapshot).await? {
            return Ok(None);
        }
        let comparison = Comparison {
            audit: PaymentAudit::default(),
            amounts,
            shown,
        };
        let compared = match scope {
            Scope::All => comparison.all(&snapshot).await,
            Scope::Campaign(campaign) => comparison.campaign(&snapshot, campaign).await,
        };
        compared.map(Some)
    }
}

async fn has_payments(snapshot: &Snapshot) -> Result<bool, StoreError> {
    let mut any = paid(doc! { "$gt": "" });
    any.insert("projection", doc! { "_id": 0, "donationId": 1 });
    any.insert("limit", 1);
    let found = snapshot.all(any, |_| Ok(())).await?;
    Ok(!found.is_empty())
}

/// A donation as it is stored.
struct Donated {
    id: DonationId,
    /// True unless only refunds of it are known.
    is_created: bool,
    /// None if it cannot be read: the audit names it.
    amount: Option<Money>,
}

/// A completed payment as it was logged.
struct Paid {
    donation: DonationId,
    /// The payment's own id and its amount; none if its payload cannot be read.
    payment: Option<(String, Money)>,
}

struct Comparison {
    audit: PaymentAudit,
    amounts: AmountRules,
    shown: usize,
}

impl Comparison {
    /// Walks along all donations and all payments side by side.
    async fn all(mut self, snapshot: &Snapshot) -> Result<PaymentAudit, StoreError> {
        let mut stored = donations(snapshot, doc! {}, "_id_");
        let mut payments = self.payments(snapshot, doc! { "$gt": "" });
        loop {
            let heads = [
                stored.peek().await?.map(|donated| &donated.id),
                payments.peek().await?.map(|paid| &paid.donation),
            ];
            let Some(next) = heads.into_iter().flatten().min().cloned() else {
                return Ok(self.audit);
            };
            let donated = stored.next_if(|donated| donated.id == next).await?;
            let mut paid = Vec::new();
            while let Some(payment) = payments.next_if(|paid| paid.donation == next).await? {
                paid.push(payment);
            }
            match donated.filter(|donated| donated.is_created) {
                Some(donated) => self.created(donated, &paid),
                None if paid.is_empty() => {}
                None => {
                    self.audit.paid += 1;
                    self.audit.without_donation.add(next, self.shown);
                }
            }
        }
    }

    /// Looks up the payments of one campaign's donations.
    async fn campaign(
        mut self,
        snapshot: &Snapshot,
        campaign: &CampaignId,
    ) -> Result<PaymentAudit, StoreError> {
        let filter = doc! { "campaignId": campaign.as_str() };
        let mut stored = donations(snapshot, filter, DONATIONS_BY_CAMPAIGN);
        loop {
            let mut some = Vec::with_capacity(LOOKED_UP_AT_ONCE);
            while some.len() < LOOKED_UP_AT_ONCE
                && let Some(donated) = stored.next().await?
            {
                some.push(donated);
            }
            if some.is_empty() {
                return Ok(self.audit);
            }
            let ids: Vec<&str> = some.iter().map(|donated| donated.id.as_str()).collect();
            let mut payments = self.payments(snapshot, doc! { "$in": ids });
            let mut paid: HashMap<DonationId, Vec<Paid>> = HashMap::new();
            while let Some(payment) = payments.next().await? {
                paid.entry(payment.donation.clone()).or_default().push(payment);
            }
            for donated in some {
                let paid = paid.remove(&donated.id).unwrap_or_default();
                self.created(donated, &paid);
            }
        }
    }

    /// Compares one donation that was created with its payments.
    fn created(&mut self, donated: Donated, paid: &[Paid]) {
        self.audit.donations += 1;
        if paid.is_empty() {
            self.audit.without_payment.add(donated.id, self.shown);
            return;
        }
        self.audit.paid += 1;
        let currency = self.amounts.currency;
        if let (Some(amount), Some(paid)) = (donated.amount, sum(paid))
            && amount != paid
        {
            let other = OtherAmount {
                donation_id: donated.id,
                amount: currency.format(amount),
                paid: currency.format(paid),
            };
            self.audit.other_amount.add(other, self.shown);
        }
    }

    /// The completed payments of these donations, in the order of the donations' ids.
    fn payments(&self, snapshot: &Snapshot, donations: Document) -> Stream<Paid> {
        let amounts = self.amounts;
        snapshot.stream_some(paid(donations), move |row| {
            // A value that is no id is passed over: no donation has it.
            Ok(id_in(row, "donationId").map(|donation| Paid {
                donation,
                payment: payment(row, amounts),
            }))
        })
    }
}

/// What was paid; none if one of the payments cannot be read.
fn sum(paid: &[Paid]) -> Option<Money> {
    let distinct: Option<HashSet<&(String, Money)>> = paid.iter().map(|paid| paid.payment.as_ref()).collect();
    let add = |sum: Money, (_, amount): &(String, Money)| sum.saturating_add(*amount);
    Some(distinct?.into_iter().fold(Money::ZERO, add))
}

/// The stored donations, in the order of their ids.
fn donations(snapshot: &Snapshot, mut filter: Document, hint: &str) -> Stream<Donated> {
    filter.insert("_id", doc! { "$gt": "" });
    let command = doc! {
        "find": DONATIONS, "filter": filter, "projection": { "campaignId": 1, "amountMinor": 1 },
        "sort": { "_id": 1 }, "hint": hint, "allowDiskUse": true,
    };
    snapshot.stream_some(command, |document| Ok(donated(document)))
}

fn donated(document: &RawDocument) -> Option<Donated> {
    let present = |name| document.get(name).ok().flatten();
    Some(Donated {
        id: id_in(document, "_id")?,
        is_created: present("campaignId").is_some_and(|campaign| campaign != RawBsonRef::Null),
        amount: present("amountMinor").and_then(as_i64).map(Money::from_minor),
    })
}

/// The rows of the completed payments of these donations, in the order of the donations' ids.
fn paid(donations: Document) -> Document {
    doc! {
        "find": EVENT_LOG,
        "filter": { "donationId": donations, "type": "payment.completed", "status": "PROCESSED" },
        "projection": { "_id": 0, "donationId": 1, "payload": 1 }, "sort": { "donationId": 1 }, "hint": LOG_PAYMENTS,
    }
}

fn payment(row: &RawDocument, amounts: AmountRules) -> Option<(String, Money)> {
    let payload = row.get_str("payload").ok()?;
    match decode_payload(EventType::PaymentCompleted, payload, amounts) {
        Ok(EventKind::PaymentCompleted(payment)) => Some((payment.payment_id, payment.amount)),
        _ => None,
    }
}

//! One pass over the campaigns, under one snapshot.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use mongodb::bson::{Bson, Document, RawDocument, doc};

use super::{CampaignAudit, Damage, DonationDifference, DonorDifference, Scope, TotalsDifference};
use crate::domain::{
    CampaignId, Currency, Donation, DonationId, DonorId, EventKind, Money, Recount, Timestamp, Totals,
};
use crate::store::document::{
    CAMPAIGN_DONORS, CAMPAIGN_TOTALS, DONATIONS, DonationDocument, DonorDocument, EVENT_LOG, LogRow,
    TotalsDocument,
};
use crate::store::indexes::{DONATIONS_BY_CAMPAIGN, LOG_BY_CAMPAIGN, LOG_EARLY};
use crate::store::snapshot::{Snapshot, Stream, read};
use crate::store::{Store, StoreError};

/// Documents looked up by id in one query, which must stay below 16 MB.
const LOOKED_UP_AT_ONCE: usize = 10_000;

/// A log row, or what is wrong with it.
type Logged = (CampaignId, Result<Entry, Damage>);

struct Entry {
    id: String,
    donation: DonationId,
    kind: EventKind,
    early: bool,
    committed: Timestamp,
}

pub(super) struct Pass {
    snapshot: Snapshot,
    /// The refunds that came before their donation.
    early: HashMap<DonationId, Vec<Money>>,
    log: Stream<Logged>,
    donations: Stream<(CampaignId, DonationId, Donation)>,
    donors: Stream<(CampaignId, DonorId, i64)>,
    totals: Stream<TotalsDocument>,
}

impl Pass {
    /// Opens the streams of what lies in `scope` and after `done`.
    pub async fn open(
        store: &Store,
        scope: &Scope,
        done: Option<&CampaignId>,
        currency: Currency,
    ) -> Result<Self, StoreError> {
        let snapshot = Snapshot::take(&store.database).await?;
        let mut early: HashMap<DonationId, Vec<Money>> = HashMap::new();
        let mut rows = snapshot.stream(
            doc! { "find": EVENT_LOG, "filter": { "early": true, "status": "PROCESSED" }, "hint": LOG_EARLY },
            move |row| log_entry(row, currency),
        );
        while let Some((_, row)) = rows.next().await? {
            // A damaged row is met again under its campaign, and reported there.
            if let Ok(Entry {
                donation,
                kind: EventKind::DonationRefunded(refund),
                ..
            }) = row
            {
                early.entry(donation).or_default().push(refund.amount);
            }
        }
        let [plain, donor] = bounds(scope, done);
        Ok(Self {
            log: snapshot.stream(
                doc! {
                    "find": EVENT_LOG, "filter": { "campaignId": &plain, "status": "PROCESSED" },
                    "sort": { "campaignId": 1 }, "hint": LOG_BY_CAMPAIGN,
                },
                move |row| log_entry(row, currency),
            ),
            donations: snapshot.stream(
                doc! {
                    "find": DONATIONS, "filter": { "campaignId": &plain },
                    "sort": { "campaignId": 1 }, "hint": DONATIONS_BY_CAMPAIGN,
                },
                |document| {
                    let (id, donation) = read::<DonationDocument>(document)?.into_parts();
                    let campaign = donation
                        .creation
                        .as_ref()
                        .map(|creation| creation.campaign.clone());
                    let campaign = campaign
                        .ok_or_else(|| StoreError::defect(format!("the donation {id} has no amountMinor")))?;
                    Ok((campaign, id, donation))
                },
            ),
            donors: snapshot.stream(
                doc! { "find": CAMPAIGN_DONORS, "filter": { "_id": donor }, "sort": { "_id": 1 } },
                |document| {
                    let DonorDocument { id, live } = read(document)?;
                    Ok((id.campaign, id.donor, live))
                },
            ),
            totals: snapshot.stream(
                doc! { "find": CAMPAIGN_TOTALS, "filter": { "_id": plain }, "sort": { "_id": 1 } },
                |document| read(document),
            ),
            early,
            snapshot,
        })
    }

    pub fn age(&self) -> Duration {
        self.snapshot.age()
    }

    /// The first campaign that any of the streams still has.
    pub async fn next_campaign(&mut self) -> Result<Option<CampaignId>, StoreError> {
        let heads = [
            self.log.peek().await?.map(|(campaign, _)| campaign),
            self.donations.peek().await?.map(|(campaign, ..)| campaign),
            self.donors.peek().await?.map(|(campaign, ..)| campaign),
            self.totals.peek().await?.map(|totals| &totals.id),
        ];
        Ok(heads.into_iter().flatten().min().cloned())
    }

    /// Counts and compares a campaign that all streams stand before or at.
    pub async fn campaign(
        &mut self,
        campaign: &CampaignId,
        placed: &mut HashSet<DonationId>,
    ) -> Result<CampaignAudit, StoreError> {
        let mut audit = CampaignAudit {
            campaign: Some(campaign.clone()),
            ..CampaignAudit::default()
        };
        let recount = self.recount(campaign, &mut audit).await?;
        for id in recount
            .donations()
            .keys()
            .filter(|id| self.early.contains_key(*id))
        {
            placed.insert(id.clone());
        }
        audit.donations = recount.donations().len() as u64;

        let (expected, mut donors) = (recount.totals(), recount.donors());
        let mut missing = recount.into_donations();
        while let Some((_, id, stored)) = self.donations.next_if(|(it, ..)| it == campaign).await? {
            let expected = missing.remove(&id);
            if expected.as_ref() != Some(&stored) {
                audit.donation_differences.push(DonationDifference {
                    donation: id,
                    stored: Some(stored),
                    expected,
                });
            }
        }
        audit
            .donation_differences
            .extend(missing.into_iter().map(missing_donation));
        while let Some((_, donor, live)) = self.donors.next_if(|(it, ..)| it == campaign).await? {
            let expected = donors.remove(&donor).unwrap_or_default();
            if live != expected {
                audit.donor_differences.push(DonorDifference {
                    donor,
                    stored: Some(live),
                    expected,
                });
            }
        }
        let missing = donors.into_iter();
        audit
            .donor_differences
            .extend(missing.map(|(donor, expected)| DonorDifference {
                donor,
                stored: None,
                expected,
            }));
        let stored = self.totals.next_if(|totals| totals.id == *campaign).await?;
        let stored = stored.map(|totals| (Totals::from(&totals), totals.corrections));
        if stored.map(|(totals, _)| totals) != expected {
            audit.totals_difference = Some(TotalsDifference { stored, expected });
        }
        Ok(audit)
    }

    /// Gathers a campaign's log rows, and the early refunds of its donations.
    async fn recount(
        &mut self,
        campaign: &CampaignId,
        audit: &mut CampaignAudit,
    ) -> Result<Recount, StoreError> {
        let (mut recount, mut refunds) = (Recount::default(), Vec::new());
        while let Some((_, row)) = self.log.next_if(|(it, _)| it == campaign).await? {
            let Entry {
                id,
                donation,
                kind,
                early,
                committed,
            } = match row {
                Ok(entry) => entry,
                Err(damage) => {
                    audit.damaged.push(damage);
                    continue;
                }
            };
            if early {
                continue;
            }
            audit.events += 1;
            let (first, last) = audit.committed.unwrap_or((committed, committed));
            audit.committed = Some((first.min(committed), last.max(committed)));
            match kind {
                EventKind::DonationCreated(creation) => {
                    if let Err(contradiction) = recount.created(donation, creation) {
                        audit.damaged.push(Damage {
                            event_id: id,
                            problem: contradiction.to_string(),
                        });
                    }
                }
                EventKind::DonationRefunded(refund) => refunds.push((id, donation, refund.amount)),
                // Filed under no campaign.
                EventKind::PaymentCompleted(_) | EventKind::PaymentRefunded(_) => {}
            }
        }
        for (event_id, donation, amount) in refunds {
            if recount.donations().contains_key(&donation) {
                recount.refunded(donation, amount);
            } else {
                let problem = format!(
                    "it refunds donationId {donation}, whose creation in this campaign is not in the log"
                );
                audit.damaged.push(Damage { event_id, problem });
            }
        }
        let created: Vec<_> = recount
            .donations()
            .keys()
            .filter(|id| self.early.contains_key(*id))
            .cloned()
            .collect();
        for id in created {
            for amount in self.early.get(&id).into_iter().flatten() {
                audit.events += 1;
                recount.refunded(id.clone(), *amount);
            }
        }
        Ok(recount)
    }

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
        let mut stored = self
            .snapshot
            .stream(command, |it| Ok(read::<DonationDocument>(it)?.into_parts()));
        while let Some((donation, stored)) = stored.next().await? {
            let expected = missing.remove(&donation);
            if expected.as_ref() != Some(&stored) {
                audit.donation_differences.push(DonationDifference {
                    donation,
                    stored: Some(stored),
                    expected,
                });
            }
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
        audit
            .donation_differences
            .extend(missing.into_iter().map(missing_donation));
        Ok(audit)
    }
}

fn missing_donation((donation, expected): (DonationId, Donation)) -> DonationDifference {
    DonationDifference {
        donation,
        stored: None,
        expected: Some(expected),
    }
}

fn log_entry(row: &RawDocument, currency: Currency) -> Result<Logged, StoreError> {
    let row: LogRow<'_> = read(row)?;
    let campaign = row
        .campaign_id
        .ok_or_else(|| StoreError::defect(format!("the log row {} has no campaign", row.id)))?;
    let entry = row.check(currency).map(|(donation, kind)| Entry {
        id: row.id.to_owned(),
        donation,
        kind,
        early: row.early,
        committed: Timestamp::from_unix_millis(row.committed_at.timestamp_millis()),
    });
    let campaign = CampaignId::try_from(campaign).map_err(|error| StoreError::defect(error.to_string()))?;
    Ok((
        campaign,
        entry.map_err(|problem| Damage {
            event_id: row.id.to_owned(),
            problem,
        }),
    ))
}

/// The range of campaign ids, and of donor keys, that lies in `scope` and after `done`.
fn bounds(scope: &Scope, done: Option<&CampaignId>) -> [Document; 2] {
    match scope {
        Scope::Campaign(campaign) => {
            let key = |donor| doc! { "c": campaign.as_str(), "d": donor };
            [
                doc! { "$eq": campaign.as_str() },
                doc! { "$gt": key(Bson::MinKey), "$lt": key(Bson::MaxKey) },
            ]
        }
        Scope::All => {
            // Before every id: none is empty.
            let after = done.map_or("", CampaignId::as_str);
            [
                doc! { "$gt": after },
                doc! { "$gt": { "c": after, "d": Bson::MaxKey } },
            ]
        }
    }
}

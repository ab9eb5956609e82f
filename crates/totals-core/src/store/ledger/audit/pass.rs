//! One pass over the campaigns, under one snapshot.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use mongodb::bson::{Document, RawDocument, deserialize_from_slice, doc};

use super::donations::{Donated, donation};
use super::failed::not_failed;
use super::history::{self, Booked, Comparison};
use super::rows::{Entry, Logged, log_entry};
use super::unreadable::{Filed, Unreadable};
use super::{CampaignAudit, Damage, Scope, StoredTotals};
use crate::domain::{AmountRules, CampaignId, DonationId, EventKind, Money, Recount, Totals};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::read::snapshot::{Snapshot, Stream};
use crate::store::schema::document::{CAMPAIGN_TOTALS, DONATIONS, EVENT_LOG, TotalsDocument, id_in};
use crate::store::schema::indexes::{DONATIONS_BY_CAMPAIGN, LOG_BY_CAMPAIGN, LOG_EARLY};

pub(super) struct Pass {
    pub(super) snapshot: Snapshot,
    /// The refunds that came before their donation.
    pub(super) early: HashMap<DonationId, Vec<Money>>,
    log: Stream<Logged>,
    donations: Stream<Donated>,
    totals: Stream<Totalled>,
    history: Stream<Booked>,
    /// Documents whose campaign id cannot be one: they stand among the others, and belong to no campaign.
    pub(super) stray: Stray,
}

/// Documents that belong to no campaign.
#[derive(Default)]
pub(super) struct Stray {
    pub damaged: Vec<Damage>,
    pub unreadable: Vec<Unreadable>,
}

/// Totals, or what is wrong with them.
type Totalled = Filed<Result<TotalsDocument, Unreadable>, Unreadable>;

impl Pass {
    /// Opens the streams of what lies in `scope` and after `done`.
    pub async fn open(
        store: &Store,
        scope: &Scope,
        done: Option<&CampaignId>,
        amounts: AmountRules,
    ) -> Result<Self, StoreError> {
        let snapshot = Snapshot::take(store).await?;
        let mut early: HashMap<DonationId, Vec<Money>> = HashMap::new();
        let mut rows = snapshot.stream(
            doc! { "find": EVENT_LOG, "filter": { "early": true, "status": "PROCESSED" }, "hint": LOG_EARLY },
            move |row| Ok(log_entry(row, amounts)),
        );
        while let Some(row) = rows.next().await? {
            // A damaged row is met again under its campaign, and reported there.
            if let Ok((
                _,
                Ok(Entry {
                    kind: EventKind::DonationRefunded(refund),
                    ..
                }),
            )) = row
            {
                early.entry(refund.donation).or_default().push(refund.amount);
            }
        }
        let campaigns = bounds(scope, done);
        let mut logged = not_failed();
        logged.insert("campaignId", &campaigns);
        Ok(Self {
            log: snapshot.stream(
                doc! {
                    "find": EVENT_LOG, "filter": logged, "sort": { "campaignId": 1 }, "hint": LOG_BY_CAMPAIGN,
                },
                move |row| Ok(log_entry(row, amounts)),
            ),
            donations: snapshot.stream(
                doc! {
                    "find": DONATIONS, "filter": { "campaignId": &campaigns },
                    "sort": { "campaignId": 1 }, "hint": DONATIONS_BY_CAMPAIGN,
                },
                |it| Ok(donation(it)),
            ),
            totals: snapshot.stream(
                doc! { "find": CAMPAIGN_TOTALS, "filter": { "_id": campaigns }, "sort": { "_id": 1 } },
                |document| Ok(totals(document)),
            ),
            history: snapshot.stream_some(history::query(scope, done), |day| Ok(history::campaign_day(day))),
            early,
            stray: Stray::default(),
            snapshot,
        })
    }

    pub fn age(&self) -> Duration {
        self.snapshot.age()
    }

    /// The first campaign that any of the streams still has.
    pub async fn next_campaign(&mut self) -> Result<Option<CampaignId>, StoreError> {
        while let Some(Err(damage)) = self.log.next_if(Result::is_err).await? {
            self.stray.damaged.push(damage);
        }
        while let Some(Err(unreadable)) = self.donations.next_if(Result::is_err).await? {
            self.stray.unreadable.push(unreadable);
        }
        while let Some(Err(unreadable)) = self.totals.next_if(Result::is_err).await? {
            self.stray.unreadable.push(unreadable);
        }
        let heads = [
            self.log.peek().await?.and_then(campaign_of),
            self.donations.peek().await?.and_then(campaign_of),
            self.totals.peek().await?.and_then(campaign_of),
            self.history.peek().await?.and_then(campaign_of),
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
        let recount = self.recount(campaign, &mut audit, placed).await?;
        audit.donations = recount.donations().len() as u64;

        let exists = || (!audit.expected_facts.is_empty()).then(Totals::default);
        audit.expected = recount.totals().or_else(exists);
        let mut days = Comparison::new(recount.history(), audit.expected.is_some());
        let is_of = |it: Option<&CampaignId>| it == Some(campaign);
        match self.totals.next_if(|it| is_of(campaign_of(it))).await? {
            Some(Ok((_, Ok(totals)))) => {
                audit.stored_facts = totals.facts.clone();
                audit.stored = Some(StoredTotals {
                    totals: Totals::from(&totals),
                    revision: totals.revision,
                    corrections: totals.corrections,
                });
            }
            Some(Ok((_, Err(unreadable)))) => audit.unreadable.push(unreadable),
            Some(Err(_)) | None => {}
        }
        let mut missing = recount.into_donations();
        while let Some(Ok((_, stored))) = self.donations.next_if(|it| is_of(campaign_of(it))).await? {
            match stored {
                Ok((id, stored)) => audit.compare_donation(id, stored, &mut missing),
                Err(unreadable) => audit.unreadable_donation(unreadable, &mut missing),
            }
        }
        audit.add_missing(missing);
        while let Some(Ok((_, stored))) = self.history.next_if(|it| is_of(campaign_of(it))).await? {
            days.stored(stored, &mut audit);
        }
        days.missing(&mut audit);
        Ok(audit)
    }

    /// Gathers a campaign's log rows, and the early refunds of its donations.
    async fn recount(
        &mut self,
        campaign: &CampaignId,
        audit: &mut CampaignAudit,
        placed: &mut HashSet<DonationId>,
    ) -> Result<Recount, StoreError> {
        let (mut recount, mut refunds) = (Recount::default(), Vec::new());
        while let Some(Ok((_, row))) = self.log.next_if(|it| campaign_of(it) == Some(campaign)).await? {
            let Entry {
                id,
                kind,
                early,
                committed,
                occurred,
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
                EventKind::DonationCreated(donation, creation, stated) => {
                    let at = stated.unwrap_or(occurred);
                    if let Err(contradiction) = recount.created(donation, creation, at) {
                        audit
                            .damaged
                            .push(Damage::of_event(id.to_string(), contradiction.to_string()));
                    }
                }
                EventKind::DonationRefunded(refund) => refunds.push((id, refund)),
                // Filed under no campaign.
                EventKind::PaymentCompleted(_) | EventKind::PaymentRefunded(_) => {}
                EventKind::CampaignCreated(update)
                | EventKind::CampaignUpdated(update)
                | EventKind::CampaignStatusChanged(update) => {
                    audit.expected_facts.apply(&update, occurred, &id);
                }
            }
        }
        let mut astray = Vec::new();
        for (event_id, refund) in refunds {
            if recount.donations().contains_key(&refund.donation) {
                recount.refunded(refund.donation, refund.amount);
            } else {
                astray.push((event_id.to_string(), refund.donation, refund.routed_to));
            }
        }
        audit.damaged.extend(self.astray(campaign, astray).await?);
        self.count_early(&mut recount, audit, placed);
        Ok(recount)
    }

    /// Counts the early refunds of the donations that were created, and notes that these are `placed`.
    fn count_early(
        &self,
        recount: &mut Recount,
        audit: &mut CampaignAudit,
        placed: &mut HashSet<DonationId>,
    ) {
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
            placed.insert(id);
        }
    }
}

fn campaign_of<T, U>(found: &Filed<T, U>) -> Option<&CampaignId> {
    found.as_ref().ok().map(|(campaign, _)| campaign)
}

fn totals(document: &RawDocument) -> Totalled {
    let unreadable = |problem| Unreadable::totals(document, problem);
    match id_in(document, "_id") {
        None => Err(unreadable("its _id is no campaign's".to_owned())),
        Some(campaign) => {
            let totals = deserialize_from_slice(document.as_bytes());
            Ok((campaign, totals.map_err(|error| unreadable(error.to_string()))))
        }
    }
}

/// The range of campaign ids that lies in `scope` and after `done`.
fn bounds(scope: &Scope, done: Option<&CampaignId>) -> Document {
    match scope {
        Scope::Campaign(campaign) => doc! { "$eq": campaign.as_str() },
        // Before every id: none is empty.
        Scope::All => doc! { "$gt": done.map_or("", CampaignId::as_str) },
    }
}

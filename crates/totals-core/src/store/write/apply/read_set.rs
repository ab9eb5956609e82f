//! What a batch needs to know of its donors and campaigns, looked up before its transaction, during the commit of the batch
//! before.
//!
//! "Does this creation add a donor to its campaign?" is the one question that every creation asks the database, and the
//! lane would wait for the answer. So the lane asks while it commits the batch before, outside of any transaction. The
//! transaction proves the answer: the campaigns' revisions are looked up at the same moment, each commit that touches a
//! donation of a campaign moves its revision by one, and totals are written only at the revision that was seen. The
//! same revision means the same donations.
//!
//! The look may show the moment before or after the commit that goes on meanwhile. The lane knows all that this commit
//! changes ([`CommitDelta`]), and the revision tells that nothing else came in between: so the changes replace what was
//! seen.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt;
use mongodb::ClientSession;
use mongodb::bson::{RawDocument, RawDocumentBuf, deserialize_from_slice, doc};
use serde::Deserialize;

use super::statements::page_of;
use crate::domain::fold::CampaignDonor;
use crate::domain::{CampaignId, Event, EventKind, Facts, Fold};
use crate::store::client::{Driver, primary};
use crate::store::error::StoreError;
use crate::store::schema::document::{CAMPAIGN_TOTALS, as_i64, facts, is_revision};
use crate::store::schema::ownership::OF_TOTALS;

/// A batch's donors and campaigns at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadSet {
    /// Donors who have a live pledge: all such donors of the batch's creations, and perhaps others.
    live: HashSet<CampaignDonor>,
    /// The revisions of the campaigns that the batch names; 0 without totals. Totals that were damaged by hand may have
    /// no revision, and are written whatever was seen.
    revisions: HashMap<CampaignId, i64>,
    /// What is known of the campaigns of which events of the batch say something.
    facts: HashMap<CampaignId, Facts>,
}

/// What a commit has changed.
#[derive(Debug, Default)]
pub struct CommitDelta {
    /// The donors of changed donations, each with true if the donor has a live pledge.
    donors: Vec<(CampaignDonor, bool)>,
    /// The new revisions of the campaigns whose totals were written, where they are known.
    revisions: HashMap<CampaignId, Option<i64>>,
    /// What is known of the campaigns of which something else was known before.
    facts: Vec<(CampaignId, Facts)>,
}

impl Driver {
    /// Looks up what applying a batch needs to know of its donors.
    pub(super) async fn prefetch(&self, batch: &[Event]) -> Result<ReadSet, StoreError> {
        self.prefetch_now(batch).await.map_err(StoreError::into_retry)
    }

    async fn prefetch_now(&self, batch: &[Event]) -> Result<ReadSet, StoreError> {
        let campaigns: HashSet<&CampaignId> = batch.iter().filter_map(Event::campaign).collect();
        if campaigns.is_empty() {
            return Ok(ReadSet::default());
        }
        let named = batch.iter().filter_map(|event| match &event.kind {
            EventKind::DonationCreated(_, creation, _) => {
                Some((&creation.campaign, creation.donor.as_ref()?))
            }
            _ => None,
        });
        let named: HashSet<_> = named.collect();
        let told_of = batch.iter().filter(|event| event.event_type().is_of_campaign());
        let told_of: HashMap<_, _> = told_of
            .filter_map(|event| Some((event.campaign()?.clone(), Facts::default())))
            .collect();
        // All that is read in it is of one moment, of what a majority has.
        let mut session = self.client.start_session().snapshot(true).await?;
        let mut read_set = ReadSet {
            facts: told_of,
            ..ReadSet::default()
        };
        self.totals_of(&mut session, campaigns, &mut read_set).await?;
        read_set.live = self.live_donors(&mut session, named.into_iter()).await?;
        Ok(read_set)
    }

    /// Reads the revisions of these campaigns, and the facts of those of which `read_set` wants them.
    async fn totals_of(
        &self,
        session: &mut ClientSession,
        campaigns: HashSet<&CampaignId>,
        read_set: &mut ReadSet,
    ) -> Result<(), StoreError> {
        let mut fields = doc! { "revision": 1, "totalAmountMinor": 1, "totalPledges": 1, "totalDonors": 1 };
        if !read_set.facts.is_empty() {
            fields.insert("facts", 1);
        }
        let ids: Vec<&str> = campaigns.iter().map(|campaign| campaign.as_str()).collect();
        let page = page_of(ids.len());
        let mut rows = self
            .campaign_totals::<RawDocumentBuf>()
            .find(doc! { "_id": { "$in": ids } })
            .projection(fields)
            .batch_size(page)
            .selection_criteria(primary())
            .session(&mut *session)
            .await?;
        read_set.revisions = campaigns
            .into_iter()
            .map(|campaign| (campaign.clone(), 0))
            .collect();
        let mut rows = rows.stream(session);
        while let Some(row) = rows.try_next().await? {
            let id = row.get_str("_id").unwrap_or_default();
            let damaged = |problem: String| StoreError::damaged(CAMPAIGN_TOTALS, &row, &problem);
            let revision = revision(&row).map_err(damaged)?;
            match (read_set.revisions.get_mut(id), revision) {
                (Some(seen), Some(revision)) => *seen = revision,
                _ => drop(read_set.revisions.remove(id)),
            }
            if let Some(facts) = read_set.facts.get_mut(id) {
                *facts = facts_of(&row).map_err(damaged)?;
            }
        }
        Ok(())
    }
}

/// The revision of a campaign's totals, if they have one. Fails if another service wrote them, or if a number is not
/// whole: MongoDB would add to it, and the totals would no longer be exact.
fn revision(totals: &RawDocument) -> Result<Option<i64>, String> {
    if OF_TOTALS.are_missing_in(totals) {
        return Err("another service wrote it".to_owned());
    }
    let number = |name| match totals.get(name) {
        Ok(None) => Ok(None),
        Ok(Some(value)) => as_i64(value).map(Some).ok_or_else(|| {
            format!(
                "its {name} is not a whole number (its type is {:?})",
                value.element_type()
            )
        }),
        Err(_) => Err(format!("its {name} is not valid BSON")),
    };
    for name in ["totalAmountMinor", "totalPledges", "totalDonors"] {
        number(name)?;
    }
    match number("revision")? {
        Some(revision) if !is_revision(revision) => Err(format!(
            "its revision is {revision}, which nothing can be added to"
        )),
        revision => Ok(revision),
    }
}

/// The facts in a campaign's totals.
fn facts_of(totals: &RawDocument) -> Result<Facts, String> {
    #[derive(Deserialize)]
    struct OfFacts {
        #[serde(default, deserialize_with = "facts")]
        facts: Facts,
    }
    let of_facts: OfFacts = deserialize_from_slice(totals.as_bytes()).map_err(|error| error.to_string())?;
    Ok(of_facts.facts)
}

impl ReadSet {
    /// The read set after a commit that went on meanwhile; `None` if that cannot be told.
    pub fn rebase(mut self, delta: CommitDelta) -> Option<Self> {
        for (campaign, after) in delta.revisions {
            if let Some(seen) = self.revisions.get_mut(&campaign) {
                let after = after?;
                if *seen != after && *seen != after - 1 {
                    return None;
                }
                *seen = after;
            }
        }
        for (donor, live) in delta.donors {
            if live {
                self.live.insert(donor);
            } else {
                self.live.remove(&donor);
            }
        }
        for (campaign, facts) in delta.facts {
            if let Some(seen) = self.facts.get_mut(&campaign) {
                *seen = facts;
            }
        }
        Some(self)
    }

    /// The donors who have a live pledge, each with one pledge: the true count matters only if one is refunded.
    pub(super) fn donors(&self) -> HashMap<CampaignDonor, i64> {
        self.live.iter().map(|donor| (donor.clone(), 1)).collect()
    }

    /// What is known of the campaigns of which events of the batch say something.
    pub(super) fn facts(&self) -> HashMap<CampaignId, Facts> {
        self.facts.clone()
    }

    /// The revision that a campaign's totals were seen at; `None` if the batch does not name the campaign.
    pub(super) fn revision(&self, campaign: &CampaignId) -> Option<i64> {
        self.revisions.get(campaign).copied()
    }

    /// What the commit of a fold changes, if the fold rests on this read set.
    pub(super) fn delta_of(&self, fold: &Fold) -> CommitDelta {
        let donors = fold.changed_donors().map(|(donor, live)| (donor.clone(), live));
        let revisions = fold.effects().map(|(campaign, _)| {
            let after = self.revision(campaign).map(|seen| seen + 1);
            (campaign.clone(), after)
        });
        let facts = fold
            .changed_facts()
            .map(|(campaign, facts)| (campaign.clone(), facts.clone()));
        CommitDelta {
            donors: donors.collect(),
            revisions: revisions.collect(),
            facts: facts.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(id: &str) -> CampaignId {
        id.try_into().unwrap()
    }

    fn donor(campaign_id: &str, id: &str) -> CampaignDonor {
        (campaign(campaign_id), id.try_into().unwrap())
    }

    fn read_set(donors: &[(&str, &str)], revisions: &[(&str, i64)]) -> ReadSet {
        ReadSet {
            live: donors.iter().map(|(c, d)| donor(c, d)).collect(),
            revisions: revisions
                .iter()
                .map(|(c, revision)| (campaign(c), *revision))
                .collect(),
            facts: HashMap::new(),
        }
    }

    fn delta(donors: &[(&str, &str, bool)], revisions: &[(&str, Option<i64>)]) -> CommitDelta {
        CommitDelta {
            donors: donors.iter().map(|(c, d, live)| (donor(c, d), *live)).collect(),
            revisions: revisions.iter().map(|(c, after)| (campaign(c), *after)).collect(),
            facts: Vec::new(),
        }
    }

    #[test]
    fn a_commit_that_went_on_meanwhile_takes_the_place_of_what_was_seen() {
        for seen in [6, 7] {
            let read_set_before = read_set(&[("c", "ada"), ("other", "eve")], &[("c", seen), ("other", 3)]);
            let delta = delta(&[("c", "ada", false), ("c", "bob", true)], &[("c", Some(7))]);
            let after = read_set(&[("c", "bob"), ("other", "eve")], &[("c", 7), ("other", 3)]);
            assert_eq!(read_set_before.rebase(delta), Some(after));
        }
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        for (seen, after) in [(5, Some(7)), (8, Some(7)), (6, None)] {
            let delta = delta(&[], &[("c", after)]);
            assert_eq!(
                read_set(&[], &[("c", seen)]).rebase(delta),
                None,
                "{seen} {after:?}"
            );
        }
        let elsewhere = delta(&[], &[("other", None)]);
        let seen = read_set(&[], &[("c", 5)]);
        assert_eq!(seen.clone().rebase(elsewhere), Some(seen));
    }
}

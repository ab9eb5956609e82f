//! Puts the history right: the days of campaigns by what their donations are booked with, and the platform's by the days of all
//! campaigns.
//!
//! Each correction is one addition to one document, and counts itself (`corrections`), so that two rebuilds never add the same
//! twice. A worker's commit moves both sides of each comparison by as much, so what was found stays to be added, however long
//! that takes; and a rebuild that was killed finds the rest when it is run again.
//!
//! What the platform's days lack is added in a lane of its own, in which no worker books.

use mongodb::bson::{Bson, Document, doc};

use super::corrections::{as_seen, remove};
use super::write::{Repair, write_each};
use super::{MAX_ROUNDS, Rebuild};
use crate::domain::{AmountRules, History};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::ledger::audit::{CampaignAudit, DayDifference, Scope, Unreadable};
use crate::store::read::snapshot::Snapshot;
use crate::store::schema::completeness::is_marked;
use crate::store::schema::document::{
    CAMPAIGN_HISTORY, PLATFORM_HISTORY, REBUILD_LANE, campaign_day, increments, platform_day,
};

/// The mark that the history is complete, as a rebuild has found it.
pub(super) struct Mark {
    was_set: bool,
    /// True if the rebuild looks at all campaigns: then the history is complete at its end, whatever it was before.
    of_all: bool,
}

impl Mark {
    pub async fn look(store: &Store, scope: &Scope) -> Result<Self, StoreError> {
        Ok(Self {
            was_set: is_marked(&Snapshot::take(store).await?).await?,
            of_all: *scope == Scope::All,
        })
    }

    /// Takes the mark away: from here on donations get a time before their slots are right.
    pub async fn take_away(&self, store: &Store) -> Result<(), StoreError> {
        if self.was_set {
            store.mark_history(false).await?;
        }
        Ok(())
    }

    /// Sets the mark at the end of a rebuild that has left nothing. It stands in the settings. Where these are lost they are
    /// written down again: the log was read with these amounts, and nothing in it contradicts them.
    pub async fn set(&self, store: &Store, amounts: AmountRules) -> Result<(), StoreError> {
        if self.was_set || self.of_all {
            store.agree_on(amounts).await?;
            store.mark_history(true).await?;
        }
        Ok(())
    }
}

/// Puts the days of these campaigns right. Returns how many were, and how many there are.
pub(super) async fn write_days(
    store: &Store,
    campaigns: impl Iterator<Item = &CampaignAudit> + Clone,
) -> Result<(u64, u64), StoreError> {
    let differences: Vec<_> = campaigns
        .clone()
        .filter_map(|audit| Some((audit.campaign.as_ref()?, &audit.day_differences)))
        .flat_map(|(campaign, days)| days.iter().map(move |day| (campaign, day)))
        .collect();
    let unreadable: Vec<_> = campaigns.flat_map(CampaignAudit::unreadable_days).collect();
    let mut written = write_each(store, CAMPAIGN_HISTORY, &differences, |(campaign, day)| {
        Ok(correct(campaign_day(campaign, day.day), day))
    })
    .await?;
    written += write_each(store, CAMPAIGN_HISTORY, &unreadable, |it| Ok(replace(it))).await?;
    Ok((written, (differences.len() + unreadable.len()) as u64))
}

/// Adds what the slots of a day are off by, or removes a day that should not be.
fn correct(id: Document, day: &DayDifference) -> Repair<Document> {
    if let Some(found) = &day.remove {
        return Repair::Delete(doc! { "q": (**found).clone(), "limit": 1 });
    }
    let off = day.stored.difference_to(&day.expected);
    let mut added = increments(off.iter());
    added.insert("corrections", 1_i64);
    let corrections = as_seen(day.corrections.unwrap_or_default());
    Repair::Update(doc! {
        "q": { "_id": id, "corrections": corrections }, "u": { "$inc": added }, "upsert": day.corrections.is_none(),
    })
}

/// Puts the slots that the log says in the place of some that cannot be read, if nobody has changed them since.
fn replace(unreadable: &Unreadable) -> Repair<Document> {
    let Some(expected) = unreadable.expected_day.as_deref().filter(|day| !day.is_empty()) else {
        return remove(unreadable);
    };
    let corrections = unreadable.number("corrections").saturating_add(1);
    let mut replacement = slots(expected);
    replacement.insert("corrections", corrections);
    Repair::Update(doc! { "q": *unreadable.as_seen.clone(), "u": replacement })
}

/// The slots of a day, as they are stored.
fn slots(day: &History) -> Document {
    let mut stored = Document::new();
    for (path, number) in increments(day.iter()) {
        if let Some((member, slot)) = path.split_once('.') {
            let slots = stored
                .entry(member.to_owned())
                .or_insert_with(|| Bson::Document(Document::new()));
            if let Bson::Document(slots) = slots {
                slots.insert(slot, number);
            }
        }
    }
    stored
}

impl Store {
    /// Makes the platform's history the sum of the campaigns'. Its documents that cannot be read are removed first, and with
    /// them those of campaigns that belong to none.
    pub(super) async fn sum_up_campaigns(&self, done: &mut Rebuild) -> Result<(), StoreError> {
        for _ in 0..MAX_ROUNDS {
            let audit = self.audit_platform().await?;
            let unreadable: Vec<_> = audit.unreadable.iter().filter(|it| !it.is_foreign).collect();
            if unreadable.is_empty() && audit.differences.is_empty() {
                // The rest is another service's.
                done.foreign += audit.unreadable.len() as u64;
                return Ok(());
            }
            for collection in [CAMPAIGN_HISTORY, PLATFORM_HISTORY] {
                let unreadable = unreadable.iter().filter(|it| it.collection == collection);
                let unreadable: Vec<_> = unreadable.collect();
                done.days +=
                    write_each(self, collection, &unreadable, |it| Ok(remove::<Document>(it))).await?;
            }
            if unreadable.is_empty() {
                let days = &audit.differences;
                let correct = |day: &DayDifference| correct(platform_day(day.day, REBUILD_LANE), day);
                done.days += write_each(self, PLATFORM_HISTORY, days, |day| Ok(correct(day))).await?;
            }
        }
        done.unfinished = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Booking, CampaignId, Slot};

    fn history(slots: &[(u8, i64, i64)]) -> History {
        let slot = |&(quarter, amount_minor, pledges)| {
            (
                Slot { day: 7, quarter },
                Booking {
                    amount_minor,
                    pledges,
                },
            )
        };
        slots.iter().map(slot).collect()
    }

    #[test]
    fn a_day_that_cannot_be_read_is_written_slot_by_slot() {
        let expected =
            doc! { "amountMinor": { "3": 5_i64, "95": 7_i64 }, "pledges": { "3": 1_i64, "95": 2_i64 } };
        assert_eq!(slots(&history(&[(3, 5, 1), (95, 7, 2)])), expected);
    }

    #[test]
    fn a_correction_adds_what_is_off_and_counts_itself() {
        let day = DayDifference {
            day: 7,
            stored: history(&[(3, 5, 1), (4, 2, 1)]),
            expected: history(&[(3, 9, 1)]),
            corrections: Some(2),
            remove: None,
        };
        let campaign = CampaignId::try_from("c").unwrap();
        let Repair::Update(statement) = correct(campaign_day(&campaign, 7), &day) else {
            panic!("a correction is an update")
        };
        let expected = doc! {
            "q": { "_id": { "campaignId": "c", "day": 7 }, "corrections": { "$eq": 2_i64 } },
            "u": { "$inc": { "amountMinor.3": 4_i64, "amountMinor.4": -2_i64, "pledges.4": -1_i64, "corrections": 1_i64 } },
            "upsert": false,
        };
        assert_eq!(statement, expected);
    }
}

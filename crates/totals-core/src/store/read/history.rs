//! Histories for the API: what was raised in each of some intervals, put together from the slots that the worker has booked.
//!
//! A history, and the totals beside it, are of one moment. All of a campaign's slots are read, also those before and behind
//! the intervals. So a history knows what had been raised before its first interval, and that its slots add up to the totals.
//! Where they do not, or while a donation is in no slot (an earlier version has stored it), there is no history: a part of one
//! would look like all of it.
//!
//! A slot belongs to the interval in which it begins. Where an interval does not begin at a quarter of an hour of UTC, as in
//! some zones before 1972 (hours of −00:44:30), up to 15 minutes at its start are in the interval before. So each slot is in
//! exactly one, whatever the zone.

use std::ops::AddAssign;
use std::sync::Arc;

use futures::future::try_join;
use mongodb::bson::{Document, RawDocument, doc};

use crate::domain::history::{DAYS, SLOTS_A_DAY};
use crate::domain::{Booking, CampaignId, Slot, Timestamp};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::read::cluster_time::ClusterTime;
use crate::store::read::one::{At, CampaignTotals, max_time};
use crate::store::read::snapshot::{Snapshot, malformed};
use crate::store::schema::completeness::history_is_complete;
use crate::store::schema::document::{
    CAMPAIGN_HISTORY, PLATFORM_HISTORY, campaign_day, campaign_day_of, each_slot, platform_day_of,
};

/// What was raised in a stretch of time, by one campaign or by all. The sum of all may be beyond 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Raised {
    /// In minor units.
    pub amount_minor: i128,
    /// The count of pledges.
    pub pledges: i128,
}

/// What was raised in each of some intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaisedOverTime {
    /// Before the first interval.
    pub before: Raised,
    /// In each interval.
    pub intervals: Vec<Raised>,
    /// Behind the last interval.
    pub after: Raised,
}

/// The totals of a campaign and, if all of it is known, when they were raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignHistory {
    /// What it has raised so far.
    pub totals: CampaignTotals,
    /// When; `None` if the history lacks a part of the totals.
    pub raised: Option<RaisedOverTime>,
}

/// Where intervals begin that follow each other, and where the last one ends: the first slots behind these moments. Cheap to
/// clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cuts(Arc<[Slot]>);

impl Cuts {
    /// Intervals that begin at these moments, except for the last moment, at which the last interval ends.
    pub fn at(moments: impl IntoIterator<Item = Timestamp>) -> Self {
        const ALMOST_A_SLOT_MILLIS: i64 = 15 * 60 * 1000 - 1;
        let first_slot = |moment: Timestamp| {
            let later = moment.unix_millis() + ALMOST_A_SLOT_MILLIS;
            Slot::of(Timestamp::from_unix_millis(later).unwrap_or(Timestamp::LATEST))
        };
        Self(moments.into_iter().map(first_slot).collect())
    }

    /// The stretch of time that the slot is in: 0 is before the first interval, then the intervals follow from 1 on.
    fn stretch_of(&self, slot: Slot) -> usize {
        self.0.partition_point(|cut| *cut <= slot)
    }

    /// What the document of a day adds to each stretch of time that it is in.
    fn split(&self, document: &RawDocument, day: i32) -> Result<Vec<(usize, Raised)>, String> {
        let first = self.stretch_of(Slot { day, quarter: 0 });
        let last = self.stretch_of(Slot {
            day,
            quarter: SLOTS_A_DAY - 1,
        });
        let mut raised = vec![Raised::default(); last - first + 1];
        each_slot(document, day, |slot, booking| {
            let stretch = if first == last {
                first
            } else {
                self.stretch_of(slot)
            };
            raised[stretch - first] += booking.into();
        })?;
        Ok((first..).zip(raised).collect())
    }
}

impl RaisedOverTime {
    fn nothing(cuts: &Cuts) -> Vec<Raised> {
        vec![Raised::default(); cuts.0.len() + 1]
    }

    /// Of the stretches of time that are cut, which are at least one before and one behind a cut.
    fn new(mut stretches: Vec<Raised>) -> Self {
        let after = stretches.pop().unwrap_or_default();
        let intervals = stretches.split_off(1.min(stretches.len()));
        Self {
            before: stretches.pop().unwrap_or_default(),
            intervals,
            after,
        }
    }

    /// What was raised in all.
    pub fn total(&self) -> Raised {
        let all = [&self.before, &self.after].into_iter().chain(&self.intervals);
        all.fold(Raised::default(), |mut sum, raised| {
            sum += *raised;
            sum
        })
    }
}

impl Store {
    /// What a campaign has raised, and how much of it in each of these intervals (`None` if nobody has told of it), as of one
    /// moment: `earliest` or later.
    ///
    /// # Errors
    /// As [`Store::totals`].
    pub async fn campaign_history(
        &self,
        campaign: &CampaignId,
        cuts: &Cuts,
        earliest: ClusterTime,
    ) -> Result<At<Option<CampaignHistory>>, StoreError> {
        let At { found, moment } = self.totals(campaign, earliest).await?;
        let Some(totals) = found else {
            return Ok(At { found: None, moment });
        };
        let days = doc! {
            "$gte": campaign_day(campaign, *DAYS.start()), "$lte": campaign_day(campaign, *DAYS.end()),
        };
        let find = doc! { "find": CAMPAIGN_HISTORY, "filter": { "_id": days } };
        let day = |document: &RawDocument| campaign_day_of(document).map(|(_, day)| day);
        let raised = self.raised(moment, find, day, cuts).await?;
        let whole = Raised {
            amount_minor: totals.totals.amount.minor().into(),
            pledges: totals.totals.pledges.into(),
        };
        let raised = raised.filter(|raised| raised.total() == whole);
        let found = Some(CampaignHistory { totals, raised });
        Ok(At { found, moment })
    }

    /// How much all campaigns together have raised in each of these intervals, as of one moment: `earliest` or later; `None` if a
    /// part of it is not known.
    ///
    /// # Errors
    /// As [`Store::totals`].
    pub async fn platform_history(
        &self,
        cuts: &Cuts,
        earliest: ClusterTime,
    ) -> Result<At<Option<RaisedOverTime>>, StoreError> {
        let Some(moment) = self.moment(earliest).await? else {
            return Ok(At {
                found: Some(RaisedOverTime::new(RaisedOverTime::nothing(cuts))),
                moment: earliest,
            });
        };
        let find = doc! { "find": PLATFORM_HISTORY, "filter": {} };
        let day = |document: &RawDocument| platform_day_of(document).map(|(day, _)| day);
        let found = self.raised(moment, find, day, cuts).await?;
        Ok(At { found, moment })
    }

    /// What the days that a command finds add up to in each stretch of time; `None` while a donation is in no slot.
    async fn raised(
        &self,
        moment: ClusterTime,
        mut find: Document,
        day_of: fn(&RawDocument) -> Option<i32>,
        cuts: &Cuts,
    ) -> Result<Option<RaisedOverTime>, StoreError> {
        find.insert("maxTimeMS", max_time());
        let snapshot = Snapshot::at(self, moment);
        let by = cuts.clone();
        // A day becomes a few sums before the next one is read: memory does not grow with the days.
        let mut days = snapshot.stream(find, move |document| {
            let day = day_of(document).ok_or_else(|| malformed(document, &"its _id names no day"))?;
            by.split(document, day)
                .map_err(|problem| malformed(document, &problem))
        });
        let adding = async {
            let mut stretches = RaisedOverTime::nothing(cuts);
            while let Some(day) = days.next().await? {
                for (stretch, raised) in day {
                    stretches[stretch] += raised;
                }
            }
            Ok(RaisedOverTime::new(stretches))
        };
        let (raised, is_whole) = try_join(adding, history_is_complete(&snapshot)).await?;
        Ok(is_whole.then_some(raised))
    }
}

impl From<Booking> for Raised {
    fn from(booking: Booking) -> Self {
        Self {
            amount_minor: booking.amount_minor.into(),
            pledges: booking.pledges.into(),
        }
    }
}

impl AddAssign for Raised {
    fn add_assign(&mut self, other: Self) {
        self.amount_minor += other.amount_minor;
        self.pledges += other.pledges;
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{Document, RawDocumentBuf};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::history::SLOTS_A_DAY;

    /// The document of a day with these bookings.
    fn document(bookings: &[(u8, i64)]) -> RawDocumentBuf {
        let (mut amounts, mut pledges) = (Document::new(), Document::new());
        for (quarter, amount) in bookings {
            amounts.insert(quarter.to_string(), *amount);
            pledges.insert(quarter.to_string(), 1_i64);
        }
        let document = doc! { "_id": 0, "amountMinor": amounts, "pledges": pledges };
        RawDocumentBuf::try_from(document).unwrap()
    }

    proptest! {
        #[test]
        fn each_slot_is_in_the_interval_in_which_it_begins_and_in_no_other(
            moments in prop::collection::btree_set(-300_000_000..300_000_000_i64, 1..40),
            days in prop::collection::btree_map(
                -3..3_i32, prop::collection::btree_map(0..SLOTS_A_DAY, 1..1_000_000_i64, 0..20), 0..6),
        ) {
            let moments: Vec<_> = moments.into_iter().filter_map(Timestamp::from_unix_millis).collect();
            let cuts = Cuts::at(moments.iter().copied());
            let (mut stretches, mut expected) = (RaisedOverTime::nothing(&cuts), RaisedOverTime::nothing(&cuts));
            for (day, bookings) in days {
                let bookings: Vec<_> = bookings.into_iter().collect();
                for (stretch, raised) in cuts.split(&document(&bookings), day).unwrap() {
                    stretches[stretch] += raised;
                }
                for (quarter, amount) in bookings {
                    let begins = Slot { day, quarter }.start();
                    let stretch = moments.iter().filter(|moment| **moment <= begins).count();
                    expected[stretch] += Raised { amount_minor: amount.into(), pledges: 1 };
                }
            }
            let all = expected.iter().fold(Raised::default(), |mut sum, raised| { sum += *raised; sum });
            let history = RaisedOverTime::new(stretches);
            prop_assert_eq!(history.total(), all);
            prop_assert_eq!(history.before, expected[0]);
            prop_assert_eq!(&history.intervals[..], &expected[1..expected.len() - 1]);
            prop_assert_eq!(history.after, expected[expected.len() - 1]);
        }
    }
}

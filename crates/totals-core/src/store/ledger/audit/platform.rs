//! Is the platform's history the sum of the campaigns'? That those follow from the log is said campaign by campaign.
//!
//! Both are read as of one moment, because what is compared is a sum over all campaigns. Each commit moves both sides by as
//! much, so their difference stays the same whatever workers do, until somebody else writes.

use std::collections::BTreeMap;

use mongodb::bson::{RawDocument, doc};

use super::history::DayDifference;
use super::unreadable::Unreadable;
use crate::domain::History;
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::read::snapshot::Snapshot;
use crate::store::schema::completeness::is_marked;
use crate::store::schema::document::{
    CAMPAIGN_HISTORY, DayDocument, PLATFORM_HISTORY, REBUILD_LANE, campaign_day_of, platform_day_of,
};

/// The platform's history, compared with that of all campaigns.
#[derive(Debug, Default)]
pub struct PlatformAudit {
    /// The days on which it is not the sum of the campaigns'.
    pub differences: Vec<DayDifference>,
    /// Documents of the platform's history that cannot be read, and those of campaigns that belong to none.
    pub unreadable: Vec<Unreadable>,
    /// True if the settings say that the history is complete.
    pub is_marked: bool,
}

/// The slots of some day.
type Read = Result<History, Unreadable>;

/// The slots of some day in one lane, and how often it was corrected if that is the lane of corrections.
type ReadInLane = Result<(i32, History, Option<i64>), Unreadable>;

impl Store {
    /// Compares the platform's history with that of all campaigns.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer, or has forgotten the snapshot before all was read.
    pub async fn audit_platform(&self) -> Result<PlatformAudit, StoreError> {
        let snapshot = Snapshot::take(self).await?;
        let mut audit = PlatformAudit {
            is_marked: is_marked(&snapshot).await?,
            ..PlatformAudit::default()
        };
        let (mut expected, mut stored) = (History::default(), History::default());
        let mut days = snapshot.stream_some(doc! { "find": CAMPAIGN_HISTORY }, |it| Ok(of_campaign(it)));
        while let Some(day) = days.next().await? {
            match day {
                Ok(day) => expected.add_all(&day),
                Err(unreadable) => audit.unreadable.push(unreadable),
            }
        }
        let mut corrections = BTreeMap::new();
        let mut days = snapshot.stream(doc! { "find": PLATFORM_HISTORY }, |it| Ok(of_platform(it)));
        while let Some(day) = days.next().await? {
            match day {
                Ok((day, slots, corrected)) => {
                    stored.add_all(&slots);
                    corrections.extend(corrected.map(|corrected| (day, corrected)));
                }
                Err(unreadable) => audit.unreadable.push(unreadable),
            }
        }
        let differing = stored.difference_to(&expected);
        audit
            .differences
            .extend(differing.days().map(|day| DayDifference {
                day,
                stored: stored.day(day).collect(),
                expected: expected.day(day).collect(),
                corrections: corrections.get(&day).copied(),
                remove: None,
            }));
        Ok(audit)
    }
}

fn of_campaign(document: &RawDocument) -> Option<Read> {
    let Some((_, day)) = campaign_day_of(document) else {
        let problem = "its _id is no day of a campaign";
        return Some(Err(Unreadable::day(CAMPAIGN_HISTORY, document, problem)));
    };
    // One that cannot be read is named with its campaign.
    DayDocument::read(document, day).ok().map(|day| Ok(day.history))
}

fn of_platform(document: &RawDocument) -> ReadInLane {
    let unreadable = |problem: String| Unreadable::day(PLATFORM_HISTORY, document, problem);
    let (day, lane) =
        platform_day_of(document).ok_or_else(|| unreadable("its _id is no day in a lane".to_owned()))?;
    let slots = DayDocument::read(document, day).map_err(unreadable)?;
    let corrections = (lane == REBUILD_LANE).then_some(slots.corrections);
    Ok((day, slots.history, corrections))
}

//! Histories: from memory as long as it can prove that nothing has changed, or else from the database.
//!
//! Memory holds no slots. It keeps answers, each with the version of what it shows: of a campaign its revision, of all campaigns
//! a moment. Each commit that changes a campaign's slots moves the campaign's revision, so the answer is right as long as
//! memory says that the campaign is at that revision; and that of all campaigns as long as none has changed since. So an answer
//! from memory is as new as the totals there, and the rules by which no answer goes back hold for it.
//!
//! A read of the database reads all days of a campaign, or of the platform, which is thousands of documents after some years.
//! So few of them run at a time, all who want the same share one, and a caller that does not get a turn soon is refused.
//!
//! Rejected: the slots of every campaign in memory (hundreds of kilobytes for each year of a busy one), and answers with a time to
//! live (a page would show another sum than its own chart).

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use totals_core::domain::{CampaignId, Currency, Timestamp};
use totals_core::store::{
    At, CampaignHistory, CampaignTotals, ClusterTime, Cuts, RaisedOverTime, Store, Sum,
};

use super::{Live, SharedReads};
use crate::calendar::{Intervals, IntervalsKey};
use crate::database::READ_QUEUE_TIMEOUT;
use crate::error::ApiError;
use crate::representation::{HistoryAnswer, HistoryData};
use crate::single_flight::SingleFlight;

/// The most bytes that answers may take in memory.
const KEPT_BYTES: u64 = 32 * 1024 * 1024;

/// About how many answers that is. The cache has no more than a part for each 32 of them, and an answer has to fit into one
/// part: the largest has some 300 KiB.
const USUAL_ANSWERS: usize = 1000;

/// How long an answer is shown at most. A rebuild that moves something from one slot to another, where somebody had changed
/// slots by hand, moves no revision.
const KEPT_FOR: Duration = Duration::from_mins(1);

/// The most reads of the database at once: each takes a processor for some milliseconds.
const READS: usize = 4;

/// Answers with histories, in memory and on their way there.
pub(super) struct Histories {
    /// Those that nobody asks for any more make room for others.
    kept: Cache<Key, Kept, WeighBytes>,
    reads: SharedReads<Key, Option<Arc<HistoryAnswer>>>,
    turns: Arc<Semaphore>,
    /// When the history of all campaigns was last found to add up to their totals.
    checked: Mutex<Option<Instant>>,
}

/// Which history: of a campaign or of all, in these intervals.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    campaign: Option<CampaignId>,
    intervals: IntervalsKey,
}

/// An answer in memory.
#[derive(Clone)]
struct Kept {
    shows: Version,
    read: Instant,
    answer: Arc<HistoryAnswer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// A campaign at this revision, and since when: a campaign that was reset counts its revisions anew.
    Campaign(i64, Timestamp),
    /// All campaigns at this moment.
    Platform(ClusterTime),
}

impl From<&CampaignTotals> for Version {
    fn from(totals: &CampaignTotals) -> Self {
        Self::Campaign(totals.revision, totals.last_updated)
    }
}

impl Default for Histories {
    fn default() -> Self {
        Self {
            kept: Cache::with_weighter(USUAL_ANSWERS, KEPT_BYTES, WeighBytes),
            reads: SingleFlight::default(),
            turns: Arc::new(Semaphore::new(READS)),
            checked: Mutex::default(),
        }
    }
}

impl Histories {
    fn get(&self, key: &Key, is_right: impl FnOnce(Version) -> bool) -> Option<Arc<HistoryAnswer>> {
        let kept = self.kept.get(key)?;
        (is_right(kept.shows) && kept.read.elapsed() < KEPT_FOR).then_some(kept.answer)
    }

    fn keep(&self, key: Key, shows: Version, read: Instant, data: HistoryData) -> Arc<HistoryAnswer> {
        let answer = Arc::new(HistoryAnswer::new(data));
        let kept = Kept {
            shows,
            read,
            answer: answer.clone(),
        };
        self.kept.insert(key, kept);
        answer
    }

    fn were_checked_within(&self, time: Duration) -> bool {
        self.checked
            .lock()
            .is_some_and(|checked| checked.elapsed() < time)
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        match timeout(READ_QUEUE_TIMEOUT, self.turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(ApiError::Overloaded),
        }
    }
}

impl Live {
    /// What a campaign has raised in each of these intervals; `None` if nobody has told of it.
    ///
    /// # Errors
    /// [`ApiError::HistoryIncomplete`] if not all of it is known; else as [`Live::read`].
    pub async fn campaign_history(
        &self,
        campaign: &CampaignId,
        intervals: &Arc<Intervals>,
        currency: Currency,
    ) -> Result<Option<Arc<HistoryAnswer>>, ApiError> {
        let key = Key {
            campaign: Some(campaign.clone()),
            intervals: intervals.key(),
        };
        match self.covered_in_memory(campaign).await {
            Some(None) => return Ok(None),
            Some(Some(totals)) => {
                let kept = self
                    .0
                    .histories
                    .get(&key, |version| version == Version::from(&totals));
                if kept.is_some() {
                    return Ok(kept);
                }
            }
            None => {}
        }
        let read = || {
            self.clone()
                .read_campaign_history(campaign.clone(), key.clone(), intervals.clone(), currency)
        };
        self.shared(&self.0.histories.reads, &key, read).await
    }

    /// What all campaigns have raised together in each of these intervals.
    ///
    /// # Errors
    /// As [`Live::campaign_history`].
    pub async fn platform_history(
        &self,
        intervals: &Arc<Intervals>,
        currency: Currency,
    ) -> Result<Arc<HistoryAnswer>, ApiError> {
        let key = Key {
            campaign: None,
            intervals: intervals.key(),
        };
        let covered = || self.0.freshness.covers_all();
        if let Some(changed) = self
            .wait_until_covered(|| self.0.memory.latest_change(), covered)
            .await
        {
            let unchanged = |version| matches!(version, Version::Platform(at) if at >= changed);
            if let Some(kept) = self.0.histories.get(&key, unchanged) {
                return Ok(kept);
            }
        }
        let read = || {
            self.clone()
                .read_platform_history(key.clone(), intervals.clone(), currency)
        };
        let answer = self.shared(&self.0.histories.reads, &key, read).await?;
        answer.ok_or(ApiError::HistoryIncomplete)
    }

    async fn read_campaign_history(
        self,
        campaign: CampaignId,
        key: Key,
        intervals: Arc<Intervals>,
        currency: Currency,
    ) -> Result<At<Option<Arc<HistoryAnswer>>>, ApiError> {
        let turn = self.0.histories.turn().await?;
        let (cuts, earliest, id) = (cuts(&intervals), self.0.freshness.seen(), campaign.clone());
        let read = async move |store: Store| store.holding(turn).campaign_history(&id, &cuts, earliest).await;
        let At { found, moment } = self.0.database.read(read).await.map_err(unreadable)?;
        let ended = Instant::now();
        self.0.freshness.note_seen(moment);
        let totals = found.as_ref().map(|found| found.totals.clone());
        // A sum waits for the stream after each campaign that a read has put into memory.
        if self.in_memory(campaign.as_str()) != Some(totals.clone()) {
            let read = At {
                found: totals,
                moment,
            };
            self.remember(&campaign, &read, ended);
        }
        let Some(CampaignHistory { totals, raised }) = found else {
            return Ok(At { found: None, moment });
        };
        let raised = raised.ok_or(ApiError::HistoryIncomplete)?;
        let data = HistoryData::of_campaign(&totals, &intervals, &raised, currency);
        let answer = self.0.histories.keep(key, Version::from(&totals), ended, data);
        Ok(At {
            found: Some(answer),
            moment,
        })
    }

    async fn read_platform_history(
        self,
        key: Key,
        intervals: Arc<Intervals>,
        currency: Currency,
    ) -> Result<At<Option<Arc<HistoryAnswer>>>, ApiError> {
        let turn = self.0.histories.turn().await?;
        let (cuts, earliest) = (cuts(&intervals), self.0.freshness.seen());
        let read = async move |store: Store| store.holding(turn).platform_history(&cuts, earliest).await;
        let At { found, moment } = self.0.database.read(read).await.map_err(unreadable)?;
        self.0.freshness.note_seen(moment);
        let ended = Instant::now();
        let raised = found.ok_or(ApiError::HistoryIncomplete)?;
        let is_checked = self.check_sum(&raised, moment).await?;
        self.catch_up(ended, &raised).await;
        let data = HistoryData::of_all(&intervals, &raised, currency);
        let answer = if is_checked {
            self.0.histories.keep(key, Version::Platform(moment), ended, data)
        } else {
            Arc::new(HistoryAnswer::new(data))
        };
        Ok(At {
            found: Some(answer),
            moment,
        })
    }

    /// Checks that the history of all campaigns, read as of `moment`, adds up to their totals. A commit moves both by as much, so
    /// only somebody else's writes part them, and for a moment a tool that resets a campaign: it is enough to have MongoDB add up the
    /// totals now and then. Returns true if this history was checked; another one is not to be kept.
    ///
    /// # Errors
    /// [`ApiError::HistoryIncomplete`] if it does not.
    async fn check_sum(&self, raised: &RaisedOverTime, moment: ClusterTime) -> Result<bool, ApiError> {
        let histories = &self.0.histories;
        if !self.newest_sum().is_some_and(|sum| is_sum(raised, &sum)) {
            if histories.were_checked_within(KEPT_FOR) {
                return Ok(false);
            }
            let read = async move |store: Store| store.sum_at(moment).await;
            let At { found, .. } = self.0.database.read(read).await?;
            if !is_sum(raised, &found) {
                return Err(ApiError::HistoryIncomplete);
            }
        }
        *histories.checked.lock() = Some(Instant::now());
        Ok(true)
    }

    /// Waits until memory shows no sum from before a read that ended at `ended`: it has all from before that, or the very sum that
    /// the read has shown. So pages and sums, which everyone asks for, need not wait for that after each history, which few
    /// ask for.
    async fn catch_up(&self, ended: Instant, raised: &RaisedOverTime) {
        let same = |sum: Sum| is_sum(raised, &sum);
        let caught_up = || self.0.freshness.has_proven(ended) || self.newest_sum().is_some_and(same);
        if self.wait_until_covered(|| Some(()), caught_up).await.is_none() {
            self.0.freshness.note_page(ended);
        }
    }
}

/// A document that cannot be read leaves a part of the history out, and is put right by the same tool.
fn unreadable(error: ApiError) -> ApiError {
    match error {
        ApiError::Unavailable(error) if error.is_foreign_document() => ApiError::HistoryIncomplete,
        error => error,
    }
}

/// Returns true if a history adds up to this sum.
fn is_sum(raised: &RaisedOverTime, sum: &Sum) -> bool {
    let total = raised.total();
    (sum.amount_minor, sum.pledges) == (total.amount_minor, total.pledges)
}

/// Where the intervals begin and end, in the store's terms.
fn cuts(intervals: &Intervals) -> Cuts {
    let moments = intervals.starts.iter().chain([&intervals.end]);
    // Cannot fail: a history is of the years 1 to 9999.
    Cuts::at(
        moments
            .map(|moment| Timestamp::from_unix_millis(moment.as_millisecond()).unwrap_or(Timestamp::LATEST)),
    )
}

/// Weighs an answer by the bytes that it takes, its key included.
#[derive(Clone)]
struct WeighBytes;

impl Weighter<Key, Kept> for WeighBytes {
    fn weight(&self, key: &Key, kept: &Kept) -> u64 {
        let id = key
            .campaign
            .as_ref()
            .map_or(0, |campaign| campaign.as_str().len());
        (size_of::<(Key, Kept)>() + id + kept.answer.bytes()) as u64
    }
}

#[cfg(test)]
mod tests;

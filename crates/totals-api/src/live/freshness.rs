//! How far the change stream has come, and so what of memory may be shown.
//!
//! MongoDB answers the stream's questions even when nothing has changed. An answer proves that every commit from before the
//! question has come. So memory is shown for [`LEASE`] after the question, and no longer.
//!
//! A campaign that a read of the database did not find is a case of its own. Totals that a read finds are put into memory,
//! which then cannot show older ones. Absence cannot be put into memory: the stream may not have told of the removal yet, and
//! memory would show the totals again. So memory is shown for that campaign once the stream has proven a moment after the
//! read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use totals_core::domain::CampaignId;
use totals_core::store::ClusterTime;

/// How long after a question that was answered memory may be shown. The stream asks five times in that time, so one late
/// answer on a busy machine sends nobody to the database.
pub const LEASE: Duration = Duration::from_secs(1);

/// The most absent campaigns that are remembered one by one. Beyond it, the latest absence counts for all campaigns.
const MAX_ABSENT: usize = 10_000;

/// The state of the change stream, readable at every request. Instants are nanoseconds after `epoch`.
#[derive(Debug)]
pub struct Freshness {
    epoch: Instant,
    /// The latest moment of the cluster that any answer has shown.
    seen: AtomicU64,
    /// Every commit from before this instant is in memory.
    proven: AtomicU64,
    /// Memory may be shown until this instant.
    current_until: AtomicU64,
    /// When the latest read ended of which not all could be put into memory: it did not find its campaign, or it was a page.
    latest_partial_read: AtomicU64,
    /// When the latest read ended that has put a campaign into memory. Of that campaign memory may be ahead of the stream.
    latest_read: AtomicU64,
    absent: Mutex<Absent>,
    /// Wakes those who wait for a proof, or for the loss of the stream.
    pub changed: Notify,
    /// True if the log was told that the stream is lost, also before it was ever followed.
    lost: AtomicBool,
}

/// When reads found campaigns absent, as far as the stream has not proven a later moment.
#[derive(Debug, Default)]
struct Absent {
    each: HashMap<CampaignId, u64>,
    /// Counts for all campaigns; see [`MAX_ABSENT`].
    all: u64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            seen: AtomicU64::new(0),
            proven: AtomicU64::new(0),
            current_until: AtomicU64::new(0),
            latest_partial_read: AtomicU64::new(0),
            latest_read: AtomicU64::new(0),
            absent: Mutex::default(),
            changed: Notify::new(),
            lost: AtomicBool::new(false),
        }
    }
}

impl Freshness {
    /// Returns true if memory may be shown: no commit from more than [`LEASE`] ago is missing from it.
    pub fn is_current(&self, now: Instant) -> bool {
        self.nanos(now) < self.current_until.load(Ordering::Acquire)
    }

    /// Returns true if memory has everything that reads of the database have shown of this campaign.
    pub fn covers(&self, campaign: &str) -> bool {
        let proven = self.proven.load(Ordering::Acquire);
        if self.latest_partial_read.load(Ordering::Acquire) <= proven {
            return true;
        }
        let absent = self.absent.lock();
        absent.all <= proven && absent.each.get(campaign).is_none_or(|ended| *ended <= proven)
    }

    /// Returns true if memory has everything that reads of the database have shown of all campaigns.
    pub fn covers_all(&self) -> bool {
        self.latest_partial_read.load(Ordering::Acquire) <= self.proven.load(Ordering::Acquire)
    }

    /// Returns true if every commit from before `moment` is in memory.
    pub fn has_proven(&self, moment: Instant) -> bool {
        self.nanos(moment) <= self.proven.load(Ordering::Acquire)
    }

    /// What `look` finds in memory of all campaigns together; `None` if a read may have put some of them into memory as of a
    /// later moment than the stream has brought the others to.
    pub fn of_one_moment<T>(&self, look: impl FnOnce() -> T) -> Option<T> {
        // Before the look: what is proven later may have come after it.
        let proven = self.proven.load(Ordering::Acquire);
        let found = look();
        (self.latest_read.load(Ordering::Acquire) <= proven).then_some(found)
    }

    /// The latest moment that any answer has shown. No later answer may show an earlier moment.
    pub fn seen(&self) -> ClusterTime {
        ClusterTime::from_bits(self.seen.load(Ordering::Acquire))
    }

    /// Notes that an answer shows the moment `at`.
    pub fn note_seen(&self, at: ClusterTime) {
        self.seen.fetch_max(at.bits(), Ordering::AcqRel);
    }

    /// Notes that a read of the database that ended at `ended` did not find this campaign. Must be called before the answer is
    /// sent.
    pub fn note_absent(&self, campaign: &CampaignId, ended: Instant) {
        let ended = self.nanos(ended);
        let mut absent = self.absent.lock();
        if absent.each.len() < MAX_ABSENT {
            absent.each.insert(campaign.clone(), ended);
        } else {
            absent.all = absent.all.max(ended);
        }
        drop(absent);
        self.latest_partial_read.fetch_max(ended, Ordering::AcqRel);
    }

    /// Notes that a read which ended at `ended` puts a campaign into memory. To be called before it does.
    pub fn note_read(&self, ended: Instant) {
        self.latest_read.fetch_max(self.nanos(ended), Ordering::AcqRel);
    }

    /// Notes that a read of a page ended at `ended`: memory may have campaigns that the page would have shown. To be called
    /// before its answer is sent.
    pub fn note_page(&self, ended: Instant) {
        self.latest_partial_read
            .fetch_max(self.nanos(ended), Ordering::AcqRel);
    }

    /// Notes that every commit from before `moment` is in memory. Returns true if memory was not current since the stream was
    /// last lost.
    pub fn prove(&self, moment: Instant) -> bool {
        let proven = self.nanos(moment);
        self.proven.store(proven, Ordering::Release);
        let before = self
            .current_until
            .swap(self.nanos(moment + LEASE), Ordering::AcqRel);
        self.lost.store(false, Ordering::Relaxed);
        self.absent.lock().each.retain(|_, ended| *ended > proven);
        self.changed.notify_waiters();
        before == 0
    }

    /// Ends the lease, because the stream is lost. Returns true if the stream was not known to be lost before.
    pub fn revoke(&self) -> bool {
        self.current_until.store(0, Ordering::Release);
        self.changed.notify_waiters();
        !self.lost.swap(true, Ordering::Relaxed)
    }

    /// Returns true if the log was told that the stream is lost, and nothing has been proven since.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Returns true if a read of the database has ended within this time.
    pub fn was_read_within(&self, time: Duration) -> bool {
        let partial = self.latest_partial_read.load(Ordering::Acquire);
        let read = partial.max(self.latest_read.load(Ordering::Acquire));
        read > 0 && self.nanos(Instant::now()) - read < u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }

    /// The time since the latest proof; since the start, if there was none.
    pub fn unproven(&self, now: Instant) -> Duration {
        let proven = Duration::from_nanos(self.proven.load(Ordering::Acquire));
        now.saturating_duration_since(self.epoch).saturating_sub(proven)
    }

    fn nanos(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.epoch);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

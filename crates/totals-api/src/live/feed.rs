//! How far the changes have come, and whether what they keep may be shown.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use totals_core::store::ClusterTime;

/// How long after the database has confirmed that nothing is missing the slots may still be shown. It is asked five
/// times as often, so that one late answer on a busy machine sends nobody to the database.
pub const LEASE: Duration = Duration::from_secs(1);

/// The state of the change stream, readable at every request.
#[derive(Debug)]
pub struct Feed {
    /// Times below are counted from here.
    epoch: Instant,
    /// What rests on an earlier moment may lack changes. Zero until there is a stream.
    begin: AtomicU64,
    /// The latest moment that anything shows, a change or a read.
    seen: AtomicU64,
    /// Microseconds after `epoch`, until when slots may be shown.
    current_until: AtomicU64,
    /// Whether the log was told that the changes are lost, also before they were ever followed.
    lost: AtomicBool,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            begin: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            current_until: AtomicU64::new(0),
            lost: AtomicBool::new(false),
        }
    }
}

impl Feed {
    /// Whether slots may be shown: nothing that was committed more than [`LEASE`] ago is missing from them.
    pub fn is_current(&self) -> bool {
        self.micros(Instant::now()) < self.current_until.load(Ordering::Acquire)
    }

    /// What rests on an earlier moment may lack changes.
    pub fn begin(&self) -> ClusterTime {
        ClusterTime::from_bits(self.begin.load(Ordering::Acquire))
    }

    /// The latest moment that anything has shown. Changes up to here may be missing from a slot that was not there to
    /// take them, and no answer may fall back behind it.
    pub fn seen(&self) -> ClusterTime {
        ClusterTime::from_bits(self.seen.load(Ordering::Acquire))
    }

    /// All changes after `at` will come.
    pub fn begin_at(&self, at: ClusterTime) {
        self.saw(at);
        self.begin.store(at.bits(), Ordering::Release);
    }

    /// Something shows the moment `at`.
    pub fn saw(&self, at: ClusterTime) {
        self.seen.fetch_max(at.bits(), Ordering::AcqRel);
    }

    /// All that was committed before `moment` has been handed over. Whether that was not so before.
    pub fn extend(&self, moment: Instant) -> bool {
        let until = self.micros(moment + LEASE);
        let before = self.current_until.swap(until, Ordering::AcqRel);
        // A lease that ran out for a moment, on a busy machine, is not worth a word.
        self.lost.store(false, Ordering::Relaxed);
        before == 0
    }

    /// Nothing more is handed over for now. Whether that was not known before.
    pub fn end(&self) -> bool {
        self.current_until.store(0, Ordering::Release);
        !self.lost.swap(true, Ordering::Relaxed)
    }

    fn micros(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.epoch);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

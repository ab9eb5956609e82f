//! How many campaigns have totals: counted once, then kept by the changes, by the rules of a slot.

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use totals_core::store::{ChangeKind, ClusterTime};

use crate::error::ApiError;

/// A count of the database that is under way, for all who wait for it.
pub type Counting = Shared<BoxFuture<'static, Result<u64, ApiError>>>;

/// The number of campaigns.
#[derive(Debug, Default)]
pub struct Count(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// When it was counted; zero if never.
    at: ClusterTime,
    campaigns: u64,
    /// Changes while the database is counting: the count may show an earlier moment.
    later: Vec<(ClusterTime, Change)>,
    counting: Option<Counting>,
}

#[derive(Debug, Clone, Copy)]
enum Change {
    More,
    Less,
}

impl Count {
    /// The number, if it was counted no earlier than `begin`.
    pub fn get(&self, begin: ClusterTime) -> Option<u64> {
        let known = self.0.lock();
        (known.at >= begin).then_some(known.campaigns)
    }

    /// Takes in a change.
    pub fn change(&self, at: ClusterTime, kind: &ChangeKind) {
        let change = match kind {
            ChangeKind::Created(_) => Change::More,
            ChangeKind::Removed => Change::Less,
            ChangeKind::Replaced(_) | ChangeKind::Moved(_) => return,
        };
        let mut known = self.0.lock();
        if known.counting.is_some() {
            known.later.push((at, change));
        }
        known.change(at, change);
    }

    /// The count that is under way, or the one that `start` starts.
    pub fn join(&self, start: impl FnOnce() -> BoxFuture<'static, Result<u64, ApiError>>) -> Counting {
        let mut known = self.0.lock();
        if let Some(counting) = &known.counting {
            return counting.clone();
        }
        let counting = start().shared();
        known.counting = Some(counting.clone());
        counting
    }

    /// Takes in what was counted as of `at`.
    pub fn fill(&self, at: ClusterTime, campaigns: u64) {
        let mut known = self.0.lock();
        (known.at, known.campaigns) = (at, campaigns);
        for (moment, change) in std::mem::take(&mut known.later) {
            known.change(moment, change);
        }
    }

    /// Says that the count is over, whatever came of it.
    pub fn end(&self) {
        let mut known = self.0.lock();
        known.counting = None;
        known.later.clear();
    }
}

impl Known {
    /// The moment stays that of the count: one commit may create many campaigns, and each change comes once.
    fn change(&mut self, at: ClusterTime, change: Change) {
        if at > self.at {
            self.campaigns = match change {
                Change::More => self.campaigns + 1,
                Change::Less => self.campaigns.saturating_sub(1),
            };
        }
    }
}

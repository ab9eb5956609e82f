//! What is known of one campaign, and the rules by which it changes.
//!
//! Everything known has its moment on the cluster's clock: a read shows the commits up to its moment, a change is a
//! commit at its moment. So the rules are few. A change at or before the slot's moment is in it already. A later one
//! continues it. A read replaces it if it is later. Nothing else ever does, so a slot never goes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use tokio::sync::Notify;
use totals_core::domain::Currency;
use totals_core::store::{ChangeKind, ClusterTime, Moved};

use super::rendered::Rendered;
use crate::error::ApiError;

/// What a campaign showed at a moment.
#[derive(Debug, Clone)]
pub struct Shown {
    /// As of when, at least.
    pub at: ClusterTime,
    /// Its totals; `None` if it had none.
    pub totals: Option<Arc<Rendered>>,
}

impl Shown {
    /// Whether both show the same version.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.totals, &other.totals) {
            (None, None) => true,
            (Some(one), Some(other)) => one.is(other),
            _ => false,
        }
    }
}

/// A read of the database that is under way, for all who wait for it.
pub type Fill = Shared<BoxFuture<'static, Result<Shown, ApiError>>>;

/// One campaign in memory.
#[derive(Debug)]
pub struct Slot {
    known: Mutex<Known>,
    /// Wakes those who watch the campaign.
    pub changed: Notify,
    /// How many watch it; while any do it is not evicted.
    watchers: AtomicUsize,
}

#[derive(Debug)]
struct Known {
    /// All changes up to here are in the state, or are no use to it.
    at: ClusterTime,
    state: State,
    fill: Option<Fill>,
}

#[derive(Debug)]
enum State {
    /// What the campaign shows as of `at`.
    Shows(Option<Arc<Rendered>>),
    /// Only a read as of `at` or later can tell; these changes come after `at`.
    Unknown(Vec<(ClusterTime, Moved)>),
}

impl Default for State {
    fn default() -> Self {
        Self::Unknown(Vec::new())
    }
}

impl Slot {
    /// A slot that knows nothing. `seen` is the latest moment that anything has shown: it will not show an earlier one.
    pub fn new(seen: ClusterTime) -> Self {
        Self {
            known: Mutex::new(Known {
                at: seen,
                state: State::default(),
                fill: None,
            }),
            changed: Notify::new(),
            watchers: AtomicUsize::new(0),
        }
    }

    /// What it shows, if that rests on no earlier moment than `begin`.
    pub fn shown(&self, begin: ClusterTime) -> Option<Shown> {
        self.known.lock().shown().filter(|shown| shown.at >= begin)
    }

    /// Takes in a change. `begin`: what rests on an earlier moment may lack changes.
    pub fn change(&self, at: ClusterTime, kind: ChangeKind, begin: ClusterTime, currency: Currency) {
        self.known.lock().change(at, kind, begin, currency);
        self.changed.notify_waiters();
    }

    /// The read that is under way, or the one that `start` starts, which must show the moment it is given or a later
    /// one. `seen` is the latest moment that changes have come from: those before it may have passed this slot by.
    pub fn join_fill(
        &self,
        seen: ClusterTime,
        start: impl FnOnce(ClusterTime) -> BoxFuture<'static, Result<Shown, ApiError>>,
    ) -> Fill {
        let mut known = self.known.lock();
        if let Some(fill) = &known.fill {
            return fill.clone();
        }
        let fill = start(known.at.max(seen)).shared();
        known.fill = Some(fill.clone());
        fill
    }

    /// Takes in what a read found, as of `at`, and says what the campaign shows now; `None` if changes have come that
    /// only a later read can tell.
    pub fn fill(&self, at: ClusterTime, found: Option<Arc<Rendered>>, currency: Currency) -> Option<Shown> {
        let mut known = self.known.lock();
        let news = known.fill(at, found, currency);
        let shown = known.shown();
        drop(known);
        if news {
            self.changed.notify_waiters();
        }
        shown
    }

    /// The earliest moment that a read must show to be of use.
    pub fn earliest(&self) -> ClusterTime {
        self.known.lock().at
    }

    /// Says that the read is over, whatever came of it.
    pub fn end_fill(&self) {
        self.known.lock().end_fill();
    }

    /// Counts one more who watches.
    pub fn watched(&self) {
        self.watchers.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one less.
    pub fn unwatched(&self) {
        self.watchers.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many watch it.
    pub fn watchers(&self) -> usize {
        self.watchers.load(Ordering::Relaxed)
    }
}

impl Known {
    fn shown(&self) -> Option<Shown> {
        match &self.state {
            State::Shows(totals) => Some(Shown {
                at: self.at,
                totals: totals.clone(),
            }),
            State::Unknown(_) => None,
        }
    }

    fn change(&mut self, at: ClusterTime, kind: ChangeKind, begin: ClusterTime, currency: Currency) {
        if at <= self.at {
            return;
        }
        let whole = self.at >= begin;
        self.state = match (kind, std::mem::take(&mut self.state)) {
            (ChangeKind::Removed, _) => State::Shows(None),
            (ChangeKind::Created(totals) | ChangeKind::Replaced(totals), _) => {
                State::Shows(Some(Arc::new(Rendered::new(totals, currency))))
            }
            (ChangeKind::Moved(moved), State::Shows(before)) if whole => moved_on(before, &moved, currency),
            // The read that is under way may show an earlier moment; then the change continues it.
            (ChangeKind::Moved(moved), state) if self.fill.is_some() => {
                let mut later = match state {
                    State::Unknown(later) => later,
                    State::Shows(_) => Vec::new(),
                };
                later.push((at, moved));
                self.state = State::Unknown(later);
                return;
            }
            // A read finds the same, and its failure says so.
            (ChangeKind::Moved(_) | ChangeKind::Unreadable, _) => State::default(),
        };
        self.at = at;
    }

    /// Goes on from what a read has shown.
    fn go_on(&mut self, at: ClusterTime, moved: &Moved, currency: Currency) {
        if at > self.at {
            self.at = at;
            self.state = match std::mem::take(&mut self.state) {
                State::Shows(before) => moved_on(before, moved, currency),
                State::Unknown(_) => State::default(),
            };
        }
    }

    /// Whether it is news.
    fn fill(&mut self, at: ClusterTime, found: Option<Arc<Rendered>>, currency: Currency) -> bool {
        if at < self.at {
            return false;
        }
        self.at = at;
        let news = Shown { at, totals: found };
        match std::mem::replace(&mut self.state, State::Shows(news.totals.clone())) {
            State::Shows(totals) => !news.is(&Shown { at, totals }),
            State::Unknown(later) => {
                for (moment, moved) in later {
                    self.go_on(moment, &moved, currency);
                }
                true
            }
        }
    }

    fn end_fill(&mut self) {
        self.fill = None;
        if let State::Unknown(later) = &mut self.state
            && let Some((at, _)) = later.drain(..).next_back()
        {
            self.at = at;
        }
    }
}

/// What a campaign shows after an update; unknown if the update was made on something else.
fn moved_on(before: Option<Arc<Rendered>>, moved: &Moved, currency: Currency) -> State {
    let after = before.and_then(|before| moved.applied_to(&before.totals));
    after.map_or_else(State::default, |after| {
        State::Shows(Some(Arc::new(Rendered::new(after, currency))))
    })
}

#[cfg(test)]
mod tests;

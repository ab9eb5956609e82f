//! Whether the list of campaigns is in memory, and how it comes to be there.
//!
//! Its ranking rests on one read of all campaigns and is kept by the changes, as a slot is by its own: changes that
//! come while the read is under way wait for its end, and those that it shows already are passed over by their moments.
//! Changes that came before anyone waited for them are in it as well, because the read must show the latest moment that
//! was seen after the waiting had begun. When a stream begins anew, or a change does not continue what is there,
//! nothing of it can be relied on and all is read again.

use parking_lot::RwLock;
use tokio::sync::Notify;
use totals_core::store::{Change, Listing, Page};

use super::ranking::Ranking;

/// The list of campaigns.
#[derive(Debug)]
pub struct List {
    state: RwLock<State>,
    /// Asks for a load.
    wanted: Notify,
}

#[derive(Debug)]
enum State {
    /// Only a load can tell. What there was is left to whoever loads: taking a million campaigns apart takes a while, and
    /// the changes must not wait for it.
    Unknown(#[expect(dead_code, reason = "only to be dropped")] Option<Ranking>),
    /// It is being loaded; these changes have come since.
    Loading(Vec<Change>),
    /// It is there.
    Known(Ranking),
}

impl Default for List {
    fn default() -> Self {
        Self {
            state: RwLock::new(State::Unknown(None)),
            wanted: Notify::new(),
        }
    }
}

impl List {
    /// A page, if the list is there.
    pub fn page(&self, page: &Page) -> Option<Listing> {
        match &*self.state.read() {
            State::Known(ranking) => Some(ranking.page(page)),
            State::Unknown(_) | State::Loading(_) => None,
        }
    }

    /// Whether it is there.
    pub fn is_known(&self) -> bool {
        matches!(*self.state.read(), State::Known(_))
    }

    /// Takes in a change, or what a campaign has become as a read shows it.
    pub fn change(&self, change: &Change) {
        let mut state = self.state.write();
        let continues = match &mut *state {
            State::Unknown(_) => true,
            State::Loading(later) => {
                later.push(change.clone());
                true
            }
            State::Known(ranking) => ranking.take(change),
        };
        drop(state);
        if !continues {
            self.doubt();
        }
    }

    /// Gives up what is there or was to be, and asks for a load.
    pub fn forget(&self) {
        let mut state = self.state.write();
        *state = match std::mem::replace(&mut *state, State::Unknown(None)) {
            State::Known(ranking) => State::Unknown(Some(ranking)),
            State::Loading(_) => State::Unknown(None),
            unknown @ State::Unknown(_) => unknown,
        };
        drop(state);
        self.wanted.notify_one();
    }

    /// Waits until a load may be needed.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Keeps changes from here on, for a load; false if none is needed. It may take a while.
    pub fn expect(&self) -> bool {
        let mut state = self.state.write();
        if matches!(*state, State::Known(_)) {
            return false;
        }
        let before = std::mem::replace(&mut *state, State::Loading(Vec::new()));
        drop(state);
        drop(before);
        true
    }

    /// Takes in what was loaded since [`List::expect`], and whether it could be. It may take a while.
    pub fn fill(&self, mut ranking: Ranking) -> bool {
        loop {
            let mut state = self.state.write();
            let State::Loading(later) = &mut *state else {
                return false;
            };
            if later.is_empty() {
                *state = State::Known(ranking);
                return true;
            }
            // Without the lock: there may be many, and the next ones must not wait.
            let later = std::mem::take(later);
            drop(state);
            if !later.iter().all(|change| ranking.take(change)) {
                self.doubt();
                return false;
            }
        }
    }

    fn doubt(&self) {
        tracing::warn!(
            "a change of a campaign does not continue what the list has of it, as if something else than this service \
             had written: all campaigns are read again"
        );
        self.forget();
    }
}

#[cfg(test)]
mod tests;

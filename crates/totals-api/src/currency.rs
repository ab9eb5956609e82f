//! Checks that the amounts in the database are in this process's currency.
//!
//! Amounts are counts of minor units, so in another currency every answer would be wrong and look right. Until the database
//! has told its currency, nothing is shown from memory and every read asks for the currency as well. While it is another
//! one, every read fails. The API asks again every second, whenever the change stream begins anew (it may be another
//! database by then), and, as long as no worker has written a currency down, when a campaign gets its first totals.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;
use totals_core::domain::Currency;
use totals_core::store::{Agreement, Store, StoreError};

use crate::error::ApiError;
use crate::single_flight::SingleFlight;

/// The pause between two checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

const UNKNOWN: u8 = 0;
const SAME: u8 = 1;
const UNWRITTEN: u8 = 2;
const OTHER: u8 = 3;

/// What is known of the database's currency. Cheap to clone.
#[derive(Clone)]
pub struct CurrencyCheck(Arc<CheckState>);

struct CheckState {
    /// This process's currency.
    set: Currency,
    /// [`UNKNOWN`], [`SAME`], [`UNWRITTEN`] or [`OTHER`].
    state: AtomicU8,
    /// Counts the doubts, so that a check that began before a doubt does not count.
    doubts: AtomicU64,
    /// What is wrong, if the state is [`OTHER`].
    problem: Mutex<String>,
    checks: SingleFlight<(), Result<(), StoreError>>,
}

impl CurrencyCheck {
    /// Nothing is known yet.
    pub fn new(set: Currency) -> Self {
        Self(Arc::new(CheckState {
            set,
            state: AtomicU8::new(UNKNOWN),
            doubts: AtomicU64::new(0),
            problem: Mutex::default(),
            checks: SingleFlight::default(),
        }))
    }

    /// Returns true if the currency is known to be right, so that memory may be shown.
    pub fn is_confirmed(&self) -> bool {
        matches!(self.0.state.load(Ordering::Acquire), SAME | UNWRITTEN)
    }

    /// What is wrong and what to do about it, if the currency is another one.
    pub fn problem(&self) -> Option<String> {
        let wrong = self.0.state.load(Ordering::Acquire) == OTHER;
        wrong.then(|| self.0.problem.lock().clone())
    }

    /// Forgets that the currency is right, until the database was asked once more.
    pub fn doubt(&self) {
        self.forget(&[SAME, UNWRITTEN]);
    }

    /// The same, unless a worker had written the currency down at the last check.
    pub fn doubt_unwritten(&self) {
        if self.0.state.load(Ordering::Acquire) != SAME {
            self.forget(&[UNWRITTEN]);
        }
    }

    fn forget(&self, states: &[u8]) {
        // First, so that a check that is under way does not count.
        self.0.doubts.fetch_add(1, Ordering::AcqRel);
        for state in states {
            let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
            let _ = self.0.state.compare_exchange(*state, UNKNOWN, success, failure);
        }
    }

    /// Confirms that a read that has ended may be shown, asking the database unless the currency is known to be right. A worker
    /// writes its currency down before it counts anything, so a check after the read holds for all that was read.
    ///
    /// # Errors
    /// [`ApiError::WrongCurrency`] if it is another one, [`ApiError::Unavailable`] if the database cannot tell.
    pub async fn confirm(&self, store: &Store) -> Result<(), ApiError> {
        if self.0.state.load(Ordering::Acquire) != SAME {
            // The first check may be shared, and have begun before the read ended.
            self.check(store).await?;
            self.check(store).await?;
        }
        self.problem().map_or(Ok(()), |_| Err(ApiError::WrongCurrency))
    }

    /// Makes the currency right, in a test without a database.
    #[cfg(test)]
    pub fn agree(&self) {
        self.0.state.store(SAME, Ordering::Release);
    }

    /// Checks again and again, for ever.
    pub async fn check_forever(self, store: Store) {
        loop {
            // Reads and /health tell that the database is away.
            let _ = self.check(&store).await;
            sleep(CHECK_INTERVAL).await;
        }
    }

    /// Asks the database. All who ask at once share one question.
    async fn check(&self, store: &Store) -> Result<(), StoreError> {
        let (check, store) = (self.clone(), store.clone());
        let checks = &self.0.checks;
        checks.join((), async move || check.check_now(&store).await).await
    }

    async fn check_now(&self, store: &Store) -> Result<(), StoreError> {
        let doubts = self.0.doubts.load(Ordering::Acquire);
        let state = match store.agrees_on_currency(self.0.set).await? {
            Agreement::Same => SAME,
            Agreement::Unwritten => UNWRITTEN,
            Agreement::Other(problem) => {
                *self.0.problem.lock() = problem;
                OTHER
            }
        };
        let before = self.0.state.swap(state, Ordering::AcqRel);
        if self.0.doubts.load(Ordering::Acquire) != doubts {
            self.forget(&[SAME, UNWRITTEN]);
        }
        if state == OTHER && before != OTHER {
            tracing::error!("no totals are shown: {}", self.0.problem.lock());
        } else if state != OTHER && before == OTHER {
            tracing::info!("the currency is that of the database: totals are shown again");
        }
        Ok(())
    }
}

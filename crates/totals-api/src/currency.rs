//! Whether the amounts in the database are in this process's currency.
//!
//! They are counts of minor units, so in another currency every answer would be wrong, and look right. Until the database
//! has told its currency nothing is shown from memory, and each read asks as well; where it is another one, every read fails
//! until it is not. The database is asked again each second, whenever the change stream begins anew (it may be another
//! database by then), and, as long as no worker has written a currency down, when a campaign gets its first totals.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;
use totals_core::domain::Currency;
use totals_core::store::{CurrencyAgreement, Store, StoreError};

use crate::error::ApiError;
use crate::single_flight::SingleFlight;

/// Between two looks at a currency that was found to be right.
const PERIOD: Duration = Duration::from_secs(1);

const UNKNOWN: u8 = 0;
const SAME: u8 = 1;
const UNWRITTEN: u8 = 2;
const OTHER: u8 = 3;

/// What is known of the database's currency. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CurrencyCheck(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    set: Currency,
    state: AtomicU8,
    /// How often what is known was doubted.
    doubts: AtomicU64,
    /// What is wrong, where something is.
    problem: Mutex<String>,
    looks: SingleFlight<(), Result<(), StoreError>>,
}

impl CurrencyCheck {
    /// Nothing is known yet.
    pub fn new(set: Currency) -> Self {
        Self(Arc::new(Inner {
            set,
            state: AtomicU8::new(UNKNOWN),
            doubts: AtomicU64::new(0),
            problem: Mutex::default(),
            looks: SingleFlight::default(),
        }))
    }

    /// Returns true if what is in memory may be shown.
    pub fn is_fine(&self) -> bool {
        matches!(self.0.state.load(Ordering::Acquire), SAME | UNWRITTEN)
    }

    /// What is wrong and what to do about it, if the currency is another one.
    pub fn problem(&self) -> Option<String> {
        let wrong = self.0.state.load(Ordering::Acquire) == OTHER;
        wrong.then(|| self.0.problem.lock().clone())
    }

    /// Shows nothing from memory until the database was asked once more.
    pub fn doubt(&self) {
        self.leave(&[SAME, UNWRITTEN]);
    }

    /// The same, if no currency was written down when last looked.
    pub fn doubt_unwritten(&self) {
        if self.0.state.load(Ordering::Acquire) != SAME {
            self.leave(&[UNWRITTEN]);
        }
    }

    fn leave(&self, states: &[u8]) {
        // First, so that a look that is under way does not count.
        self.0.doubts.fetch_add(1, Ordering::AcqRel);
        for state in states {
            let (left, kept) = (Ordering::AcqRel, Ordering::Acquire);
            let _ = self.0.state.compare_exchange(*state, UNKNOWN, left, kept);
        }
    }

    /// Lets what was read be shown if the currency is right, looking first unless it is known to be. A worker writes its
    /// currency down before it counts anything, so a look after the read tells for all that was read.
    ///
    /// # Errors
    /// [`ApiError::WrongCurrency`] if it is another one, [`ApiError::Unavailable`] if the database cannot tell.
    pub async fn admit(&self, store: &Store) -> Result<(), ApiError> {
        if self.0.state.load(Ordering::Acquire) != SAME {
            // The first may have begun before the read ended.
            self.look(store).await?;
            self.look(store).await?;
        }
        self.problem().map_or(Ok(()), |_| Err(ApiError::WrongCurrency))
    }

    /// The currency is right, in a test without a database.
    #[cfg(test)]
    pub fn agree(&self) {
        self.0.state.store(SAME, Ordering::Release);
    }

    /// Looks again and again, for ever.
    pub async fn keep(self, store: Store) {
        loop {
            // A database that is away is for reads and /health to tell.
            let _ = self.look(&store).await;
            sleep(PERIOD).await;
        }
    }

    /// Asks the database. However many ask at once, it is asked once.
    async fn look(&self, store: &Store) -> Result<(), StoreError> {
        let (check, store) = (self.clone(), store.clone());
        let looks = self.0.looks.clone();
        looks.join((), async move || check.look_now(&store).await).await
    }

    async fn look_now(&self, store: &Store) -> Result<(), StoreError> {
        let doubts = self.0.doubts.load(Ordering::Acquire);
        let state = match store.agrees_on(self.0.set).await? {
            CurrencyAgreement::Same => SAME,
            CurrencyAgreement::Unwritten => UNWRITTEN,
            CurrencyAgreement::Other(problem) => {
                *self.0.problem.lock() = problem;
                OTHER
            }
        };
        let before = self.0.state.swap(state, Ordering::AcqRel);
        if self.0.doubts.load(Ordering::Acquire) != doubts {
            self.leave(&[SAME, UNWRITTEN]);
        }
        if state == OTHER && before != OTHER {
            tracing::error!("no totals are shown: {}", self.0.problem.lock());
        } else if state != OTHER && before == OTHER {
            tracing::info!("the currency is that of the database: totals are shown again");
        }
        Ok(())
    }
}

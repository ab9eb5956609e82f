//! The database as the API holds it: perhaps not there yet, and never a reason to exit.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SetOnce};
use tokio::time::timeout;
use totals_core::domain::Currency;
use totals_core::runtime::config;
use totals_core::store::{READ_TIMEOUT, Store, StoreError};

use crate::currency::CurrencyCheck;
use crate::error::ApiError;
use crate::single_flight::SingleFlight;

/// How long a read may wait for others to end before it is refused: at thousands of reads a second, a queue longer than
/// this is one that only grows.
pub const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// The store, once it is open. Opening connects to nothing, so it is open at once unless `DATABASE_URL` is a
/// `mongodb+srv://` name that does not resolve yet.
#[derive(Debug, Clone)]
pub struct Database {
    store: Arc<SetOnce<Store>>,
    /// The reads that may be under way.
    reads: Arc<Semaphore>,
    checks: SingleFlight<(), Result<(), String>>,
    /// Whether its amounts are in the process's currency.
    pub currency: CurrencyCheck,
}

impl Database {
    /// Opens the store, in the background and for as long as it takes if its name does not resolve, and logs once
    /// what its operator should know if the database cannot serve. At most `reads` reads are under way at once.
    ///
    /// # Errors
    /// If the options of `DATABASE_URL` contradict each other: that does not pass by waiting.
    pub async fn open(
        config: &config::Database,
        currency: Currency,
        reads: usize,
    ) -> Result<Self, StoreError> {
        let database = Self {
            store: Arc::default(),
            reads: Arc::new(Semaphore::new(reads)),
            checks: SingleFlight::default(),
            currency: CurrencyCheck::new(currency),
        };
        let opening = Store::open_or_wait(config, "totals-api").await?;
        let (slot, config) = (database.clone(), config.clone());
        tokio::spawn(async move {
            // Nobody else sets it.
            let _ = slot.store.set(opening.await);
            let store = slot.store.wait().await;
            tokio::spawn(slot.currency.clone().keep(store.clone()));
            match store.check().await {
                Ok(()) => tracing::info!(database.url = %config.url, "the database answers"),
                Err(problem) => tracing::error!(
                    database.url = %config.url,
                    "the database needs attention: {problem}"
                ),
            }
        });
        Ok(database)
    }

    /// The store.
    ///
    /// # Errors
    /// [`ApiError::NotOpen`] while it could not be opened.
    pub fn store(&self) -> Result<&Store, ApiError> {
        self.store.get().ok_or(ApiError::NotOpen)
    }

    /// The store, as soon as it is open.
    pub async fn opened(&self) -> &Store {
        self.store.wait().await
    }

    /// Runs a read when its turn has come. It is the next one's turn when the read has ended in the database, which may be
    /// long after the caller has given up.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] if its turn does not come soon, [`ApiError::Silent`] if its end does not; else what
    /// became of it.
    pub async fn read<T, R>(&self, work: impl FnOnce(Store) -> R) -> Result<T, ApiError>
    where
        R: Future<Output = Result<T, StoreError>>,
    {
        let store = self.store()?.clone();
        let turn = timeout(LONGEST_WAIT, self.reads.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(ApiError::Overloaded);
        };
        let store = store.holding(turn);
        let read = async {
            let read = work(store.clone()).await?;
            self.currency.admit(&store).await?;
            Ok(read)
        };
        timeout(READ_TIMEOUT, read)
            .await
            .unwrap_or(Err(ApiError::Silent(READ_TIMEOUT)))
    }

    /// Checks that reads can be answered. However many ask at once, the database is asked once.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn check(&self) -> Result<(), String> {
        let database = self.clone();
        self.checks.join((), || database.check_now()).await
    }

    async fn check_now(self) -> Result<(), String> {
        match self.store.get() {
            Some(store) => {
                store.check().await.map_err(|problem| problem.to_string())?;
                self.currency.problem().map_or(Ok(()), Err)
            }
            None => Err("DATABASE_URL cannot be used yet; the log says why".to_owned()),
        }
    }
}

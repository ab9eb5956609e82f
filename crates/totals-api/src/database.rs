//! The database as the API holds it: perhaps not there yet, and never a reason to exit.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, WeakShared};
use totals_core::runtime::config;
use totals_core::store::{Decision, Store, StoreError};

use crate::error::ApiError;

/// The store, once it is open. Opening connects to nothing, so it is open at once unless `DATABASE_URL` is a
/// `mongodb+srv://` name that does not resolve yet.
#[derive(Debug, Clone, Default)]
pub struct Database {
    store: Arc<OnceLock<Store>>,
    /// The check under way, if one is: whoever asks meanwhile hears its outcome.
    check: Arc<Mutex<Option<WeakShared<Check>>>>,
}

/// A check of the database.
type Check = BoxFuture<'static, Result<(), String>>;

impl Database {
    /// Opens the store, in the background and for as long as it takes if its name does not resolve, and logs once
    /// what its operator should know if the database cannot serve.
    ///
    /// # Errors
    /// If the options of `DATABASE_URL` contradict each other: that does not pass by waiting.
    pub async fn open(config: config::Database) -> Result<Self, StoreError> {
        let database = Self::default();
        let first = Store::open(&config, "totals-api").await;
        if let Err(error) = &first
            && error.decision() == Decision::Reject
        {
            return first.map(|_| database);
        }
        let slot = database.clone();
        tokio::spawn(async move {
            let store = match first {
                Ok(store) => store,
                Err(error) => Store::open_later(&config, "totals-api", error).await,
            };
            // Whoever set it first set the same.
            let store = slot.store.get_or_init(|| store);
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

    /// Checks that reads can be answered. However many ask at once, the database is asked once.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn check(&self) -> Result<(), String> {
        let check = {
            let mut current = self.check.lock().unwrap_or_else(PoisonError::into_inner);
            let running = current.as_ref().and_then(WeakShared::upgrade);
            running.filter(|check| check.peek().is_none()).unwrap_or_else(|| {
                let check = self.clone().check_now().boxed().shared();
                *current = check.downgrade();
                check
            })
        };
        check.await
    }

    async fn check_now(self) -> Result<(), String> {
        match self.store.get() {
            Some(store) => store.check().await.map_err(|problem| problem.to_string()),
            None => Err("DATABASE_URL cannot be used yet; the log says why".to_owned()),
        }
    }
}

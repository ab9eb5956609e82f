//! The database as the API holds it: perhaps not there yet, and never a reason to exit.

use std::sync::{Arc, OnceLock};

use totals_core::runtime::config;
use totals_core::store::{Decision, Store, StoreError};

use crate::error::ApiError;

/// The store, once it is open. Opening connects to nothing, so it is open at once unless `DATABASE_URL` is a
/// `mongodb+srv://` name that does not resolve yet.
#[derive(Debug, Clone, Default)]
pub struct Database(Arc<OnceLock<Store>>);

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
            let store = slot.0.get_or_init(|| store);
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
        self.0.get().ok_or(ApiError::NotOpen)
    }

    /// Checks that reads can be answered.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn check(&self) -> Result<(), String> {
        match self.0.get() {
            Some(store) => store.check().await.map_err(|problem| problem.to_string()),
            None => Err("DATABASE_URL cannot be used yet; the log says why".to_owned()),
        }
    }
}

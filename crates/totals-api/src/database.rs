//! The database as the API holds it: perhaps not there yet, and never a reason to exit.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use totals_core::runtime::config;
use totals_core::store::Store;

use crate::error::ApiError;

/// The first pause between two attempts to open the database; each doubles, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause between two attempts to open the database.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The store, once it is open. Opening connects to nothing, so it is open at once unless `DATABASE_URL` is a
/// `mongodb+srv://` name that does not resolve yet, or has options that contradict each other.
#[derive(Debug, Clone, Default)]
pub struct Database(Arc<OnceLock<Store>>);

impl Database {
    /// Opens the store in the background, trying for as long as it takes, and logs once what its operator should
    /// know if the database cannot serve.
    pub fn open(config: config::Database) -> Self {
        let database = Self::default();
        let slot = database.clone();
        tokio::spawn(async move {
            let store = open(&config).await;
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
        database
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

async fn open(config: &config::Database) -> Store {
    let mut pause = FIRST_PAUSE;
    loop {
        match Store::open(config, "totals-api").await {
            Ok(store) => return store,
            Err(error) => tracing::error!(
                %error,
                database.url = %config.url,
                retry_seconds = pause.as_secs_f32(),
                "DATABASE_URL cannot be used: check its host name and options"
            ),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

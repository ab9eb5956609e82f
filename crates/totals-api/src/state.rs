//! What the handlers work with.

use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;
use totals_core::domain::Currency;
use totals_core::store::StoreError;
use utoipa::openapi::OpenApi;

use crate::config::ApiConfig;
use crate::database::Database;
use crate::documentation::Documentation;
use crate::live::Live;

/// What all requests share.
pub struct AppState {
    /// The totals in memory.
    pub live: Live,
    /// Says whether the database answers.
    pub database: Database,
    /// Amounts are written in its decimals.
    pub currency: Currency,
    /// The documentation, rendered once.
    pub documentation: Documentation,
    /// When this process started.
    pub started: Instant,
    /// Is cancelled when the process is to stop: streams end then.
    pub stopping: CancellationToken,
}

impl AppState {
    /// Opens the database and follows its changes, for as long as the process runs.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub async fn start(
        config: &ApiConfig,
        document: &OpenApi,
        stopping: CancellationToken,
    ) -> Result<Arc<Self>, StoreError> {
        let database = Database::open(config).await?;
        Ok(Arc::new(Self {
            live: Live::start(database.clone(), config.bounds),
            database,
            currency: config.currency,
            documentation: Documentation::render(document, config.currency),
            started: Instant::now(),
            stopping,
        }))
    }
}

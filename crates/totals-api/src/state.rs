//! What the handlers work with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use totals_core::domain::Currency;
use totals_core::runtime::lifecycle::Shutdown;
use totals_core::store::StoreError;
use utoipa::openapi::OpenApi;

use crate::config::{ApiConfig, DonationFeed};
use crate::database::Database;
use crate::documentation::Documentation;
use crate::live::Live;
use crate::metrics::Metrics;

/// What all requests share.
pub struct AppState {
    /// The totals in memory.
    pub live: Live,
    /// Says whether the database answers.
    pub database: Database,
    /// Amounts are written in its decimals.
    pub currency: Currency,
    /// How long an event stream lasts at most.
    pub stream_lifetime: Duration,
    /// What is shown of single donations.
    pub donation_feed: DonationFeed,
    /// The documentation, rendered once.
    pub documentation: Documentation,
    /// When this process started.
    pub started: Instant,
    /// When the process is to stop: streams end with the soft shutdown.
    pub shutdown: Shutdown,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl AppState {
    /// Opens the database and follows its changes, for as long as the process runs.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub async fn start(
        config: &ApiConfig,
        document: &OpenApi,
        metrics: Metrics,
        shutdown: Shutdown,
    ) -> Result<Arc<Self>, StoreError> {
        let metrics = Arc::new(metrics);
        let database = Database::open(config, metrics.clone()).await?;
        Ok(Arc::new(Self {
            live: Live::start(database.clone(), config.bounds),
            database,
            currency: config.currency,
            stream_lifetime: config.stream_lifetime,
            donation_feed: config.donation_feed,
            documentation: Documentation::render(document, config.currency),
            started: Instant::now(),
            shutdown,
            metrics,
        }))
    }

    /// Checks that reads are answered: from memory, or else by the database. While all campaigns are being loaded for the
    /// first time they are not, because each read would go to the database.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn check_reads(&self) -> Result<(), String> {
        if self.live.answers() {
            return Ok(());
        }
        self.database.check().await?;
        if self.live.is_starting() {
            return Err("the campaigns are being loaded into memory, which takes seconds".to_owned());
        }
        Ok(())
    }
}

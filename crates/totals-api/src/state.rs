//! What handlers share.

use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use totals_core::domain::Currency;
use utoipa::openapi::OpenApi;

use crate::database::Database;
use crate::live::Live;
use crate::routes::docs::Pages;

/// What handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The totals in memory.
    pub live: Live,
    /// Where everything else is read.
    pub database: Database,
    /// Amounts are written in its decimals.
    pub currency: Currency,
    /// The documentation, rendered once.
    pub pages: Arc<Pages>,
    /// When this process started.
    pub started: Instant,
    /// Says that it stops: streams end.
    pub stopping: CancellationToken,
}

impl AppState {
    /// The state of a process that starts now.
    pub fn new(
        live: Live,
        database: Database,
        currency: Currency,
        document: &OpenApi,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            live,
            database,
            currency,
            pages: Arc::new(Pages::render(document)),
            started: Instant::now(),
            stopping,
        }
    }
}

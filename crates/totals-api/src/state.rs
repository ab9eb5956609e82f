//! What handlers share.

use std::sync::Arc;

use tokio::time::Instant;
use totals_core::domain::Currency;
use utoipa::openapi::OpenApi;

use crate::database::Database;
use crate::routes::docs::Pages;

/// What handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Where totals are read.
    pub database: Database,
    /// Amounts are written in its decimals.
    pub currency: Currency,
    /// The documentation, rendered once.
    pub pages: Arc<Pages>,
    /// When this process started.
    pub started: Instant,
}

impl AppState {
    /// The state of a process that starts now.
    pub fn new(database: Database, currency: Currency, document: &OpenApi) -> Self {
        Self {
            database,
            currency,
            pages: Arc::new(Pages::render(document)),
            started: Instant::now(),
        }
    }
}

//! What handlers share.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;
use totals_core::domain::Currency;
use utoipa::openapi::OpenApi;

use crate::database::Database;
use crate::documentation::Documentation;
use crate::live::Live;

/// What handlers share, behind one pointer: every request clones it.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Shared>);

/// See [`AppState`].
#[derive(Debug)]
pub struct Shared {
    /// The totals in memory.
    pub live: Live,
    /// Where they are read, and whether it answers.
    pub database: Database,
    /// Amounts are written in its decimals.
    pub currency: Currency,
    /// The documentation, rendered once.
    pub documentation: Documentation,
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
        Self(Arc::new(Shared {
            live,
            database,
            currency,
            documentation: Documentation::render(document),
            started: Instant::now(),
            stopping,
        }))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

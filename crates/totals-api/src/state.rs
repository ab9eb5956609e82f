//! What handlers share.

use std::ops::Deref;
use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use totals_core::domain::Currency;
use totals_core::store::Page;
use utoipa::openapi::OpenApi;

use crate::database::Database;
use crate::error::ApiError;
use crate::joint::Joint;
use crate::live::Live;
use crate::routes::docs::Pages;
use crate::routes::list::PageRead;

/// What handlers share, behind one pointer: every request clones it.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Shared>);

/// See [`AppState`].
#[derive(Debug)]
pub struct Shared {
    /// The totals in memory.
    pub live: Live,
    /// Where everything else is read.
    pub database: Database,
    /// The pages of the list that are being read.
    pub pages_read: Joint<Page, Result<Arc<PageRead>, ApiError>>,
    /// Amounts are written in its decimals.
    pub currency: Currency,
    /// The documentation, rendered once.
    pub pages: Pages,
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
            pages_read: Joint::default(),
            currency,
            pages: Pages::render(document),
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

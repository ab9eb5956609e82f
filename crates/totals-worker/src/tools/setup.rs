//! What a tool works with, each part opened only by the tool that needs it.

use tokio_util::sync::CancellationToken;
use totals_core::runtime::config::Source;
use totals_core::runtime::terminal::complain;
use totals_core::store::{Agreement, Store, StoreError};

use super::error::ToolError;
use crate::slow::{PREPARING, told_if_slow};

/// The name under which the worker and its tools use the database.
const NAME: &str = "totals-worker";

/// The configuration, and the wish to stop.
pub struct Setup {
    /// Where each tool reads the part of the configuration that it needs.
    pub source: Source,
    /// Cancelled by Ctrl-C or SIGTERM: finish what is in hand and return [`ToolError::Interrupted`].
    pub stop: CancellationToken,
}

impl Setup {
    /// From the configuration and the soft shutdown.
    pub fn new(source: Source, stop: CancellationToken) -> Self {
        Self { source, stop }
    }

    /// The database with its collections and indexes, after a look at whether it can be used: a tool does not wait for
    /// one that is away.
    ///
    /// # Errors
    /// [`ToolError`] with the remedy.
    pub async fn store(&self) -> Result<Store, ToolError> {
        // The worker's name, so that a worker ends the transactions of a tool that was killed.
        self.usable(Store::open(&self.source.database()?, NAME).await)
            .await
    }

    /// The same for a tool whose transactions workers have to wait for.
    ///
    /// # Errors
    /// As [`Setup::store`].
    pub async fn store_for_long_transactions(&self) -> Result<Store, ToolError> {
        let config = self.source.database()?;
        self.usable(Store::open_for_long_transactions(&config, NAME).await)
            .await
    }

    async fn usable(&self, opened: Result<Store, StoreError>) -> Result<Store, ToolError> {
        let store = opened.map_err(ToolError::DatabaseUrl)?;
        store.check().await?;
        // Not written down: what a tool is set to is no sign of what was counted.
        match store.agrees_on(self.source.amounts()?).await? {
            Agreement::Same | Agreement::Unwritten => {}
            Agreement::Other(problem) => return Err(ToolError::Settings(problem)),
        }
        prepare(&store).await?;
        Ok(store)
    }

    /// The same for a tool that counts donations, which writes the settings down where no worker has.
    ///
    /// # Errors
    /// As [`Setup::store`].
    pub async fn store_to_count_in(&self) -> Result<Store, ToolError> {
        let store = self.store().await?.counting_by(self.source.amounts()?);
        prepare(&store).await?;
        Ok(store)
    }

    /// Awaits work that may be left at any moment.
    ///
    /// # Errors
    /// The work's own, or [`ToolError::Interrupted`].
    pub async fn unless_stopped<T, E: Into<ToolError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ToolError> {
        tokio::select! {
            outcome = work => outcome.map_err(Into::into),
            () = self.stop.cancelled() => Err(ToolError::Interrupted),
        }
    }
}

async fn prepare(store: &Store) -> Result<(), StoreError> {
    told_if_slow(store.prepare(), || complain("totals-worker", PREPARING)).await
}

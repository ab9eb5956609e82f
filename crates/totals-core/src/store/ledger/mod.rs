//! The log and what was made of it: audits, rebuilds, explanations, resets. For the operator's tools.

pub(in crate::store) mod audit;
pub(in crate::store) mod explain;
pub(in crate::store) mod listed;
pub(in crate::store) mod rebuild;
pub(in crate::store) mod reset;

use mongodb::bson::Document;

use crate::store::client::{Store, detached};
use crate::store::error::StoreError;

impl Store {
    /// About how many rows the log has, for showing progress.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn log_length(&self) -> Result<u64, StoreError> {
        let log = self.event_log::<Document>();
        Ok(detached(async move { log.estimated_document_count().await }).await??)
    }
}

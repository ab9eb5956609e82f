//! The log and what follows from it: audits, rebuilds, explanations, resets and what is forgotten, for the operator's tools.

pub(in crate::store) mod audit;
pub(in crate::store) mod explain;
pub(in crate::store) mod forget;
pub(in crate::store) mod rebuild;
pub(in crate::store) mod reset;
pub(in crate::store) mod truncated;

use mongodb::bson::Document;

use crate::store::client::Store;
use crate::store::error::StoreError;

impl Store {
    /// About how many rows the log has, for showing progress.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn log_length(&self) -> Result<u64, StoreError> {
        self.detached(|driver| async move {
            let log = driver.event_log::<Document>();
            Ok(log.estimated_document_count().await?)
        })
        .await
    }
}

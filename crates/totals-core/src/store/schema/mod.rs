//! What is stored, and in what: documents, collections, indexes, the settings of the whole database, and what earlier
//! versions left.

pub(in crate::store) mod completeness;
pub(in crate::store) mod document;
pub(in crate::store) mod indexes;
pub(in crate::store) mod ownership;
pub(in crate::store) mod settings;
mod upgrade;

use crate::store::client::Store;
use crate::store::error::StoreError;

impl Store {
    /// Creates missing collections (a transaction could not) and indexes, and names in the log what a database that was
    /// prepared before has lost. Takes over what an earlier version has left, and drops what no version needs any more.
    /// Writes down the settings of a store that is [`counting_by`](Store::counting_by) some, and marks the history of a database
    /// in which nothing was counted yet as complete. If nothing is missing, this
    /// costs some short reads, so it may be called at any time.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be reached or refuses, if another service's documents are in it, or if its
    /// settings are others. Nothing was created in another service's database.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let amounts = self.amounts;
        self.detached(|driver| async move {
            let database = &driver.database;
            let preparing = driver.structure.begin(database).await?;
            ownership::refuse_another_service(database, &preparing.listed).await?;
            if let Some(amounts) = amounts {
                settings::agree_on(database, amounts, &driver.refused).await?;
            }
            if preparing.lacks_history() {
                completeness::mark(database, false).await?;
            }
            if preparing.complete(database).await? {
                completeness::mark(database, false).await?;
            }
            if amounts.is_some() {
                driver.mark_history_of_empty().await?;
            }
            Ok(())
        })
        .await
    }
}

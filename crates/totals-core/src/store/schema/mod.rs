//! What is stored, and in what: documents, collections, indexes, the settings of the whole database, and what earlier
//! versions left.

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
    /// Writes down the currency of a store that is [`counting_in`](Store::counting_in) one. If nothing is missing, this
    /// costs four short reads, so it may be called at any time.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be reached or refuses, if another service's documents are in it, or if its
    /// amounts are in another currency. Nothing was created in another service's database.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let currency = self.currency;
        self.detached(|driver| async move {
            let database = &driver.database;
            let collections = indexes::list_collections(database).await?;
            ownership::refuse_another_service(database, &collections).await?;
            if let Some(currency) = currency {
                settings::agree_on(database, currency, &driver.refused).await?;
            }
            driver.structure.prepare(database).await
        })
        .await
    }
}

//! What is stored, and in what: documents, collections, indexes, the settings of the whole database, and what earlier
//! versions left.

pub(in crate::store) mod document;
pub(in crate::store) mod indexes;
pub(in crate::store) mod settings;
mod upgrade;

use crate::store::client::Store;
use crate::store::error::StoreError;

impl Store {
    /// Creates missing collections (a transaction could not) and indexes, and names in the log what a database that was
    /// prepared before has lost. Takes over what an earlier version has left, and drops what no version needs any more.
    /// Writes down the currency of a store that is [`counting_in`](Store::counting_in) one. If nothing is missing, this
    /// costs three short reads, so it may be called at any time.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be reached or refuses, or if its amounts are in another currency.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let currency = self.currency;
        self.detached(|driver| async move {
            let database = &driver.database;
            if let Some(currency) = currency {
                let agreed = settings::agree_on(database, currency, &driver.refused).await;
                if agreed.as_ref().is_err_and(|error| !error.is_other_currency()) {
                    indexes::list_collections(database).await?;
                }
                agreed?;
            }
            driver.structure.prepare(database).await
        })
        .await
    }
}

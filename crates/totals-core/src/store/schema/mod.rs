//! What is stored, and in what: documents, collections, indexes, the settings of the whole database, and what earlier
//! versions left.

pub(in crate::store) mod document;
pub(in crate::store) mod indexes;
pub(in crate::store) mod settings;
mod upgrade;

use crate::store::client::{Store, detached};
use crate::store::error::StoreError;

impl Store {
    /// Creates the collections (inside a transaction they could not be) and their indexes, where missing, and names in the
    /// log what a database that was prepared before had lost. Takes over what an earlier version has left, and drops what
    /// no version needs any more. Where nothing is missing it costs three short reads, so it may be called at any time.
    /// Writes down the currency of a store that is [`counting_in`](Store::counting_in) one.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be reached or refuses, or if its amounts are in another currency.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let store = self.clone();
        detached(async move {
            if let Some(currency) = store.currency {
                let agreed = settings::agree_on(&store.database, currency, &store.refused).await;
                if agreed.as_ref().is_err_and(|error| !error.is_other_currency()) {
                    indexes::list_collections(&store.database).await?;
                }
                agreed?;
            }
            store.structure.prepare(&store.database).await
        })
        .await?
    }
}

//! What the transaction says to MongoDB: many documents in one round trip each.

use futures::TryStreamExt;
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc, serialize_to_bson, serialize_to_document};
use mongodb::error::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::{Store, StoreError, check_statements};

impl Store {
    /// Writes whole documents, each with whether it is stored already.
    pub(super) async fn write<T: Serialize + Send + Sync>(
        &self,
        session: &mut ClientSession,
        collection: &str,
        documents: impl Iterator<Item = (T, bool)>,
    ) -> Result<(), StoreError> {
        let (stored, fresh): (Vec<_>, Vec<_>) = documents.partition(|(_, stored)| *stored);
        let fresh = fresh.into_iter().map(|(document, _)| document);
        self.insert(session, collection, fresh.collect()).await?;
        let mut statements = Vec::with_capacity(stored.len());
        for (document, _) in stored {
            let mut replacement = serialize_to_document(&document).map_err(Error::from)?;
            let id = replacement.remove("_id").unwrap_or(Bson::Null);
            statements.push(doc! { "q": { "_id": id }, "u": replacement });
        }
        self.update(session, collection, statements).await?;
        Ok(())
    }

    /// Inserts what is new.
    pub(super) async fn insert<T: Serialize + Send + Sync>(
        &self,
        session: &mut ClientSession,
        collection: &str,
        documents: Vec<T>,
    ) -> Result<(), StoreError> {
        if documents.is_empty() {
            return Ok(());
        }
        let collection = self.database.collection::<T>(collection);
        collection.insert_many(documents).session(session).await?;
        Ok(())
    }

    /// Runs all statements in one round trip. Returned is how many documents they have found or created.
    pub(super) async fn update(
        &self,
        session: &mut ClientSession,
        collection: &str,
        statements: Vec<Document>,
    ) -> Result<u64, StoreError> {
        if statements.is_empty() {
            return Ok(0);
        }
        let command = doc! { "update": collection, "updates": statements };
        let answer = self.database.run_command(command).session(session).await?;
        check_statements(&answer)?;
        let documents = answer.get_i32("n").unwrap_or_default();
        Ok(u64::try_from(documents).unwrap_or_default())
    }

    /// Finds documents by `_id` in one round trip.
    pub(super) async fn find<T: DeserializeOwned + Send + Sync>(
        &self,
        session: &mut ClientSession,
        collection: &str,
        ids: impl IntoIterator<Item = impl Serialize>,
        projection: Document,
    ) -> Result<Vec<T>, StoreError> {
        let ids: Vec<Bson> = ids
            .into_iter()
            .map(|id| serialize_to_bson(&id))
            .collect::<Result<_, _>>()
            .map_err(Error::from)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let page = page_of(ids.len());
        let mut cursor = self
            .database
            .collection::<T>(collection)
            .find(doc! { "_id": { "$in": ids } })
            .projection(projection)
            .batch_size(page)
            .session(&mut *session)
            .await?;
        Ok(cursor.stream(session).try_collect().await?)
    }
}

/// The size of a page that holds so many rows and is known to be the last: the default first one holds 101, and each
/// further one costs a round trip.
pub(super) fn page_of(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX).saturating_add(1)
}

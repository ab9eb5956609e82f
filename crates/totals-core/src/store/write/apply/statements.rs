//! The commands of the transaction: each reads or writes many documents in one round trip.

use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, RawDocument, RawDocumentBuf, doc, serialize_to_document};
use mongodb::error::{Error, ErrorKind, IndexedWriteError};
use serde::Serialize;

use crate::store::client::{Driver, check_statements, failed_statements, primary};
use crate::store::error::StoreError;

impl Driver {
    /// Writes whole documents, each with true if it is stored already.
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

    /// Inserts new documents.
    pub(super) async fn insert<T: Serialize + Send + Sync>(
        &self,
        session: &mut ClientSession,
        collection: &str,
        documents: Vec<T>,
    ) -> Result<(), StoreError> {
        if documents.is_empty() {
            return Ok(());
        }
        let into = self.database.collection::<T>(collection);
        let Err(error) = into.insert_many(&documents).session(session).await else {
            return Ok(());
        };
        let refused = refused(&error);
        let document = refused.and_then(|refused| documents.get(refused.index));
        let id = document.and_then(|document| serialize_to_document(document).ok()?.remove("_id"));
        let unique =
            refused.and_then(|refused| StoreError::foreign_unique_index(refused.code, &refused.message));
        let error = unique.unwrap_or_else(|| error.clone().into());
        Err(match id {
            Some(id) => error.of_document(collection, &id),
            None => error.within(collection),
        })
    }

    /// Runs all statements in one round trip. Returns how many documents they have found or created.
    pub(in crate::store) async fn update(
        &self,
        session: &mut ClientSession,
        collection: &str,
        statements: Vec<Document>,
    ) -> Result<u64, StoreError> {
        if statements.is_empty() {
            return Ok(0);
        }
        let ids: Vec<Option<Bson>> = statements
            .iter()
            .map(|statement| statement.get_document("q").ok()?.get("_id").cloned())
            .collect();
        let command = doc! { "update": collection, "updates": statements };
        let answer = self.database.run_command(command).session(session).await;
        let answer = answer.map_err(|error| StoreError::from(error).within(collection))?;
        check_statements(&answer).map_err(|error| {
            let refused = failed_statements(&answer)
                .next()
                .and_then(|(index, _)| ids.get(index)?.as_ref());
            match refused {
                Some(id) => error.of_document(collection, id),
                None => error.within(collection),
            }
        })?;
        let documents = answer.get_i32("n").unwrap_or_default();
        Ok(u64::try_from(documents).unwrap_or_default())
    }

    /// Finds documents by `_id` in one round trip. `read` says what is wrong with one that cannot be read.
    pub(super) async fn find<T>(
        &self,
        session: &mut ClientSession,
        collection: &str,
        ids: impl IntoIterator<Item = &str>,
        projection: Document,
        read: impl Fn(&RawDocument) -> Result<T, String>,
    ) -> Result<Vec<T>, StoreError> {
        let ids: Vec<&str> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let page = page_of(ids.len());
        let mut cursor = self
            .database
            .collection::<RawDocumentBuf>(collection)
            .find(doc! { "_id": { "$in": ids } })
            .projection(projection)
            .batch_size(page)
            .selection_criteria(primary())
            .session(&mut *session)
            .await?;
        let mut found = Vec::new();
        while let Some(document) = cursor.next(session).await.transpose()? {
            let read = read(&document);
            found.push(read.map_err(|problem| StoreError::damaged(collection, &document, &problem))?);
        }
        Ok(found)
    }
}

/// Which of the documents that were to be inserted was refused.
fn refused(error: &Error) -> Option<&IndexedWriteError> {
    match error.kind.as_ref() {
        ErrorKind::InsertMany(insert) => insert.write_errors.as_ref()?.first(),
        _ => None,
    }
}

/// The size of a page that holds so many rows and is known to be the last. A page of the default size holds 101 rows at
/// first, and each further page costs a round trip.
pub(super) fn page_of(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX).saturating_add(1)
}

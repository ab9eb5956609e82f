//! Writes many repairs, each of one document. A document that is no longer as it was seen is left as it is.

use futures::stream::{self, StreamExt, TryStreamExt};
use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::WriteConcern;
use serde::Serialize;

use crate::store::client::{Store, check_statements};
use crate::store::error::{DUPLICATE_KEY, StoreError};

/// Repairs in one command, which must stay below 16 MB.
const TOGETHER: usize = 1000;

/// Commands under way at the same time: while one waits for the journal, others are worked on.
const COMMANDS_AT_ONCE: usize = 4;

/// The write that puts one document right.
pub(super) enum Repair<T> {
    /// Creates the document, unless there is one of its id by now. An insert costs the server a fraction of an upsert.
    Create(T),
    /// An update statement whose query names what was seen.
    Update(Document),
    /// A delete statement whose query names what was seen.
    Delete(Document),
}

/// Makes repairs of differences and writes them. Returns how many of them changed something, durable on a majority.
///
/// # Errors
/// [`StoreError`] if the database cannot answer; some are written then.
pub(super) async fn write_each<'a, D, T: Serialize + Send + Sync + 'static>(
    store: &Store,
    collection: &'static str,
    differences: &'a [D],
    repair: impl Fn(&'a D) -> Result<Repair<T>, StoreError>,
) -> Result<u64, StoreError> {
    let commands = differences.chunks(TOGETHER).map(|some| {
        let repairs: Result<Vec<_>, _> = some.iter().map(&repair).collect();
        async { write(store, collection, repairs?).await }
    });
    let written = stream::iter(commands).buffer_unordered(COMMANDS_AT_ONCE);
    written.try_fold(0, async |sum, written| Ok(sum + written)).await
}

async fn write<T: Serialize + Send + Sync + 'static>(
    store: &Store,
    collection: &'static str,
    repairs: Vec<Repair<T>>,
) -> Result<u64, StoreError> {
    let (mut creations, mut updates, mut deletes) = (Vec::new(), Vec::new(), Vec::new());
    for repair in repairs {
        match repair {
            Repair::Create(document) => creations.push(document),
            Repair::Update(statement) => updates.push(statement),
            Repair::Delete(statement) => deletes.push(statement),
        }
    }
    let mut written = create(store, collection, creations).await?;
    for (name, list, statements) in [("update", "updates", updates), ("delete", "deletes", deletes)] {
        if statements.is_empty() {
            continue;
        }
        let command = doc! {
            name: collection, list: statements, "ordered": false, "writeConcern": { "w": "majority" },
        };
        let answer = store
            .detached(|driver| async move { Ok(driver.database.run_command(command).await?) })
            .await?;
        check_statements(&answer).or_else(StoreError::unless_duplicate_key)?;
        written += written_by(&answer);
    }
    Ok(written)
}

async fn create<T: Serialize + Send + Sync + 'static>(
    store: &Store,
    collection: &'static str,
    documents: Vec<T>,
) -> Result<u64, StoreError> {
    if documents.is_empty() {
        return Ok(0);
    }
    let count = documents.len();
    let inserted = store.detached(|driver| async move {
        let collection = driver.database.collection::<T>(collection);
        let insert = collection.insert_many(documents).ordered(false);
        Ok(insert.write_concern(WriteConcern::majority()).await)
    });
    match inserted.await? {
        Ok(_) => Ok(count as u64),
        Err(error) => match existing(&error) {
            Some(existing) => Ok((count - existing) as u64),
            None => Err(error.into()),
        },
    }
}

/// How many of the documents were there already; `None` if the insert failed in another way.
fn existing(error: &Error) -> Option<usize> {
    match &*error.kind {
        ErrorKind::InsertMany(failed) if failed.write_concern_error.is_none() => {
            let failed = failed.write_errors.as_ref()?;
            failed
                .iter()
                .all(|failure| failure.code == DUPLICATE_KEY)
                .then_some(failed.len())
        }
        _ => None,
    }
}

/// How many documents an update or a delete has changed, created or deleted.
fn written_by(answer: &Document) -> u64 {
    let created = answer.get_array("upserted").map_or(0, Vec::len) as u64;
    // For an update `n` counts what it found, for a delete what it deleted.
    let changed = answer.get_i32("nModified").or_else(|_| answer.get_i32("n"));
    created + u64::try_from(changed.unwrap_or_default()).unwrap_or_default()
}

//! Which contents of a dead-letter queue a failed row refers to.
//!
//! The log knows which messages were parked, but not what became of their letters: a queue may be purged or deleted,
//! and RabbitMQ tells no client. But a worker looks at the queue before it parks a letter, and a queue that is found
//! empty has lost all that was ever in it. From then on the queue has other contents, under a new id, and rows that
//! name the former id no longer count. The id is in the database, so that all workers of a queue, and the next one
//! after a crash, agree. No clock is asked.
//!
//! A document that somebody has damaged gets a new id as well: at worst some messages are parked a second time, where
//! otherwise none would be parked any more.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;

use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::schema::document::DEAD_LETTER_QUEUES;
use crate::store::schema::indexes::list_collections;

/// The contents of a dead-letter queue since it was last found empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents(pub(in crate::store) ObjectId);

impl Store {
    /// The contents of the dead-letter queue of this name; other ones than before if the queue was found `empty`. A
    /// worker asks before it parks a letter: after a crash in between, the next worker asks again.
    ///
    /// # Errors
    /// [`StoreError`], which names what stands in the place of the collection if something does. Asking again is
    /// harmless, after another look at the queue.
    pub async fn dead_letter_contents(&self, queue: &str, empty: bool) -> Result<Contents, StoreError> {
        let queue = queue.to_owned();
        self.detached(|driver| async move {
            let queues = driver.database.collection::<Document>(DEAD_LETTER_QUEUES);
            let fresh = ObjectId::new();
            let stays = if empty {
                doc! { "$literal": false }
            } else {
                doc! { "$eq": [{ "$type": "$contents" }, "objectId"] }
            };
            let contents = doc! { "$cond": [stays, "$contents", fresh] };
            let row = queues
                .find_one_and_update(
                    doc! { "_id": queue },
                    vec![doc! { "$set": { "contents": contents } }],
                )
                .upsert(true)
                .return_document(ReturnDocument::After)
                .await;
            let row = match row.map_err(StoreError::from) {
                Ok(row) => row,
                Err(error) => {
                    if error.is_lost_structure() {
                        list_collections(&driver.database).await?;
                    }
                    return Err(error.within(DEAD_LETTER_QUEUES));
                }
            };
            let contents = row.and_then(|row| row.get_object_id("contents").ok());
            contents.map(Contents).ok_or_else(|| {
                StoreError::defect(format!(
                    "the collection {DEAD_LETTER_QUEUES} has no contents for the queue"
                ))
            })
        })
        .await
    }
}

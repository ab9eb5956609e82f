//! Reading many documents of several collections as of one moment, while workers go on writing.
//!
//! These are MongoDB's snapshot reads outside of transactions: every query names the same cluster time. Unlike a
//! transaction they take no locks and have no limit of 60 seconds. They work as long as the server keeps the history
//! (`minSnapshotHistoryWindowInSeconds`, 300 by default).

use std::fmt;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use mongodb::Database;
use mongodb::bson::{Bson, Document, RawDocument, Timestamp, deserialize_from_slice, doc};
use mongodb::error::Error;
use tokio::sync::mpsc;

use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::read::cluster_time::ClusterTime;
use crate::store::read::foreign::shell_id;
use crate::store::schema::document::CAMPAIGN_TOTALS;
use crate::store::schema::indexes::{is_unknown_hint, serving};

/// Documents a stream fetches and hands over at once.
const CHUNK: u32 = 1000;

/// Chunks that may wait for the reader: the server fills one while another is read.
const CHUNKS_AHEAD: usize = 4;

/// One moment of the database.
#[derive(Debug, Clone)]
pub(in crate::store) struct Snapshot {
    store: Store,
    at: Bson,
    taken: Instant,
}

impl Snapshot {
    /// The present moment, of what a majority has.
    pub async fn take(store: &Store) -> Result<Self, StoreError> {
        let at = store.detached(|driver| async move {
            let probe = doc! {
                "find": CAMPAIGN_TOTALS, "limit": 1, "singleBatch": true, "projection": { "_id": 1 },
                "readConcern": { "level": "snapshot" },
            };
            let answer = driver.database.run_command(probe).await?;
            let at = answer
                .get_document("cursor")
                .ok()
                .and_then(|cursor| cursor.get("atClusterTime"));
            at.cloned()
                .ok_or_else(|| StoreError::defect("a snapshot read has no atClusterTime".to_owned()))
        });
        Ok(Self {
            at: at.await?,
            store: store.clone(),
            taken: Instant::now(),
        })
    }

    /// A moment that another read has named.
    pub fn at(store: &Store, moment: ClusterTime) -> Self {
        Self {
            store: store.clone(),
            at: Timestamp::from(moment).into(),
            taken: Instant::now(),
        }
    }

    pub fn age(&self) -> Duration {
        self.taken.elapsed()
    }

    /// All that a short `find` or `aggregate` command yields at this moment.
    pub async fn all<T: Send + 'static>(
        &self,
        command: Document,
        read: impl FnMut(&RawDocument) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Vec<T>, StoreError> {
        let (mut stream, mut all) = (self.stream(command, read), Vec::new());
        while let Some(item) = stream.next().await? {
            all.push(item);
        }
        Ok(all)
    }

    /// Runs a `find` or `aggregate` command at this moment, in a task of its own that stays a few chunks ahead.
    pub fn stream<T: Send + 'static>(
        &self,
        command: Document,
        mut read: impl FnMut(&RawDocument) -> Result<T, StoreError> + Send + 'static,
    ) -> Stream<T> {
        self.stream_some(command, move |document| read(document).map(Some))
    }

    /// As [`Snapshot::stream`], without the documents that `read` gives `None` for.
    pub fn stream_some<T: Send + 'static>(
        &self,
        mut command: Document,
        read: impl FnMut(&RawDocument) -> Result<Option<T>, StoreError> + Send + 'static,
    ) -> Stream<T> {
        let read_concern = doc! { "level": "snapshot", "atClusterTime": self.at.clone() };
        command.insert("readConcern", read_concern);
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let collection = collection_of(&command);
        self.store.spawn(|driver| async move {
            let last = match feed(&driver.database, command, read, &sender).await {
                Ok(()) => Chunk::End,
                Err(error) => Chunk::Failed(error.within(&collection)),
            };
            // Without a reader nobody cares how it ends.
            let _ = sender.send(last).await;
        });
        Stream {
            chunks,
            ready: Vec::new().into_iter().peekable(),
            ended: false,
        }
    }
}

/// Reads one document of a query's answer.
///
/// # Errors
/// [`StoreError`] that names the document, if this service did not write it.
pub(in crate::store) fn read<T: serde::de::DeserializeOwned>(
    document: &RawDocument,
) -> Result<T, StoreError> {
    deserialize_from_slice(document.as_bytes()).map_err(|error| malformed(document, &error))
}

/// The failure for a document that this service did not write.
pub(in crate::store) fn malformed(document: &RawDocument, problem: &dyn fmt::Display) -> StoreError {
    StoreError::foreign(format!(
        "the document {} is none of this service's ({problem}): `totals-worker verify` says what to do",
        shell_id(document)
    ))
}

/// What a `find` or `aggregate` command reads.
fn collection_of(command: &Document) -> String {
    let collection = command.values().next().and_then(Bson::as_str);
    collection.unwrap_or_default().to_owned()
}

enum Chunk<T> {
    Some(Vec<T>),
    Failed(StoreError),
    End,
}

async fn feed<T>(
    database: &Database,
    mut command: Document,
    mut read: impl FnMut(&RawDocument) -> Result<Option<T>, StoreError>,
    sender: &mpsc::Sender<Chunk<T>>,
) -> Result<(), StoreError> {
    // Each batch as it came from the network: a cursor of documents would copy them one by one.
    let query = |command| database.run_cursor_command(command).batch_size(CHUNK).batch();
    let mut batches = match (query(command.clone()).await, command.get_str("hint")) {
        // An administrator's index may serve under another name.
        (Err(error), Ok(index)) if is_unknown_hint(&error) => {
            let collection = collection_of(&command);
            let serving = serving(database, &collection, index).await?;
            let Some(serving) = serving.filter(|serving| serving != index) else {
                return Err(StoreError::missing_index(&collection, index));
            };
            command.insert("hint", serving);
            query(command).await?
        }
        (batches, _) => batches?,
    };
    while let Some(batch) = batches.try_next().await? {
        let mut chunk = Vec::with_capacity(CHUNK as usize);
        for document in batch.doc_slices()? {
            let document = document.map_err(Error::from)?;
            let document = document
                .as_document()
                .ok_or_else(|| StoreError::defect("a query's answer holds no documents".to_owned()))?;
            chunk.extend(read(document)?);
        }
        if sender.send(Chunk::Some(chunk)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The documents of one query, in its order. Dropping it ends the query.
pub(in crate::store) struct Stream<T> {
    chunks: mpsc::Receiver<Chunk<T>>,
    ready: std::iter::Peekable<std::vec::IntoIter<T>>,
    ended: bool,
}

impl<T> Stream<T> {
    /// The next document, which stays the next.
    ///
    /// # Errors
    /// [`StoreError`] if the query failed; what came before is not all there was.
    pub async fn peek(&mut self) -> Result<Option<&T>, StoreError> {
        while self.ready.peek().is_none() && !self.ended {
            match self.chunks.recv().await {
                Some(Chunk::Some(chunk)) => self.ready = chunk.into_iter().peekable(),
                Some(Chunk::End) => self.ended = true,
                Some(Chunk::Failed(error)) => return Err(error),
                None => return Err(StoreError::defect("a query's task died".to_owned())),
            }
        }
        Ok(self.ready.peek())
    }

    /// The next document, if it is wanted.
    ///
    /// # Errors
    /// As [`Stream::peek`].
    pub async fn next_if(&mut self, wanted: impl FnOnce(&T) -> bool) -> Result<Option<T>, StoreError> {
        self.peek().await?;
        Ok(self.ready.next_if(wanted))
    }

    /// The next document.
    ///
    /// # Errors
    /// As [`Stream::peek`].
    pub async fn next(&mut self) -> Result<Option<T>, StoreError> {
        self.next_if(|_| true).await
    }
}

//! Failures of the store, each with its decision: try the same again, or give up on what caused it.

mod driver;
mod findings;

use mongodb::bson::Bson;

use driver::WRITE_CONFLICT;
pub(in crate::store) use driver::{DUPLICATE_KEY, server_code};

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The database is away, busy or misconfigured: the same batch may succeed later.
    Retry,
    /// The database refuses this data and always will.
    Reject,
}

/// A failed operation. Its text holds codes and labels only: the driver's own would print whole documents.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{summary}")]
pub struct StoreError {
    decision: Decision,
    /// The server's code, if the server answered.
    code: Option<i32>,
    cause: Cause,
    summary: String,
}

/// What a failure comes from, where more than its decision depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Anything else.
    Other,
    /// An index or a collection is missing, or something else stands in its place.
    Structure,
    /// A stored document cannot be read.
    Document,
    /// A stored document is none of this service's.
    Foreign,
    /// The database's settings are others than the process's.
    Settings,
}

impl StoreError {
    /// What to do about it.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// Returns true if another transaction, open or just committed, has changed the same documents.
    pub fn is_write_conflict(&self) -> bool {
        self.code == Some(WRITE_CONFLICT)
    }

    /// Returns true if a collection or an index is missing, or something else stands in its place:
    /// [`Store::prepare`](crate::store::client::Store::prepare) puts it back, or says what the operator must do.
    pub fn is_lost_structure(&self) -> bool {
        self.cause == Cause::Structure
    }

    /// Returns true if a stored document cannot be read. The text names its collection and its `_id`.
    pub fn is_damaged_document(&self) -> bool {
        self.cause == Cause::Document
    }

    /// Returns true if this service did not write the document that was to be read. The text names its `_id`. The other
    /// documents can be read.
    pub fn is_foreign_document(&self) -> bool {
        self.cause == Cause::Foreign
    }

    /// Returns true if the server answered, and the answer was an error.
    pub fn is_an_answer(&self) -> bool {
        self.code.is_some()
    }

    /// Returns true if the database's currency or precision is another one: nothing may be counted into it.
    pub fn is_other_settings(&self) -> bool {
        self.cause == Cause::Settings
    }

    /// Returns true if a document that was to be inserted is there already.
    pub(in crate::store) fn is_duplicate_key(&self) -> bool {
        self.code == Some(DUPLICATE_KEY)
    }

    /// Success, if the write found that its document is there already; else the same failure.
    pub(in crate::store) fn unless_duplicate_key(self) -> Result<(), Self> {
        if self.is_duplicate_key() {
            Ok(())
        } else {
            Err(self)
        }
    }

    /// The same failure met in reading, where the server's codes say nothing about the data. A document that is there
    /// and cannot be read does.
    pub(in crate::store) fn into_retry(self) -> Self {
        if self.is_damaged_document() {
            return self;
        }
        Self {
            decision: Decision::Retry,
            ..self
        }
    }

    /// The same failure, with the document that was to be written.
    pub(in crate::store) fn of_document(self, collection: &str, id: &Bson) -> Self {
        self.within(&format!("{collection} {id}"))
    }

    /// The same failure, with the collection it was met in.
    pub(in crate::store) fn within(self, collection: &str) -> Self {
        Self {
            summary: format!("{collection}: {}", self.summary),
            ..self
        }
    }
}

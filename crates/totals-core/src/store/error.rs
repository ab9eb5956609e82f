//! Failures of the store, each with its decision: try the same again, or give up on what caused it.

use std::fmt;

use mongodb::bson::{Bson, RawBsonRef, RawDocument};
use mongodb::error::{Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR, WriteFailure};

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
    /// The database's amounts are in another currency.
    Currency,
}

/// Server code `DuplicateKey`.
pub(in crate::store) const DUPLICATE_KEY: i32 = 11000;

/// Server code `SnapshotTooOld`.
const SNAPSHOT_TOO_OLD: i32 = 239;

/// Server code `WriteConflict`.
const WRITE_CONFLICT: i32 = 112;

/// Server codes that mean "this data, never": every other failure is retried, because a batch given up for what is
/// wrong with the server would be lost to the totals. Names as in MongoDB's `error_codes.yml`.
const REJECTED: [(i32, &str); 11] = [
    (2, "BadValue"),
    (9, "FailedToParse"),
    (14, "TypeMismatch"),
    (15, "Overflow"),
    (16, "InvalidLength"),
    (121, "DocumentValidationFailure"),
    // Half of the batch may fit.
    (394, "TransactionTooLargeForCache"),
    (10334, "BSONObjectTooLarge"),
    (17280, "KeyTooLong"),
    // An update or a replacement that would make the document too large.
    (17419, "BSONObjectTooLarge"),
    (17420, "BSONObjectTooLarge"),
];

/// Server codes that mean that a collection or an index is missing, or that a view is in a collection's place: the names
/// are `NamespaceNotFound`, `IndexNotFound`, `CommandNotSupportedOnView` and `OperationNotSupportedInTransaction` (an old
/// server makes no collection within one).
const STRUCTURE: [i32; 4] = [26, 27, 166, 263];

impl StoreError {
    /// What to do about it.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// Whether another transaction, open or just committed, has changed the same documents.
    pub fn is_write_conflict(&self) -> bool {
        self.code == Some(WRITE_CONFLICT)
    }

    /// Returns true if a collection or an index is missing, or something else stands in its place:
    /// [`Store::prepare`](crate::store::client::Store::prepare) puts it back, or says what is to be done.
    pub fn is_lost_structure(&self) -> bool {
        self.cause == Cause::Structure
    }

    /// Returns true if a stored document cannot be read. The text names its collection and its `_id`.
    pub fn is_damaged_document(&self) -> bool {
        self.cause == Cause::Document
    }

    /// Returns true if a stored document that was to be read is none of this service's: the text names its `_id`. The other
    /// documents can be read.
    pub fn is_foreign_document(&self) -> bool {
        self.cause == Cause::Foreign
    }

    /// Returns true if the server answered, and the answer was an error.
    pub fn is_an_answer(&self) -> bool {
        self.code.is_some()
    }

    /// Returns true if the database's amounts are in another currency: nothing may be counted into it.
    pub fn is_other_currency(&self) -> bool {
        self.cause == Cause::Currency
    }

    /// A write that an administrator's unique index refuses. The `_id`s are unique as well, and mean a document that is there
    /// already.
    pub(in crate::store) fn foreign_unique_index(code: i32, message: &str) -> Option<Self> {
        let (_, index) = message.split_once(" index: ")?;
        let index = index
            .split(' ')
            .next()
            .filter(|index| code == DUPLICATE_KEY && *index != "_id_")?;
        Some(Self {
            decision: Decision::Reject,
            code: None,
            cause: Cause::Other,
            summary: format!("the unique index {index} refuses it: it is none of this service's, drop it"),
        })
    }

    /// A statement within a command, refused with `code`.
    pub(in crate::store) fn statement(code: i32) -> Self {
        Self {
            decision: decision_for(code),
            code: Some(code),
            cause: cause_of(code),
            summary: format!("MongoDB refused a write: code {code}{}", name_of(code)),
        }
    }

    /// A document that this service could not have written, and that no event that needs it can be counted with.
    pub(in crate::store) fn damaged(collection: &str, document: &RawDocument, problem: &str) -> Self {
        let id = match document.get("_id") {
            Ok(Some(RawBsonRef::String(id))) => format!("{id:?}"),
            Ok(Some(id)) => format!("{id:?}"),
            Ok(None) | Err(_) => "without _id".to_owned(),
        };
        Self {
            decision: Decision::Reject,
            code: None,
            cause: Cause::Document,
            summary: format!("the document {collection} {id} is damaged: {problem}"),
        }
    }

    /// A refund would take more from a campaign's totals than they hold.
    pub(in crate::store) fn uncovered(campaign: &str) -> Self {
        Self {
            decision: Decision::Reject,
            code: None,
            cause: Cause::Document,
            summary: format!(
                "the document campaign_totals {campaign:?} is damaged: it holds less than the refund takes, or the refunded \
                 donation is filed under the wrong campaign; `totals-worker rebuild` puts either right"
            ),
        }
    }

    /// An index that a query names is missing.
    pub(in crate::store) fn missing_index(collection: &str, index: &str) -> Self {
        Self {
            decision: Decision::Retry,
            code: None,
            cause: Cause::Structure,
            summary: format!(
                "the index {index} on {collection} is missing (a worker makes it anew as it starts and while it runs)"
            ),
        }
    }

    /// Something other than a collection has the name of one of ours.
    pub(in crate::store) fn not_a_collection(name: &str, kind: &str) -> Self {
        Self {
            decision: Decision::Retry,
            code: None,
            cause: Cause::Structure,
            summary: format!("{name} is a {kind} and must be a collection: drop or rename it"),
        }
    }

    /// A collection of ours that somebody has made with options that nothing works with, and that cannot be changed.
    pub(in crate::store) fn unusable_collection(name: &str, problem: &str) -> Self {
        Self {
            decision: Decision::Retry,
            code: None,
            cause: Cause::Structure,
            summary: format!(
                "the collection {name} {problem}: stop the workers, and in mongosh copy it into an ordinary one, \
                 db.{name}.renameCollection(\"{name}_old\"); db.{name}_old.aggregate([{{$out: \"{name}\"}}])"
            ),
        }
    }

    /// A write that was made, and that a majority has not confirmed.
    pub(in crate::store) fn unconfirmed(code: i32) -> Self {
        Self {
            decision: Decision::Retry,
            code: Some(code),
            cause: Cause::Other,
            summary: format!("MongoDB made a write that no majority has confirmed: code {code}"),
        }
    }

    /// Whether a document that was to be inserted is there already.
    pub(in crate::store) fn is_duplicate_key(&self) -> bool {
        self.code == Some(DUPLICATE_KEY)
    }

    /// Nothing, where the write found that its document is there already.
    pub(in crate::store) fn unless_duplicate_key(self) -> Result<(), Self> {
        if self.is_duplicate_key() {
            Ok(())
        } else {
            Err(self)
        }
    }

    /// The same failure met in reading, where the server's codes say nothing about the data. A document that is there and
    /// cannot be read does.
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
        Self {
            summary: format!("{collection} {id}: {}", self.summary),
            ..self
        }
    }

    /// A failure to open the database: a name that does not resolve may later, options that contradict each other
    /// will not.
    pub(in crate::store) fn opening(error: Error) -> Self {
        let decision = match error.kind.as_ref() {
            ErrorKind::InvalidArgument { .. } | ErrorKind::InvalidTlsConfig { .. } => Decision::Reject,
            _ => Decision::Retry,
        };
        Self {
            decision,
            ..Self::from(error)
        }
    }

    /// The same failure, with the collection it was met in.
    pub(in crate::store) fn within(self, collection: &str) -> Self {
        Self {
            summary: format!("{collection}: {}", self.summary),
            ..self
        }
    }

    /// A campaign's totals were written between the look at its donors and the commit that rests on it.
    pub(in crate::store) fn overtaken() -> Self {
        Self {
            decision: Decision::Retry,
            code: None,
            cause: Cause::Other,
            summary: "another commit has changed a campaign since its donors were looked up".to_owned(),
        }
    }

    /// The database's amounts are in another currency than this process counts in, or nobody can tell.
    pub(in crate::store) fn other_currency(summary: String) -> Self {
        Self {
            decision: Decision::Retry,
            code: None,
            cause: Cause::Currency,
            summary,
        }
    }

    /// A document that was to be read and is none of this service's.
    pub(in crate::store) fn foreign(summary: String) -> Self {
        Self {
            cause: Cause::Foreign,
            ..Self::defect(summary)
        }
    }

    /// A failure of this service's own making.
    pub(in crate::store) fn defect(summary: String) -> Self {
        Self {
            decision: Decision::Retry,
            code: None,
            cause: Cause::Other,
            summary,
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let transient = error.contains_label(TRANSIENT_TRANSACTION_ERROR);
        let decision = match error.kind.as_ref() {
            _ if transient => Decision::Retry,
            ErrorKind::BsonSerialization(_) | ErrorKind::Bson(_) | ErrorKind::InvalidArgument { .. } => {
                Decision::Reject
            }
            _ => server_code(&error).map_or(Decision::Retry, decision_for),
        };
        Self {
            decision,
            code: server_code(&error),
            cause: server_code(&error).map_or(Cause::Other, cause_of),
            summary: Summary(&error).to_string(),
        }
    }
}

fn decision_for(code: i32) -> Decision {
    if REJECTED.iter().any(|(rejected, _)| *rejected == code) {
        Decision::Reject
    } else {
        Decision::Retry
    }
}

fn cause_of(code: i32) -> Cause {
    if STRUCTURE.contains(&code) {
        Cause::Structure
    } else {
        Cause::Other
    }
}

/// MongoDB's name for a code that it leaves out where a write fails, with a space before.
fn name_of(code: i32) -> String {
    let known = REJECTED.iter().find(|(rejected, _)| *rejected == code);
    known.map_or_else(String::new, |(_, name)| format!(" {name}"))
}

/// The server's code for a failed command or write.
pub(in crate::store) fn server_code(error: &Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Command(command) => Some(command.code),
        ErrorKind::Write(WriteFailure::WriteError(write)) => Some(write.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => Some(concern.code),
        ErrorKind::InsertMany(insert) => insert
            .write_errors
            .as_ref()
            .and_then(|errors| errors.first())
            .map(|error| error.code)
            .or_else(|| insert.write_concern_error.as_ref().map(|concern| concern.code)),
        _ => None,
    }
}

/// An error's kind, code and labels, without the server's raw answer.
struct Summary<'a>(&'a Error);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind.as_ref() {
            ErrorKind::Command(command) if command.code == SNAPSHOT_TOO_OLD => {
                f.write_str(
                    "reading took longer than MongoDB keeps the history behind a snapshot: raise its server parameter \
                     minSnapshotHistoryWindowInSeconds (300 by default) and try again",
                )?;
            }
            ErrorKind::Command(command) => {
                write!(f, "MongoDB refused: code {} {}", command.code, command.code_name)?;
            }
            ErrorKind::Authentication { .. } => {
                f.write_str("MongoDB refused the credentials in DATABASE_URL")?;
            }
            ErrorKind::Io(error) => write!(f, "the connection to MongoDB failed: {error}")?,
            ErrorKind::ServerSelection { message, .. }
            | ErrorKind::ConnectionPoolCleared { message, .. }
            | ErrorKind::DnsResolve { message, .. }
            | ErrorKind::Transaction { message, .. }
            | ErrorKind::InvalidTlsConfig { message, .. } => {
                write!(f, "MongoDB cannot be reached: {message}")?;
            }
            ErrorKind::InvalidArgument { message, .. } => write!(f, "the MongoDB driver refuses: {message}")?,
            _ => match server_code(self.0) {
                Some(code) => write!(f, "MongoDB refused a write: code {code}{}", name_of(code))?,
                None => f.write_str("the MongoDB driver failed")?,
            },
        }
        let mut labels: Vec<_> = self.0.labels().iter().map(String::as_str).collect();
        labels.sort_unstable();
        if labels.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", labels.join(", "))
        }
    }
}

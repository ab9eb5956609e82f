//! Failures of the store, each with its decision: try the same again, or give up on what caused it.

use std::fmt;

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
    summary: String,
}

/// Server code `DuplicateKey`.
pub(super) const DUPLICATE_KEY: i32 = 11000;

/// Server code `SnapshotTooOld`.
const SNAPSHOT_TOO_OLD: i32 = 239;

/// Server code `WriteConflict`.
const WRITE_CONFLICT: i32 = 112;

/// Server codes that mean "this data, never": every other failure is retried, because a batch given up for what is
/// wrong with the server would be lost to the totals. Names as in MongoDB's `error_codes.yml`.
const REJECTED: [i32; 10] = [
    2,     // BadValue
    9,     // FailedToParse
    14,    // TypeMismatch
    15,    // Overflow
    16,    // InvalidLength
    394,   // TransactionTooLargeForCache: half of the batch may fit
    10334, // BSONObjectTooLarge
    17280, // KeyTooLong
    17419, // an update would make the document too large
    17420, // a replacement is too large
];

impl StoreError {
    /// What to do about it.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// Whether another transaction, open or just committed, has changed the same documents.
    pub fn is_write_conflict(&self) -> bool {
        self.code == Some(WRITE_CONFLICT)
    }

    /// A statement within a command, refused with `code`.
    pub(super) fn statement(code: i32, name: &str) -> Self {
        Self {
            decision: decision_for(code),
            code: Some(code),
            summary: format!("MongoDB refused a write: code {code} {name}"),
        }
    }

    /// A write that was made, and that a majority has not confirmed.
    pub(super) fn unconfirmed(code: i32) -> Self {
        Self {
            decision: Decision::Retry,
            code: Some(code),
            summary: format!("MongoDB made a write that no majority has confirmed: code {code}"),
        }
    }

    /// Whether a document that was to be inserted is there already.
    pub(super) fn is_duplicate_key(&self) -> bool {
        self.code == Some(DUPLICATE_KEY)
    }

    /// Nothing, where the write found that its document is there already.
    pub(super) fn unless_duplicate_key(self) -> Result<(), Self> {
        if self.is_duplicate_key() {
            Ok(())
        } else {
            Err(self)
        }
    }

    /// The same failure where it says nothing about the data: in reading, say.
    pub(super) fn into_retry(self) -> Self {
        Self {
            decision: Decision::Retry,
            ..self
        }
    }

    /// A failure to open the database: a name that does not resolve may later, options that contradict each other
    /// will not.
    pub(super) fn opening(error: Error) -> Self {
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
    pub(super) fn within(self, collection: &str) -> Self {
        Self {
            summary: format!("{collection}: {}", self.summary),
            ..self
        }
    }

    /// A campaign's totals were written between the look at its donors and the commit that rests on it.
    pub(super) fn overtaken() -> Self {
        Self {
            decision: Decision::Retry,
            code: None,
            summary: "another commit has changed a campaign since its donors were looked up".to_owned(),
        }
    }

    /// A failure of this service's own making.
    pub(super) fn defect(summary: String) -> Self {
        Self {
            decision: Decision::Retry,
            code: None,
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
            summary: Summary(&error).to_string(),
        }
    }
}

fn decision_for(code: i32) -> Decision {
    if REJECTED.contains(&code) {
        Decision::Reject
    } else {
        Decision::Retry
    }
}

/// The server's code for a failed command or write.
pub(super) fn server_code(error: &Error) -> Option<i32> {
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
                Some(code) => write!(f, "MongoDB refused a write: code {code}")?,
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

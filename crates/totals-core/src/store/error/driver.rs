//! From the driver's errors and the server's codes to a failure with its decision.

use std::fmt;

use mongodb::error::{Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR, WriteFailure};

use super::{Cause, Decision, StoreError};

/// Server code `DuplicateKey`.
pub(in crate::store) const DUPLICATE_KEY: i32 = 11000;

/// Server code `WriteConflict`.
pub(super) const WRITE_CONFLICT: i32 = 112;

/// Server code `SnapshotTooOld`.
const SNAPSHOT_TOO_OLD: i32 = 239;

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

/// Server codes that mean that a collection or an index is missing, or that a view is in a collection's place: the
/// names are `NamespaceNotFound`, `IndexNotFound`, `CommandNotSupportedOnView` and `OperationNotSupportedInTransaction`
/// (an old server makes no collection within one).
const STRUCTURE: [i32; 4] = [26, 27, 166, 263];

impl StoreError {
    /// A statement within a command, refused with `code`.
    pub(in crate::store) fn statement(code: i32) -> Self {
        Self {
            decision: decision_for(code),
            code: Some(code),
            cause: cause_of(code),
            summary: format!("MongoDB refused a write: code {code}{}", name_of(code)),
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
            summary: Redacted(&error).to_string(),
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
struct Redacted<'a>(&'a Error);

impl fmt::Display for Redacted<'_> {
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

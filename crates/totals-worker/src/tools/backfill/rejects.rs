//! Rows that could not be counted, in a file of their own: nothing is dropped without a trace.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::rows::Row;
use crate::message::Reason;
use crate::tools::error::ToolError;

/// The file, shared by all who reject.
#[derive(Clone)]
pub struct Rejects {
    path: PathBuf,
    written: Arc<Mutex<Written>>,
    /// Cancelled when the file cannot be written.
    give_up: CancellationToken,
}

struct Written {
    file: BufWriter<File>,
    count: u64,
    failed: Option<io::Error>,
}

/// A line of the file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reject<'a> {
    line: u64,
    reason_code: &'a str,
    reason: &'a str,
    original: String,
}

/// `FILE.rejects.ndjson`.
pub fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rejects.ndjson");
    name.into()
}

impl Rejects {
    /// Starts the file anew: an earlier run's rejects are met again.
    ///
    /// # Errors
    /// [`ToolError::File`] if it cannot be written, or is the `input` itself.
    pub fn create(path: &Path, input: &Path, give_up: CancellationToken) -> Result<Self, ToolError> {
        if path
            .canonicalize()
            .is_ok_and(|path| input.canonicalize().is_ok_and(|input| path == input))
        {
            let problem = "the rejects would overwrite the input".to_owned();
            return Err(file_error(path, problem));
        }
        let file = File::create(path).map_err(|error| file_error(path, error.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            written: Arc::new(Mutex::new(Written {
                file: BufWriter::new(file),
                count: 0,
                failed: None,
            })),
            give_up,
        })
    }

    /// Writes one down.
    pub fn add(&self, row: &Row, reason: &Reason) {
        let reject = Reject {
            line: row.line,
            reason_code: reason.code,
            reason: &reason.text,
            original: row.text(),
        };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let line = serde_json::to_writer(&mut written.file, &reject).map_err(io::Error::from);
        match line.and_then(|()| written.file.write_all(b"\n")) {
            Ok(()) => written.count += 1,
            Err(error) => {
                written.failed.get_or_insert(error);
                self.give_up.cancel();
            }
        }
    }

    /// How many there are. Without any there is no file.
    ///
    /// # Errors
    /// [`ToolError::File`] if some could not be written.
    pub fn finish(&self) -> Result<u64, ToolError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = match written.failed.take() {
            Some(error) => Err(error),
            None if written.count == 0 => std::fs::remove_file(&self.path),
            None => written.file.flush(),
        };
        outcome.map_err(|error| file_error(&self.path, error.to_string()))?;
        Ok(written.count)
    }
}

fn file_error(path: &Path, problem: String) -> ToolError {
    ToolError::File {
        path: path.to_owned(),
        problem,
    }
}

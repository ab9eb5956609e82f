//! Rows that could not be counted, in a file of their own: nothing is dropped without a trace.
//!
//! A run writes beside that file and replaces it only when it is through, so that one that is interrupted leaves the
//! rejects of the last as they are. A file that the operator named may be another input's: it is never replaced.

use std::fs::{self, File};
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
    /// Where they are until the run is through.
    part: PathBuf,
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
    with_ending(file, ".rejects.ndjson")
}

impl Rejects {
    /// Starts the list anew, in `named` or [beside] the `input`: an earlier run's rejects are met again.
    ///
    /// # Errors
    /// [`ToolError::File`] if it cannot be written, is the `input` itself, or is named and has content.
    pub fn create(named: Option<&Path>, input: &Path, give_up: CancellationToken) -> Result<Self, ToolError> {
        let path = &named.map_or_else(|| beside(input), Path::to_owned);
        if path
            .canonicalize()
            .is_ok_and(|path| input.canonicalize().is_ok_and(|input| path == input))
        {
            let problem = "the rejects would overwrite the input".to_owned();
            return Err(file_error(path, problem));
        }
        if let Ok(there) = path.metadata() {
            let problem = if !there.is_file() {
                "the rejects need a regular file; give --rejects a name that does not exist yet"
            } else if named.is_some() && there.len() > 0 {
                "it has content, perhaps the rejects of another file; give --rejects a name that does not exist yet, \
                 or remove it"
            } else {
                ""
            };
            if !problem.is_empty() {
                return Err(file_error(path, problem.to_owned()));
            }
        }
        let part = with_ending(path, ".part");
        let file = File::create(&part).map_err(|error| file_error(&part, error.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            part,
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

    /// Where they are once the run is through, if there are any.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many there are. They take the place of an earlier run's if this one is `complete`.
    ///
    /// # Errors
    /// [`ToolError::File`] if some could not be written.
    pub fn finish(&self, complete: bool) -> Result<u64, ToolError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = match written.failed.take() {
            Some(error) => Err(error),
            None => written
                .file
                .flush()
                .and_then(|()| self.put(complete, written.count)),
        };
        outcome.map_err(|error| file_error(&self.path, error.to_string()))?;
        Ok(written.count)
    }

    fn put(&self, complete: bool, count: u64) -> io::Result<()> {
        if count > 0 {
            return if complete {
                fs::rename(&self.part, &self.path)
            } else {
                Ok(())
            };
        }
        fs::remove_file(&self.part)?;
        if complete && self.path.exists() {
            fs::remove_file(&self.path)?;
        }
        Ok(())
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn file_error(path: &Path, problem: String) -> ToolError {
    ToolError::File {
        path: path.to_owned(),
        problem,
    }
}

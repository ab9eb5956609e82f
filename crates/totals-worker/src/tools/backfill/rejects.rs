//! Rows that could not be counted, in a file of their own, so that no row is dropped without a trace.
//!
//! A run writes beside that file and replaces it only at its end, so a run that is interrupted leaves the rejects of the
//! last one as they are. A file that the operator named may have another input's rejects, so it is never replaced. The
//! rejects of standard input go to standard error, unless a file is named.

use std::fs;
use std::io::{self, BufWriter, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use totals_core::runtime::terminal;

use super::row::Row;
use super::rows::is_stdin;
use crate::broker::message::Reason;
use crate::tools::error::ToolError;

use part::open_part;

mod part;

/// Where rejects go, shared by all who reject.
#[derive(Clone)]
pub struct Rejects {
    /// None if they go to standard error.
    files: Option<Files>,
    written: Arc<Mutex<Written>>,
    /// Cancelled when they cannot be written.
    give_up: CancellationToken,
}

#[derive(Clone)]
struct Files {
    path: PathBuf,
    /// Where they are until the end of the run.
    part: PathBuf,
}

struct Written {
    to: Box<dyn Write + Send>,
    count: u64,
    failed: Option<io::Error>,
}

/// A line of the rejects.
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
    /// Starts the list anew, in `named` or [beside] the `input`. This run meets the rejects of an earlier one again.
    ///
    /// # Errors
    /// [`ToolError::File`] if it cannot be written, is the `input` itself, is named and has content, or if another
    /// backfill writes it.
    pub fn create(named: Option<&Path>, input: &Path, give_up: CancellationToken) -> Result<Self, ToolError> {
        if named == Some(Path::new("-")) {
            return Err(ToolError::Usage(
                "--rejects -: standard output has the answer alone; rejects go to standard error if the rows come from \
                 standard input (totals-worker backfill - --format ndjson|csv < FILE) and --rejects is left out; a file \
                 of that name is ./-"
                    .to_owned(),
            ));
        }
        if named.is_none() && is_stdin(input) {
            return Ok(Self::new(None, Box::new(LineWriter::new(io::stderr())), give_up));
        }
        let path = named.map_or_else(|| beside(input), Path::to_owned);
        let part = with_ending(&path, ".part");
        for written in [&path, &part] {
            let written_file = written.canonicalize();
            if written_file.is_ok_and(|written| input.canonicalize().is_ok_and(|input| written == input)) {
                return Err(file_error(written, "the rejects would overwrite the input"));
            }
        }
        may_be_replaced(&path, named.is_some())?;
        let file = open_part(&part).map_err(|problem| file_error(&part, problem))?;
        // Once more: another backfill may have put its rejects there before it let go of the part.
        may_be_replaced(&path, named.is_some()).inspect_err(|_| {
            let _ = fs::remove_file(&part);
        })?;
        Ok(Self::new(
            Some(Files { path, part }),
            Box::new(BufWriter::new(file)),
            give_up,
        ))
    }

    fn new(files: Option<Files>, to: Box<dyn Write + Send>, give_up: CancellationToken) -> Self {
        Self {
            files,
            written: Arc::new(Mutex::new(Written {
                to,
                count: 0,
                failed: None,
            })),
            give_up,
        }
    }

    /// Writes one reject.
    pub fn add(&self, row: &Row, reason: &Reason) {
        let reject = Reject {
            line: row.line,
            reason_code: reason.code,
            reason: &reason.text,
            original: row.text(),
        };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let line = serde_json::to_string(&reject).map_err(io::Error::from);
        let line = line.map(|line| match self.files {
            Some(_) => line,
            // The same document, in a form that a terminal does not obey.
            None => terminal::json(&line).into_owned(),
        });
        match line.and_then(|line| writeln!(written.to, "{line}")) {
            Ok(()) => written.count += 1,
            Err(error) => {
                written.failed.get_or_insert(error);
                self.give_up.cancel();
            }
        }
    }

    /// The file that has them after the run, if there are any; none if they go to standard error.
    pub fn path(&self) -> Option<&Path> {
        self.files.as_ref().map(|files| files.path.as_path())
    }

    /// Returns how many there are. If the run is `complete`, they take the place of an earlier run's.
    ///
    /// # Errors
    /// [`ToolError::File`] if some could not be written.
    pub fn finish(&self, complete: bool) -> Result<u64, ToolError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = match written.failed.take() {
            Some(error) => Err(error),
            None => written.to.flush().and_then(|()| match &self.files {
                Some(files) => files.put(complete, written.count),
                None => Ok(()),
            }),
        };
        let path = self.path().unwrap_or(Path::new("standard error"));
        outcome.map_err(|error| file_error(path, error.to_string()))?;
        Ok(written.count)
    }
}

impl Files {
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

fn may_be_replaced(path: &Path, named: bool) -> Result<(), ToolError> {
    let Ok(there) = path.metadata() else {
        return Ok(());
    };
    if !there.is_file() {
        let problem = "the rejects need a regular file; give --rejects a name that does not exist yet";
        return Err(file_error(path, problem));
    }
    if named && there.len() > 0 {
        let problem = "it has content, perhaps the rejects of another file; give --rejects a name that does not \
                       exist yet, or remove it";
        return Err(file_error(path, problem));
    }
    Ok(())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn file_error(path: &Path, problem: impl Into<String>) -> ToolError {
    ToolError::File {
        path: path.to_owned(),
        problem: problem.into(),
    }
}

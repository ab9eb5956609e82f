//! The rows of a file, whatever its format. Each keeps its original text, for the rejects.

use std::fs::File;
use std::path::{Path, PathBuf};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::csv::{Table, TableOptions};
use super::ndjson::Lines;
use super::row::{Input, Row};
use super::stdin::Stdin;
use crate::tools::error::ToolError;

/// The format of a file.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Ndjson,
    /// A header row, then records
    Csv,
}

/// The rows of a file that is being read.
pub struct Rows {
    path: PathBuf,
    bytes: u64,
    reader: RowReader,
}

enum RowReader {
    Ndjson(Box<Lines>),
    Csv(Box<Table>),
}

/// Returns true if the file's name stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Rows {
    /// Opens a file, or standard input if its name is `-`. Without a `format` the name's ending tells it. This blocks, because
    /// it reads the header of a table. `stop` ends the reading of standard input.
    ///
    /// # Errors
    /// [`ToolError::File`] if it cannot be read or lacks a column.
    pub fn open(
        path: &Path,
        format: Option<Format>,
        options: &TableOptions,
        stop: CancellationToken,
    ) -> Result<Self, ToolError> {
        let error = |problem: String| ToolError::File {
            path: path.to_owned(),
            problem,
        };
        let open = || -> std::io::Result<(Input, u64)> {
            if is_stdin(path) {
                return Ok((Box::new(Stdin::open(Handle::current(), stop)?), 0));
            }
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            Ok((Box::new(file), bytes))
        };
        let (file, bytes) = open().map_err(|problem| error(problem.to_string()))?;
        let reader = match format.map_or_else(|| format_of(path), Ok).map_err(error)? {
            Format::Ndjson if options.any() => {
                return Err(error(
                    "--column, --separator and --decimal-comma are for CSV".to_owned(),
                ));
            }
            Format::Ndjson => RowReader::Ndjson(Box::new(Lines::new(file))),
            Format::Csv => RowReader::Csv(Box::new(Table::new(file, options).map_err(error)?)),
        };
        Ok(Self {
            path: path.to_owned(),
            bytes,
            reader,
        })
    }

    /// Opens a file of lines of JSON, as [`Rows::open`].
    pub fn lines(path: &Path, stop: CancellationToken) -> Result<Self, ToolError> {
        Self::open(path, Some(Format::Ndjson), &TableOptions::default(), stop)
    }

    /// The file's length; 0 for standard input.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How far it is read, in bytes.
    pub fn position(&self) -> u64 {
        match &self.reader {
            RowReader::Ndjson(lines) => lines.position(),
            RowReader::Csv(table) => table.position(),
        }
    }

    /// The next row.
    ///
    /// # Errors
    /// [`ToolError::File`] if the rest of the file cannot be read.
    pub fn next(&mut self) -> Result<Option<Row>, ToolError> {
        let next = match &mut self.reader {
            RowReader::Ndjson(lines) => lines.next(),
            RowReader::Csv(table) => table.next(),
        };
        next.map_err(|problem| ToolError::File {
            path: self.path.clone(),
            problem,
        })
    }
}

fn format_of(path: &Path) -> Result<Format, String> {
    if is_stdin(path) {
        return Err(
            "standard input has no name that tells its format: add --format ndjson or --format csv"
                .to_owned(),
        );
    }
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending.unwrap_or_default().to_ascii_lowercase().as_str() {
        "ndjson" | "jsonl" => Ok(Format::Ndjson),
        "csv" => Ok(Format::Csv),
        _ => Err("the name must end in .ndjson or .csv, or --format must tell which it is".to_owned()),
    }
}

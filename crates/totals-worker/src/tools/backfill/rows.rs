//! The rows of a file, whatever its format, each with what is needed to give it back.

use std::fs::File;
use std::path::{Path, PathBuf};

use ::csv::ByteRecord;
use tokio::sync::OwnedSemaphorePermit;

use super::csv::{Column, Table};
use super::ndjson::Lines;
use crate::tools::error::ToolError;

/// The most that is read for one row. Real rows have a few hundred bytes.
pub const MAX_ROW_BYTES: usize = 4 * 1024 * 1024;

/// One row.
#[derive(Debug)]
pub struct Row {
    /// The line it begins on, from 1.
    pub line: u64,
    /// As it stands in the file.
    pub original: Original,
    /// The JSON object it stands for.
    pub object: Object,
    /// Its share of what may be in hand, once it is.
    pub held: Option<OwnedSemaphorePermit>,
}

/// A row as it stands in the file.
#[derive(Debug)]
pub enum Original {
    /// A line, without its end.
    Line(Vec<u8>),
    /// A record, which may have several lines.
    Record(ByteRecord),
}

/// What a row stands for.
#[derive(Debug)]
pub enum Object {
    /// The line is the object.
    Line,
    /// Made from the record's fields.
    Made(String),
    /// Nothing, for this reason.
    Unreadable(String),
}

impl Row {
    /// The row as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        match &self.original {
            Original::Line(line) => String::from_utf8_lossy(line).into_owned(),
            Original::Record(record) => {
                let mut writer = ::csv::Writer::from_writer(Vec::new());
                // Writing to memory cannot fail.
                let _ = writer.write_byte_record(record);
                let text = writer.into_inner().unwrap_or_default();
                String::from_utf8_lossy(text.trim_ascii_end()).into_owned()
            }
        }
    }

    /// How much memory it takes, about.
    pub fn bytes(&self) -> usize {
        let original = match &self.original {
            Original::Line(line) => line.len(),
            Original::Record(record) => record.as_slice().len(),
        };
        // Twice: the event has its own copy.
        original * 2
    }
}

/// A file being read.
pub struct Rows {
    path: PathBuf,
    bytes: u64,
    format: Format,
}

enum Format {
    Ndjson(Lines),
    Csv(Box<Table>),
}

impl Rows {
    /// Opens a file; its name's ending tells its format.
    ///
    /// # Errors
    /// [`ToolError::File`] if it cannot be read or lacks a column.
    pub fn open(path: &Path, columns: &[Column]) -> Result<Self, ToolError> {
        let error = |problem: String| ToolError::File {
            path: path.to_owned(),
            problem,
        };
        let open = || {
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            Ok::<_, std::io::Error>((file, bytes))
        };
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        let (file, bytes) = open().map_err(|problem| error(problem.to_string()))?;
        let format = match ending.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" if columns.is_empty() => Format::Ndjson(Lines::new(file)),
            "ndjson" | "jsonl" => return Err(error("--column is for CSV".to_owned())),
            "csv" => Format::Csv(Box::new(Table::new(file, columns).map_err(error)?)),
            _ => return Err(error("the name must end in .ndjson or .csv".to_owned())),
        };
        Ok(Self {
            path: path.to_owned(),
            bytes,
            format,
        })
    }

    /// The file's length.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How far it is read, in bytes.
    pub fn position(&self) -> u64 {
        match &self.format {
            Format::Ndjson(lines) => lines.position(),
            Format::Csv(table) => table.position(),
        }
    }

    /// The next row.
    ///
    /// # Errors
    /// [`ToolError::File`] if the file cannot be read on.
    pub fn next(&mut self) -> Result<Option<Row>, ToolError> {
        let next = match &mut self.format {
            Format::Ndjson(lines) => lines.next(),
            Format::Csv(table) => table.next(),
        };
        next.map_err(|problem| ToolError::File {
            path: self.path.clone(),
            problem,
        })
    }
}

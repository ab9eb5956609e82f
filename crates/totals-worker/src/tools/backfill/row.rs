//! One row of a file.

use std::io::Read;

use tokio::sync::OwnedSemaphorePermit;

/// The most bytes that are read for one row. Real rows have a few hundred.
pub const MAX_ROW_BYTES: usize = 4 * 1024 * 1024;

/// A file or standard input, where rows are read from.
pub type Input = Box<dyn Read + Send>;

/// One row.
#[derive(Debug)]
pub struct Row {
    /// The line it begins on, from 1.
    pub line: u64,
    /// The row as it stands in the file, without the end of its last line.
    pub original: Vec<u8>,
    /// The JSON object it stands for.
    pub object: Object,
    /// Its share of the memory for rows in hand, once a lane has it.
    pub held: Option<OwnedSemaphorePermit>,
}

/// What a row stands for.
#[derive(Debug)]
pub enum Object {
    /// The object is the line itself.
    Line,
    /// This object, made from the record's fields.
    Made(String),
    /// No object: the code and the sentence of its reason.
    Unreadable(&'static str, String),
}

impl Row {
    /// The row as text, with bytes replaced that are not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.original).into_owned()
    }

    /// The memory that it takes, roughly.
    pub fn bytes(&self) -> usize {
        // Twice: the event has its own copy.
        self.original.len() * 2
    }
}

//! One row, as its file has it.

use std::io::Read;

use tokio::sync::OwnedSemaphorePermit;

/// The most that is read for one row. Real rows have a few hundred bytes.
pub const MAX_ROW_BYTES: usize = 4 * 1024 * 1024;

/// What rows are read from.
pub type Input = Box<dyn Read + Send>;

/// One row.
#[derive(Debug)]
pub struct Row {
    /// The line it begins on, from 1.
    pub line: u64,
    /// As it stands in the file, without the end of its last line.
    pub original: Vec<u8>,
    /// The JSON object it stands for.
    pub object: Object,
    /// Its share of what may be in hand, once it is.
    pub held: Option<OwnedSemaphorePermit>,
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
        String::from_utf8_lossy(&self.original).into_owned()
    }

    /// How much memory it takes, about.
    pub fn bytes(&self) -> usize {
        // Twice: the event has its own copy.
        self.original.len() * 2
    }
}

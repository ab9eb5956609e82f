//! One record, taken apart into its fields.
//!
//! The crate `csv` reads on where a quote is left open, and takes the rows that follow for text without a word. So
//! records are taken apart here, where the operator can be told.

/// A record.
pub struct CsvRecord {
    /// The line it begins on, from 1.
    pub line: u64,
    /// The record as it stands in the file; once it is complete, without the end of its last line.
    pub original: Vec<u8>,
    /// Its fields, without their quotes and the white space around these.
    pub fields: Vec<Vec<u8>>,
    /// For each of them, true if it was in quotes.
    pub quoted: Vec<bool>,
    /// The number of the field, from 1, that goes on after its closing quote.
    pub text_after_quote: Option<usize>,
    state: FieldState,
    /// Where the text of the current field ends, once its quote was closed.
    closed: Option<usize>,
}

/// Where in a field the next byte is.
#[derive(Clone, Copy)]
enum FieldState {
    /// Perhaps only white space of the field was read.
    Start,
    /// In a field without quotes, or behind the closing quote.
    Plain,
    /// Between quotes.
    Quoted,
    /// Behind a quote that ends the text, unless another quote follows.
    Closed,
}

impl CsvRecord {
    /// A record that begins on this line.
    pub fn new(line: u64) -> Self {
        Self {
            line,
            original: Vec::new(),
            fields: vec![Vec::new()],
            quoted: Vec::new(),
            text_after_quote: None,
            state: FieldState::Start,
            closed: None,
        }
    }

    /// Takes apart the line that begins in `original` at `start`. Returns true if the record ends with it.
    pub fn ends_after(&mut self, start: usize, separator: u8) -> bool {
        let mut field = self.fields.pop().unwrap_or_default();
        let original = std::mem::take(&mut self.original);
        for &byte in &original[start..] {
            self.state = match (self.state, byte) {
                (FieldState::Quoted, b'"') => {
                    self.closed = Some(field.len());
                    FieldState::Closed
                }
                (FieldState::Start, b'"') if is_white_space(&field) => {
                    field.clear();
                    FieldState::Quoted
                }
                (FieldState::Start | FieldState::Plain | FieldState::Closed, byte) if byte == separator => {
                    self.end_field(std::mem::take(&mut field));
                    FieldState::Start
                }
                (FieldState::Start | FieldState::Plain | FieldState::Closed, b'\r' | b'\n') => self.state,
                (FieldState::Closed, b'"') => {
                    self.closed = None;
                    field.push(byte);
                    FieldState::Quoted
                }
                (FieldState::Quoted, _) => {
                    field.push(byte);
                    FieldState::Quoted
                }
                // Looked at once for each field: one of many quotes would take for ever.
                (FieldState::Plain | FieldState::Closed, _) | (FieldState::Start, b'"') => {
                    field.push(byte);
                    FieldState::Plain
                }
                (FieldState::Start, _) => {
                    field.push(byte);
                    FieldState::Start
                }
            };
        }
        self.original = original;
        let ends = !matches!(self.state, FieldState::Quoted);
        if ends {
            self.end_field(field);
            let end = self
                .original
                .iter()
                .rposition(|byte| !matches!(byte, b'\r' | b'\n'));
            self.original.truncate(end.map_or(0, |end| end + 1));
        } else {
            self.fields.push(field);
        }
        ends
    }

    fn end_field(&mut self, mut field: Vec<u8>) {
        let closed = self.closed.take();
        self.quoted.push(closed.is_some());
        if let Some(end) = closed {
            if is_white_space(&field[end..]) {
                field.truncate(end);
            } else {
                self.text_after_quote.get_or_insert(self.fields.len() + 1);
            }
        }
        self.fields.push(field);
    }
}

/// Returns true if the field has no text.
fn is_white_space(field: &[u8]) -> bool {
    std::str::from_utf8(field).is_ok_and(|text| text.trim().is_empty())
}

//! One record, taken apart.
//!
//! The crate `csv` reads on where a quote is left open, and takes the rows that follow for text without a word. So
//! records are taken apart here, where it can be told.

/// A record.
pub struct Record {
    /// The line it begins on, from 1.
    pub line: u64,
    /// As it stands in the file; once it is complete, without its end.
    pub original: Vec<u8>,
    /// Its fields, without their quotes and the white space around these.
    pub fields: Vec<Vec<u8>>,
    /// The number of the field, from 1, that goes on after its closing quote.
    pub text_after_quote: Option<usize>,
    state: State,
    /// Where the text of the current field ends, once its quote was closed.
    closed: Option<usize>,
}

#[derive(Clone, Copy)]
enum State {
    /// Perhaps only white space of the field was read.
    Start,
    /// Without quotes, or beyond them.
    Plain,
    /// Within quotes.
    Quoted,
    /// After a quote that ends the text, unless another follows.
    Closed,
}

impl Record {
    /// One that begins on this line.
    pub fn new(line: u64) -> Self {
        Self {
            line,
            original: Vec::new(),
            fields: vec![Vec::new()],
            text_after_quote: None,
            state: State::Start,
            closed: None,
        }
    }

    /// Takes the line apart that begins in `original` at `start`. Returns true if the record ends with it.
    pub fn ends_after(&mut self, start: usize) -> bool {
        let mut field = self.fields.pop().unwrap_or_default();
        let original = std::mem::take(&mut self.original);
        for &byte in &original[start..] {
            self.state = match (self.state, byte) {
                (State::Quoted, b'"') => {
                    self.closed = Some(field.len());
                    State::Closed
                }
                (State::Start, b'"') if is_white_space(&field) => {
                    field.clear();
                    State::Quoted
                }
                (State::Start | State::Plain | State::Closed, b',') => {
                    self.end_field(std::mem::take(&mut field));
                    State::Start
                }
                (State::Start | State::Plain | State::Closed, b'\r' | b'\n') => self.state,
                (State::Closed, b'"') => {
                    self.closed = None;
                    field.push(byte);
                    State::Quoted
                }
                (State::Quoted, _) => {
                    field.push(byte);
                    State::Quoted
                }
                // Looked at once for each field: one of many quotes would take for ever.
                (State::Plain | State::Closed, _) | (State::Start, b'"') => {
                    field.push(byte);
                    State::Plain
                }
                (State::Start, _) => {
                    field.push(byte);
                    State::Start
                }
            };
        }
        self.original = original;
        let ends = !matches!(self.state, State::Quoted);
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
        if let Some(end) = self.closed.take() {
            if is_white_space(&field[end..]) {
                field.truncate(end);
            } else {
                self.text_after_quote.get_or_insert(self.fields.len() + 1);
            }
        }
        self.fields.push(field);
    }
}

/// Returns true if there is no text in it.
fn is_white_space(field: &[u8]) -> bool {
    std::str::from_utf8(field).is_ok_and(|text| text.trim().is_empty())
}

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
    /// Its fields, without their quotes.
    pub fields: Vec<Vec<u8>>,
    /// The number of the field, from 1, that goes on after its closing quote.
    pub text_after_quote: Option<usize>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    /// Nothing of the field was read.
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
        }
    }

    /// Takes the line apart that begins in `original` at `start`. Returns true if the record ends with it.
    pub fn ends_after(&mut self, start: usize) -> bool {
        let fields = &mut self.fields;
        let mut field = fields.pop().unwrap_or_default();
        for &byte in &self.original[start..] {
            self.state = match (self.state, byte) {
                (State::Quoted, b'"') => State::Closed,
                (State::Start, b'"') => State::Quoted,
                (State::Start | State::Plain | State::Closed, b',') => {
                    fields.push(std::mem::take(&mut field));
                    State::Start
                }
                (State::Start | State::Plain | State::Closed, b'\r' | b'\n') => self.state,
                (State::Closed, b'"') | (State::Quoted, _) => {
                    field.push(byte);
                    State::Quoted
                }
                (State::Closed, _) => {
                    self.text_after_quote.get_or_insert(fields.len() + 1);
                    field.push(byte);
                    State::Plain
                }
                (State::Start | State::Plain, _) => {
                    field.push(byte);
                    State::Plain
                }
            };
        }
        fields.push(field);
        let ends = !matches!(self.state, State::Quoted);
        if ends {
            let end = self
                .original
                .iter()
                .rposition(|byte| !matches!(byte, b'\r' | b'\n'));
            self.original.truncate(end.map_or(0, |end| end + 1));
        }
        ends
    }
}

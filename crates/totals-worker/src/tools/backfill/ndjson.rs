//! Lines of JSON.

use std::io::Read;

use super::lines::LineReader;
use super::row::{Input, MAX_ROW_BYTES, Object, Row};

/// A file of lines, being read.
pub struct Lines<R = Input>(LineReader<R>);

impl<R: Read> Lines<R> {
    /// Reads from the start of a file.
    pub fn new(file: R) -> Self {
        Self(LineReader::new(file))
    }

    /// How far it is read, in bytes.
    pub fn position(&self) -> u64 {
        self.0.position()
    }

    /// The next line that is not empty. Of a line longer than [`MAX_ROW_BYTES`] it keeps only the beginning, which is far
    /// more than any event may have.
    pub fn next(&mut self) -> Result<Option<Row>, String> {
        loop {
            let mut text = Vec::new();
            let read = self.0.read(&mut text, MAX_ROW_BYTES);
            if !read.map_err(|error| error.to_string())? {
                return Ok(None);
            }
            text.truncate(text.trim_ascii_end().len());
            if !text.is_empty() {
                return Ok(Some(Row {
                    line: self.0.line(),
                    original: text,
                    object: Object::Line,
                    held: None,
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> Vec<(u64, usize, String)> {
        let mut lines = Lines::new(file);
        let rows = std::iter::from_fn(|| lines.next().unwrap());
        let text = |row: Row| (row.line, row.text().len(), row.text().chars().take(10).collect());
        let rows = rows.map(text).collect();
        assert_eq!(lines.position(), file.len() as u64);
        rows
    }

    #[test]
    fn lines_are_numbered_as_an_editor_does_and_come_without_their_ends() {
        let file = b"\xef\xbb\xbf{}\r\n\n  \n{\"a\":1}\n\xff";
        let expected = [(1, 2, "{}"), (4, 7, "{\"a\":1}"), (5, 3, "\u{fffd}")];
        let expected = expected.map(|(line, length, text)| (line, length, text.to_owned()));
        assert_eq!(read(file), expected);
        let old = String::from_utf8_lossy(file)
            .replace("\r\n", "\r")
            .replace('\n', "\r");
        assert_eq!(read(old.as_bytes()), expected, "with CR alone");
        assert_eq!(read(b""), []);
    }

    #[test]
    fn of_a_line_without_end_only_the_beginning_is_kept() {
        let file = [vec![b'x'; MAX_ROW_BYTES * 3], b"\n{}\n".to_vec()].concat();
        let rows = read(&file);
        assert_eq!((rows[0].0, rows[0].1), (1, MAX_ROW_BYTES));
        assert_eq!((rows[1].0, rows[1].2.as_str()), (2, "{}"));
    }
}

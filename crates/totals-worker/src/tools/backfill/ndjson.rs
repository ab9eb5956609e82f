//! Lines of JSON.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use super::rows::{MAX_ROW_BYTES, Object, Original, Row};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file of lines, being read.
pub struct Lines<R = File> {
    reader: BufReader<R>,
    line: u64,
    position: u64,
}

impl<R: Read> Lines<R> {
    /// From the start of a file.
    pub fn new(file: R) -> Self {
        Self {
            reader: BufReader::with_capacity(64 * 1024, file),
            line: 0,
            position: 0,
        }
    }

    /// How far it is read, in bytes.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next line that is not empty. Of one longer than [`MAX_ROW_BYTES`] only the beginning is kept, far more
    /// than any event may have.
    pub fn next(&mut self) -> Result<Option<Row>, String> {
        loop {
            let mut text = Vec::new();
            let limit = MAX_ROW_BYTES as u64;
            let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut text);
            let mut read = read.map_err(|error| error.to_string())? as u64;
            if read == 0 {
                return Ok(None);
            }
            if read == limit && !text.ends_with(b"\n") {
                read += self.skip_line()?;
            }
            self.position += read;
            self.line += 1;
            if self.line == 1 && text.starts_with(BYTE_ORDER_MARK) {
                text.drain(..BYTE_ORDER_MARK.len());
            }
            text.truncate(text.trim_ascii_end().len());
            if !text.is_empty() {
                return Ok(Some(Row {
                    line: self.line,
                    original: Original::Line(text),
                    object: Object::Line,
                    held: None,
                }));
            }
        }
    }

    fn skip_line(&mut self) -> Result<u64, String> {
        let skipped = self.reader.skip_until(b'\n');
        skipped
            .map(|bytes| bytes as u64)
            .map_err(|error| error.to_string())
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
        assert_eq!(
            read(file),
            expected.map(|(line, length, text)| (line, length, text.to_owned()))
        );
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

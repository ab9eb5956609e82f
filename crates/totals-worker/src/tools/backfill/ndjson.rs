//! Lines of JSON.

use std::io::Read;

use totals_core::domain::InvalidCode;

use super::lines::LineReader;
use super::row::{Input, MAX_ROW_BYTES, Object, Row};

/// What to do about a file in another encoding.
const ENCODING: &str = "the input begins with a zero byte or with the mark of UTF-16, and must be lines of JSON in UTF-8: \
                        convert UTF-16 with `iconv -f UTF-16 -t UTF-8 FILE > OTHER`";

/// A file of lines, being read.
pub struct Lines<R = Input>(LineReader<R>);

impl<R: Read> Lines<R> {
    /// Reads from the start of a file.
    pub fn new(file: R) -> Self {
        Self(LineReader::new(file, ENCODING))
    }

    /// How far it is read, in bytes.
    pub fn position(&self) -> u64 {
        self.0.position()
    }

    /// The next line that is not empty. A line that is longer than [`MAX_ROW_BYTES`] is far longer than any event; only its
    /// beginning is kept.
    pub fn next(&mut self) -> Result<Option<Row>, String> {
        loop {
            let (mut text, before) = (Vec::new(), self.0.position());
            let read = self.0.read(&mut text, MAX_ROW_BYTES);
            if !read.map_err(|error| error.to_string())? {
                return Ok(None);
            }
            let bytes = self.0.position() - before;
            let object = if bytes > MAX_ROW_BYTES as u64 {
                let reason = format!(
                    "the line has {bytes} bytes with its end, more than the {MAX_ROW_BYTES} that are read of a line"
                );
                Object::Unreadable(InvalidCode::BodyTooLarge.as_str(), reason)
            } else {
                Object::Line
            };
            text.truncate(text.trim_ascii_end().len());
            if !text.is_empty() || matches!(object, Object::Unreadable(..)) {
                return Ok(Some(Row {
                    line: self.0.line(),
                    original: text,
                    object,
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
        for (letter, kept) in [(b'x', MAX_ROW_BYTES), (b' ', 0)] {
            let file = [vec![letter; MAX_ROW_BYTES * 3], b"\n{}\n".to_vec()].concat();
            let rows = read(&file);
            assert_eq!((rows[0].0, rows[0].1), (1, kept));
            assert_eq!((rows[1].0, rows[1].2.as_str()), (2, "{}"));
        }
    }

    #[test]
    fn the_limit_of_a_line_counts_its_end() {
        let object = |file: &[u8]| Lines::new(file).next().unwrap().unwrap().object;
        let longest = vec![b'x'; MAX_ROW_BYTES - 1];
        assert!(matches!(
            object(&[&longest, b"\n".as_slice()].concat()),
            Object::Line
        ));
        let Object::Unreadable("BODY_TOO_LARGE", reason) = object(&[&longest, b"\r\n".as_slice()].concat())
        else {
            panic!("it is too long");
        };
        assert_eq!(
            reason,
            "the line has 4194305 bytes with its end, more than the 4194304 that are read of a line"
        );
    }
}

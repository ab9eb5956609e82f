//! The lines of a file, whatever ends them: LF, CR LF, or CR alone as some spreadsheets still write it.

use std::io::{self, BufRead, BufReader, Read};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns true if text begins as spreadsheets begin a file in UTF-16: with its byte order mark, or with a character
/// that has a zero for one half.
fn is_utf_16(text: &[u8]) -> bool {
    matches!(
        text,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]
    )
}

/// A file read line by line.
pub struct LineReader<R> {
    reader: BufReader<R>,
    /// What to say of a file in UTF-16.
    encoding: &'static str,
    line: u64,
    position: u64,
}

impl<R: Read> LineReader<R> {
    /// Reads from the start of a file, which has this problem if it is in UTF-16.
    pub fn new(file: R, encoding: &'static str) -> Self {
        Self {
            reader: BufReader::with_capacity(64 * 1024, file),
            encoding,
            line: 0,
            position: 0,
        }
    }

    /// How many lines are read.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// How far it is read, in bytes.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Appends the next line with its end to `text`, but drops the rest of it where `text` has `most` bytes. Returns false at
    /// the end of the file.
    ///
    /// # Errors
    /// The file's own, and its encoding, if that is UTF-16.
    pub fn read(&mut self, text: &mut Vec<u8>, most: usize) -> io::Result<bool> {
        let before = self.position;
        loop {
            let buffer = self.fill()?;
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let Some(end) = end else {
                if buffer.is_empty() {
                    break;
                }
                let bytes = buffer.len();
                self.take(bytes, text, most);
                continue;
            };
            let carriage_return = buffer[end] == b'\r';
            self.take(end + 1, text, most);
            if carriage_return && self.fill()?.starts_with(b"\n") {
                self.take(1, text, most);
            }
            break;
        }
        if self.position == before {
            return Ok(false);
        }
        self.line += 1;
        if self.line == 1 && is_utf_16(text) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, self.encoding));
        }
        if self.line == 1 && text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(true)
    }

    fn fill(&mut self) -> io::Result<&[u8]> {
        // `Interrupted` is not an error of the file.
        while let Err(error) = self.reader.fill_buf() {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(self.reader.buffer())
    }

    fn take(&mut self, bytes: usize, text: &mut Vec<u8>, most: usize) {
        let room = most.saturating_sub(text.len()).min(bytes);
        text.extend_from_slice(&self.reader.buffer()[..room]);
        self.reader.consume(bytes);
        self.position += bytes as u64;
    }
}

//! Text from elsewhere on its way to a terminal: the terminal shows it and never obeys it.
//!
//! Producers choose ids, header names and whole bodies. Printed as they are, control characters move the cursor or
//! colour the screen, and bidirectional ones show a text in another order than it has, so that an operator discards
//! the wrong letter. In JSON such a character is written as `\u202e`: a program reads the true text.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};
use std::io;

/// Returns true if a terminal, or the layout of a text, obeys this character instead of showing it.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Arabic letter mark, marks of direction, separators of lines, embeddings and overrides, isolates.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

/// Returns true if these bytes are text that a terminal shows as it is, line breaks and tabs included.
pub fn is_harmless(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(is_obeyed_between_lines))
}

fn is_obeyed_between_lines(character: char) -> bool {
    is_obeyed(character) && !matches!(character, '\n' | '\t')
}

/// Text on one line of a terminal: line breaks as well are shown as `\n`.
pub struct Line<'a>(pub &'a str);

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| {
            if is_obeyed(character) {
                write!(f, "{}", character.escape_default())
            } else {
                f.write_char(character)
            }
        })
    }
}

/// Says what went wrong with `program` in one line of standard error. If that line cannot be written, only the exit code
/// tells: `eprintln!` would panic.
pub fn complain(program: &str, problem: &str) {
    complain_to(&mut io::stderr(), program, problem);
}

fn complain_to(to: &mut impl io::Write, program: &str, problem: &str) {
    // In one piece, so that nothing comes in between.
    let _ = to.write_all(format!("{program}: {}\n", Line(problem)).as_bytes());
}

/// A text of several lines for a terminal.
pub fn lines(text: &str) -> Cow<'_, str> {
    replaced(text, is_obeyed_between_lines, |character| {
        character.escape_default().to_string()
    })
}

/// A JSON document for a terminal: the same document, with `\u` for what would be obeyed.
pub fn json(document: &str) -> Cow<'_, str> {
    // All of them are in the basic plane, so four digits do. Whitespace between the document's parts stays.
    replaced(
        document,
        |character| is_obeyed_between_lines(character) && character != '\r',
        |character| format!("\\u{:04x}", u32::from(character)),
    )
}

fn replaced(text: &str, obeyed: fn(char) -> bool, shown: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.chars().any(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len());
    for character in text.chars() {
        if obeyed(character) {
            harmless.push_str(&shown(character));
        } else {
            harmless.push(character);
        }
    }
    Cow::Owned(harmless)
}

/// How lines of a log are made harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLine {
    /// A JSON document.
    Json,
    /// Text for people; coloured by the formatter if `ansi`, which has escaped what could colour it otherwise.
    Text {
        /// True if escape sequences in it are the formatter's.
        ansi: bool,
    },
}

/// Writes each line of a log, given as one piece, so that a terminal shows all of it and obeys none.
pub struct LogWriter<W> {
    inner: W,
    line: LogLine,
}

impl<W> LogWriter<W> {
    /// Writes to `inner`, a whole line at a time.
    pub fn new(inner: W, line: LogLine) -> Self {
        Self { inner, line }
    }
}

impl<W: io::Write> io::Write for LogWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let harmless = match self.line {
            LogLine::Json => json(&text),
            LogLine::Text { ansi } => {
                let line = text.strip_suffix('\n').unwrap_or(&text);
                let obeyed: fn(char) -> bool = if ansi {
                    |character| is_obeyed(character) && character != '\u{1b}'
                } else {
                    is_obeyed
                };
                let mut line = replaced(line, obeyed, |character| character.escape_default().to_string());
                if text.ends_with('\n') {
                    line.to_mut().push('\n');
                }
                Cow::Owned(line.into_owned())
            }
        };
        self.inner.write_all(harmless.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// All that a terminal must not get: C0, DEL, C1, and the characters that change the direction.
    fn obeyed() -> impl Iterator<Item = char> {
        ('\0'..='\u{1f}')
            .chain('\u{7f}'..='\u{9f}')
            .chain(['\u{61c}', '\u{200e}', '\u{200f}'])
            .chain('\u{202a}'..='\u{202e}')
            .chain('\u{2066}'..='\u{2069}')
    }

    #[test]
    fn nothing_from_elsewhere_is_obeyed_and_all_of_it_is_shown() {
        assert_eq!(
            Line("a\u{1b}[2Jb\nc é\u{202e}").to_string(),
            "a\\u{1b}[2Jb\\nc é\\u{202e}"
        );
        assert_eq!(lines("a\n\tb\u{2066}\r"), "a\n\tb\\u{2066}\\r");
        for character in obeyed() {
            let text = format!("a{character}b");
            assert!(!Line(&text).to_string().contains(character), "{character:?}");
            assert_eq!(
                lines(&text).contains(character),
                "\n\t".contains(character),
                "{character:?}"
            );
            assert_eq!(
                is_harmless(text.as_bytes()),
                "\n\t".contains(character),
                "{character:?}"
            );
            let document = serde_json::to_string(&text).unwrap();
            let printed = json(&document);
            assert!(!printed.contains(character), "{character:?}");
            assert_eq!(serde_json::from_str::<String>(&printed).unwrap(), text);
        }
        let persian = "می\u{200c}خواهم, שלום, 日本 🧑\u{200d}🌾";
        assert!(is_harmless(persian.as_bytes()) && !is_harmless(b"\xff"));
        assert_eq!(Line(persian).to_string(), persian);
    }

    #[test]
    fn a_complaint_is_one_line_and_is_dropped_where_nothing_can_be_written() {
        let mut said = Vec::new();
        complain_to(&mut said, "totals-worker", "no\nway");
        assert_eq!(said, b"totals-worker: no\\nway\n");
        complain_to(
            &mut std::fs::File::create("/dev/full").unwrap(),
            "totals-worker",
            "no way",
        );
    }

    #[test]
    fn a_line_of_a_log_stays_one_line() {
        let written = |line, text: &str| {
            let mut writer = LogWriter::new(Vec::new(), line);
            writer.write_all(text.as_bytes()).unwrap();
            String::from_utf8(writer.inner).unwrap()
        };
        let text = LogLine::Text { ansi: false };
        assert_eq!(
            written(text, "a\nINFO forged \u{202e}\u{1b}[1m\n"),
            "a\\nINFO forged \\u{202e}\\u{1b}[1m\n"
        );
        assert_eq!(
            written(LogLine::Text { ansi: true }, "\u{1b}[1ma\r\n"),
            "\u{1b}[1ma\\r\n"
        );
        assert_eq!(
            written(LogLine::Json, "{\"a\":\"\u{202e}\u{9b}\"}\n"),
            "{\"a\":\"\\u202e\\u009b\"}\n"
        );
    }
}

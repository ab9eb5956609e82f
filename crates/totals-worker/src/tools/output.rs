//! How a tool's answer leaves it: text for people or one JSON document for programs, and an exit code.

use std::fmt::{self, Display};
use std::io::{self, BufWriter, ErrorKind, Write};

use serde::Serialize;

use super::error::ToolError;

/// How to print the answer; flattened into every tool's arguments.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Output {
    /// Print the answer as one JSON document
    #[arg(long)]
    pub json: bool,
}

/// What a tool found. `Display` is the text for people, without a line break at its end.
pub trait Answer: Display + Serialize {
    /// Whether all is well.
    fn verdict(&self) -> Verdict;
}

/// What the exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All is well: 0.
    Fine,
    /// The tool found what it looks for, or nothing to work on: 1.
    Alarm,
}

impl Verdict {
    /// An alarm, if there is cause for one.
    pub fn alarm_if(cause: bool) -> Self {
        if cause { Self::Alarm } else { Self::Fine }
    }
}

/// Prints the answer to standard output and returns its verdict.
pub fn print(answer: &impl Answer, output: Output) -> Result<Verdict, ToolError> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let mut write = || {
        if output.json {
            serde_json::to_writer(&mut stdout, answer)?;
            writeln!(stdout)?;
        } else {
            writeln!(stdout, "{answer}")?;
        }
        stdout.flush()
    };
    printed(write())?;
    Ok(answer.verdict())
}

/// Prints bytes as they are.
pub fn print_raw(bytes: &[u8]) -> Result<(), ToolError> {
    let mut stdout = io::stdout().lock();
    printed(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// Whoever reads may have read enough (`| head`).
fn printed(outcome: io::Result<()>) -> Result<(), ToolError> {
    match outcome {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(ToolError::Print(error)),
        _ => Ok(()),
    }
}

/// Text from elsewhere on one line of a terminal: line breaks and control sequences are shown, not obeyed.
pub struct Line<'a>(pub &'a str);

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| {
            if character.is_control() {
                write!(f, "{}", character.escape_default())
            } else {
                write!(f, "{character}")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_producer_wrote_cannot_move_the_cursor() {
        assert_eq!(Line("a\u{1b}[2Jb\nc é").to_string(), "a\\u{1b}[2Jb\\nc é");
    }
}

//! How a tool's answer leaves it: text for people or one JSON document for programs, and an exit code.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};

use serde::Serialize;
pub use totals_core::runtime::terminal::Line;
use totals_core::runtime::terminal::{is_harmless, json, lines};

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
    /// Says whether all is well.
    fn verdict(&self) -> Verdict;
}

/// The meaning of the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All is well: 0.
    Fine,
    /// The tool found what it looks for, or nothing to work on: 1.
    Alarm,
}

impl Verdict {
    /// An alarm if `cause` is true.
    pub fn alarm_if(cause: bool) -> Self {
        if cause { Self::Alarm } else { Self::Fine }
    }
}

/// Prints the answer to standard output and returns its verdict. A terminal obeys nothing in it, even where an answer has
/// not used [`Line`].
pub fn print(answer: &impl Answer, output: Output) -> Result<Verdict, ToolError> {
    let text = rendered(answer, output)?;
    let mut stdout = BufWriter::new(io::stdout().lock());
    printed(writeln!(stdout, "{text}").and_then(|()| stdout.flush()))?;
    Ok(answer.verdict())
}

fn rendered(answer: &(impl Display + Serialize), output: Output) -> Result<String, ToolError> {
    if output.json {
        let document = serde_json::to_string(answer).map_err(|error| ToolError::Print(error.into()))?;
        Ok(json(&document).into_owned())
    } else {
        Ok(lines(&answer.to_string()).into_owned())
    }
}

/// An answer that is too long to be kept: its lines, printed as they come. The rest is printed as an [`Answer`].
pub struct Lines {
    stdout: BufWriter<io::Stdout>,
    output: Output,
}

impl Lines {
    /// Prints to standard output.
    pub fn new(output: Output) -> Self {
        let stdout = BufWriter::with_capacity(64 * 1024, io::stdout());
        Self { stdout, output }
    }

    /// Prints one line: text, or with `--json` a document. Returns false once the reader has read enough.
    pub fn print(&mut self, line: &(impl Display + Serialize)) -> Result<bool, ToolError> {
        let text = rendered(line, self.output)?;
        still_read(writeln!(self.stdout, "{text}"))
    }

    /// Prints what is not printed yet.
    pub fn finish(mut self) -> Result<(), ToolError> {
        still_read(self.stdout.flush()).map(|_| ())
    }
}

/// Prints bytes as they are, except on a terminal that would obey some of them.
pub fn print_raw(bytes: &[u8]) -> Result<(), ToolError> {
    let mut stdout = io::stdout().lock();
    if stdout.is_terminal() && !is_harmless(bytes) {
        return Err(ToolError::Usage(
            "the body has control characters, which a terminal would obey: send it to a file or a pipe"
                .to_owned(),
        ));
    }
    printed(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

fn printed(outcome: io::Result<()>) -> Result<(), ToolError> {
    still_read(outcome).map(|_| ())
}

/// Returns false if the reader has read enough (`| head`), which is no error of printing.
fn still_read(outcome: io::Result<()>) -> Result<bool, ToolError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(ToolError::Print(error)),
    }
}

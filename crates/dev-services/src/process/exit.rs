//! How a supervised program ended.

use std::fmt;
use std::process::ExitStatus;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// The system would not say.
    Unknown,
}

impl Exit {
    /// Reads the supervising shell's own status, which repeats the program's: a code, or 128 + signal.
    pub(super) fn from_supervisor(status: ExitStatus) -> Self {
        match status.code() {
            Some(code @ ..=128) => Self::Code(code),
            Some(code) => Self::Signal(code - 128),
            None => Self::Unknown,
        }
    }

    /// True for exit code 0.
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Unknown => f.write_str("an unknown exit status"),
        }
    }
}

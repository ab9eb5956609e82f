//! What can go wrong. Each error says what to do about it.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use dev_services::process::Exit;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Services(#[from] dev_services::Error),

    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),

    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] std::io::Error),

    #[error("{} is not a usable .env file", .0.display())]
    DotEnv(PathBuf, #[source] std::io::Error),

    #[error("{variable} must be a port number (1 to 65535), got `{value}`")]
    PortNumber { variable: &'static str, value: String },

    #[error(
        "port {port} is in use, and {user} needs it: stop what listens there (`ss -ltnp 'sport = :{port}'` \
         names it), or choose another: `{variable}={} cargo xtask up`", port.wrapping_add(100).max(1024)
    )]
    PortInUse {
        port: u16,
        user: &'static str,
        variable: &'static str,
    },

    #[error(
        "two of PORT, METRICS_PORT and WORKER_PORT are {0}: the API, its metrics and the worker need one each"
    )]
    SamePort(u16),

    #[error("`cargo xtask up` is running already (process {0}): press Ctrl-C in its terminal, or `kill {0}`")]
    AlreadyUp(u32),

    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),

    #[error("cannot run cargo")]
    StartCargo(#[source] std::io::Error),

    #[error("cargo {subcommand} failed")]
    Cargo { subcommand: String, code: u8 },

    #[error("cannot run git")]
    StartGit(#[source] std::io::Error),

    #[error("`git {command}` failed: {said}")]
    Git { command: String, said: String },

    #[error("{} is no usable sabotage: {problem}", .patch.display())]
    PatchHeader { patch: PathBuf, problem: String },

    #[error("no sabotage is called `{0}`: `cargo xtask sabotage --list` shows them all")]
    UnknownFault(String),

    #[error(
        "these tests do not pass on the sources as they are, so their failing would prove nothing: {}; mend them \
         first ({} has what they say)", tests.join(", "), log.display()
    )]
    FailsUnharmed { tests: Vec<String>, log: PathBuf },

    #[error(
        "{count} not caught: write the test that is missing, or mend the patch ({} has what cargo and the tests say)",
        logs.display()
    )]
    NotCaught { count: usize, logs: PathBuf },

    #[error("totals-{program} ended unexpectedly ({exit}); what it said is above")]
    AppDied { program: &'static str, exit: Exit },

    #[error("{url} did not answer 200 within {} s; the last answer was: {last}", waited.as_secs())]
    NotHealthy {
        url: String,
        waited: Duration,
        last: String,
    },

    #[error("{}, line {line}: {problem}; nothing was published{}", input, more(*others))]
    BadLine {
        input: String,
        line: usize,
        problem: String,
        others: usize,
    },

    #[error("{0} holds no events")]
    NoEvents(String),

    #[error(
        "cannot connect to RabbitMQ at {url}: start one with `cargo xtask up`, or name yours with --url or \
         RABBITMQ_URL"
    )]
    NoBroker {
        url: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    #[error(
        "no service answers at http://localhost:{port}: start one with `cargo xtask up` in another terminal, or name the port of \
         its API in PORT"
    )]
    NoService { port: u16, source: std::io::Error },

    #[error("the broker refused the exchange `{exchange}`")]
    Exchange { exchange: String, source: lapin::Error },

    #[error(
        "no queue is bound to exchange `{exchange}` for key `{key}`, so the broker sent the message back: start \
         the worker first (`cargo xtask up`), which declares the queue ({confirmed} others were confirmed)"
    )]
    Unroutable {
        exchange: String,
        key: String,
        confirmed: usize,
    },

    #[error("the broker refused a message with key `{key}` ({confirmed} others were confirmed)")]
    Refused { key: String, confirmed: usize },

    #[error("the connection to the broker was lost; {confirmed} of {total} messages were confirmed")]
    ConnectionLost {
        confirmed: usize,
        total: usize,
        source: lapin::Error,
    },

    #[error(
        "the broker has confirmed nothing for {} s ({confirmed} of {total} were confirmed): it blocks publishers \
         while its disk or memory alarm is on", waited.as_secs()
    )]
    NoConfirms {
        confirmed: usize,
        total: usize,
        waited: Duration,
    },
}

fn more(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (1 more line is unusable)".to_owned(),
        _ => format!(" ({others} more lines are unusable)"),
    }
}

/// The error and its causes, for people.
pub fn chain(error: &Error) -> String {
    let mut text = format!("error: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let message = error.to_string();
        // Some libraries repeat their cause in their own message.
        if !text.ends_with(&message) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n  because: {message}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_names_each_cause_once() {
        let cause = std::io::Error::other(std::io::Error::other("no such host"));
        let error = Error::Read("events.ndjson".into(), cause);
        assert_eq!(
            chain(&error),
            "error: cannot read events.ndjson\n  because: no such host"
        );
    }
}

//! A child process that cannot outlive its owner.
//!
//! A test binary may panic, a developer may press Ctrl-C, a CI job may be cut off with SIGKILL: none of them may leave a
//! `mongod` behind that holds a port and a data directory. `Drop` does not run for statics nor
//! after SIGKILL, and `prctl(PR_SET_PDEATHSIG)` needs `unsafe`. So each program runs below a small
//! `sh` (`supervisor.sh`) which reads a pipe that we hold: end-of-file means that we are gone, by
//! whatever means, and it stops the program.
//!
//! Each child is in a process group of its own: a terminal's Ctrl-C reaches only the owner, which
//! then stops its children in the order it wants.

mod exit;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{sleep, timeout};

pub use exit::Exit;

use crate::Error;

/// How long a program may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(15);

/// Run from its file, so that a list of processes stays readable.
const SUPERVISOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/process/supervisor.sh");

/// How long `sh` may take to report the program's process id: a fork, even on a loaded machine.
const SPAWN_TIMEOUT: Duration = Duration::from_secs(20);

/// Pause between two looks at a program that is being frozen.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Where the program's stdout and stderr go.
#[derive(Debug, Clone)]
pub enum OutputTo {
    /// Appended to this file.
    File(PathBuf),
    /// To the owner, who must keep reading [`ChildProcess::next_line`] or the program blocks on a full pipe.
    Lines,
}

/// A running program that ends with its owner.
#[derive(Debug)]
pub struct ChildProcess {
    pid: Pid,
    supervisor: Child,
    /// Held, never written: closing it is the order to stop.
    _leash: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    exit: Option<Exit>,
}

impl ChildProcess {
    /// Starts `command` under supervision. Its program, arguments, environment and directory are
    /// taken; its stdio is replaced.
    ///
    /// # Errors
    /// [`Error::Spawn`] if `sh` cannot be started or dies before the program has a process id. A
    /// program that does not exist shows as an exit with code 127.
    pub async fn spawn(command: &std::process::Command, output: &OutputTo) -> Result<Self, Error> {
        let failed = |source| Error::Spawn {
            program: command.get_program().to_owned(),
            source,
        };
        let mut supervisor = supervised(command, output).spawn().map_err(failed)?;
        let leash = supervisor.stdin.take();
        let stdout = supervisor
            .stdout
            .take()
            .ok_or_else(|| failed(std::io::ErrorKind::BrokenPipe.into()))?;
        let mut lines = BufReader::new(stdout).lines();
        let first = timeout(SPAWN_TIMEOUT, lines.next_line())
            .await
            .map_err(|_| failed(std::io::ErrorKind::TimedOut.into()))?
            .map_err(failed)?;
        let pid = first
            .and_then(|line| line.parse().ok())
            .and_then(Pid::from_raw)
            .ok_or_else(|| {
                failed(std::io::Error::other(
                    "the supervising shell reported no process id",
                ))
            })?;
        Ok(Self {
            pid,
            supervisor,
            _leash: leash,
            lines,
            exit: None,
        })
    }

    /// Process id of the program itself (not of its supervisor), for `kill -9` and the like.
    pub fn id(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// The next line of output under [`OutputTo::Lines`]; `None` once the program has ended.
    ///
    /// Cancel-safe: a line read in part is kept for the next call.
    ///
    /// # Errors
    /// When the pipe fails or the output is not UTF-8.
    pub async fn next_line(&mut self) -> std::io::Result<Option<String>> {
        self.lines.next_line().await
    }

    /// Waits until the program ends. Cancel-safe.
    pub async fn wait(&mut self) -> Exit {
        if let Some(exit) = self.exit {
            return exit;
        }
        let exit = self
            .supervisor
            .wait()
            .await
            .map_or(Exit::Unknown, Exit::from_supervisor);
        self.exit = Some(exit);
        exit
    }

    /// How the program ended, if it has.
    pub fn try_wait(&mut self) -> Option<Exit> {
        if self.exit.is_none() {
            let status = self.supervisor.try_wait().ok().flatten();
            self.exit = status.map(Exit::from_supervisor);
        }
        self.exit
    }

    /// Ends the program in order: SIGTERM, and SIGKILL if it is still there after 15 seconds.
    pub async fn stop(&mut self) -> Exit {
        self.stop_within(GRACE).await
    }

    /// Like [`stop`](Self::stop) with another grace period.
    pub async fn stop_within(&mut self, grace: Duration) -> Exit {
        self.signal(Signal::TERM);
        match timeout(grace, self.wait()).await {
            Ok(exit) => exit,
            Err(_) => self.kill().await,
        }
    }

    /// Ends the program as a power cut would: SIGKILL, nothing flushed.
    pub async fn kill(&mut self) -> Exit {
        self.signal(Signal::KILL);
        self.wait().await
    }

    /// Freezes the program (SIGSTOP): its sockets stay open and nobody answers. Returns when all of its threads stand
    /// still: on a busy machine one may go on for a moment, and answer.
    pub async fn pause(&mut self) {
        self.signal(Signal::STOP);
        while self.try_wait().is_none() && !stands_still(self.id()) {
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Lets a paused program go on (SIGCONT).
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    fn signal(&mut self, signal: Signal) {
        // A program that has ended gave its process id back; it may be someone else's by now.
        if self.try_wait().is_none() {
            // It can still end right here; that there is no one to signal is then what was wanted.
            let _ = kill_process(self.pid, signal);
        }
    }
}

/// Returns true if every thread of a process is stopped.
fn stands_still(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    let stats = threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
    // The state stands behind the name, which may hold anything but ends with the last parenthesis.
    stats
        .filter_map(|stat| Some(stat.rsplit_once(") ")?.1.starts_with(['T', 't', 'Z', 'X'])))
        .all(|stopped| stopped)
}

fn supervised(command: &std::process::Command, output: &OutputTo) -> tokio::process::Command {
    let log = match output {
        OutputTo::File(path) => path.as_os_str(),
        OutputTo::Lines => OsStr::new(""),
    };
    let mut sh = tokio::process::Command::new("sh");
    sh.arg(SUPERVISOR)
        .arg(GRACE.as_secs().to_string())
        .arg(log)
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0);
    if let Some(dir) = command.get_current_dir() {
        sh.current_dir(dir);
    }
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => sh.env(key, value),
            None => sh.env_remove(key),
        };
    }
    sh
}

/// The last lines of a log from byte `start` on, for a message about a program that died.
pub(crate) fn log_tail(log: &Path, start: usize, lines: usize) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(text.get(start..).unwrap_or_default());
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests;

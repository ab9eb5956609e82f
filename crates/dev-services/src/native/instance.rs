//! A server process: how it is started, and what an earlier life of it may have left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::kind::Kind;
use crate::process::{ChildProcess, Exit, OutputTo, log_tail};

/// How long the server of a killed owner may take to end; its supervisor kills it after 15 s.
const LEFTOVER_GRACE: Duration = Duration::from_secs(17);

/// Pause between two looks at it.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Below the server's directory.
const PID_FILE: &str = "pid";

/// A log that has grown past this is started anew.
const LOG_LIMIT: usize = 16 << 20;

/// A server as a process, and what it takes to start it again.
#[derive(Debug)]
pub(crate) struct NativeInstance {
    kind: Kind,
    command: Command,
    /// Holds the data, `log` and `pid`; named somewhere on the command line.
    dir: PathBuf,
    process: Option<ChildProcess>,
    /// Another process that it needs, which ends when no server holds it any more.
    _companion: Option<Arc<ChildProcess>>,
    /// Where in the log the present life begins.
    log_start: usize,
}

impl NativeInstance {
    pub fn new(kind: Kind, dir: &Path, command: Command) -> Self {
        Self {
            kind,
            command,
            dir: dir.to_owned(),
            process: None,
            _companion: None,
            log_start: 0,
        }
    }

    /// Keeps a process running that this one needs, even while this one is down.
    pub fn with_companion(self, companion: Arc<ChildProcess>) -> Self {
        Self {
            _companion: Some(companion),
            ..self
        }
    }

    /// Starts the process unless it runs.
    pub async fn launch(&mut self) -> Result<(), Error> {
        if self
            .process
            .as_mut()
            .is_some_and(|process| process.try_wait().is_none())
        {
            return Ok(());
        }
        let log = self.log();
        let length =
            |log: &Path| fs::metadata(log).map_or(0, |meta| usize::try_from(meta.len()).unwrap_or(0));
        if length(&log) > LOG_LIMIT {
            fs::remove_file(&log).map_err(Error::file("remove", &log))?;
        }
        self.log_start = length(&log);
        let process = ChildProcess::spawn(&self.command, &OutputTo::File(log)).await?;
        let pid_file = self.dir.join(PID_FILE);
        fs::write(&pid_file, process.id().to_string()).map_err(Error::file("write", pid_file))?;
        self.process = Some(process);
        Ok(())
    }

    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop().await;
        }
    }

    pub async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await;
        }
    }

    pub async fn pause(&mut self) {
        if let Some(process) = &mut self.process {
            process.pause().await;
        }
    }

    pub fn resume(&mut self) {
        if let Some(process) = &mut self.process {
            process.resume();
        }
    }

    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(ChildProcess::id)
    }

    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// A command of the program of this name that lies beside the server's, in the server's own environment.
    pub fn beside(&self, name: &str) -> Command {
        let mut command = Command::new(Path::new(self.command.get_program()).with_file_name(name));
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Returns once the process has ended by itself; never while it is stopped on purpose.
    pub async fn died(&mut self) -> Error {
        let Some(process) = &mut self.process else {
            return std::future::pending().await;
        };
        let exit = process.wait().await;
        self.death(exit)
    }

    fn death(&self, exit: Exit) -> Error {
        let log = self.log();
        Error::Died {
            kind: self.kind,
            exit,
            tail: log_tail(&log, self.log_start, 12),
            log,
        }
    }
}

/// Waits for the server that an owner killed a moment ago has left on `dir`: it is still shutting down, and
/// holds the data and the port. Kills it if it has no supervisor left that would.
pub(crate) async fn end_leftover(dir: &Path) {
    let text = fs::read_to_string(dir.join(PID_FILE)).ok();
    let Some(pid) = text.and_then(|text| text.trim().parse().ok()) else {
        return;
    };
    let deadline = Instant::now() + LEFTOVER_GRACE;
    while works_on(pid, dir) {
        if Instant::now() >= deadline
            && let Some(pid) = Pid::from_raw(pid)
        {
            tracing::warn!("killing process {pid}, left over from an earlier run");
            // If it has just ended, all the better.
            let _ = kill_process(pid, Signal::KILL);
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// Returns true if process `pid` lives and was started for `dir`, as its command line tells (Linux; elsewhere
/// nothing is known, and the server itself then refuses data that is in use).
fn works_on(pid: i32, dir: &Path) -> bool {
    let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&command_line).contains(&*dir.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(dir: &Path) -> NativeInstance {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do sleep 0.05; done", &dir.to_string_lossy()]);
        NativeInstance::new(Kind::MongoDb, dir, command)
    }

    #[tokio::test]
    async fn the_server_that_a_killed_owner_left_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = sleeper(dir.path());
        first.launch().await.unwrap();
        let pid = i32::try_from(first.pid().unwrap()).unwrap();
        // The pid is known a moment before the process shows its own command line.
        let deadline = Instant::now() + LEFTOVER_GRACE;
        while !works_on(pid, dir.path()) {
            assert!(Instant::now() < deadline, "process {pid} did not start");
            sleep(POLL_INTERVAL).await;
        }
        // As after SIGKILL of the owner: nobody waits, the supervisor ends the process.
        drop(first);
        end_leftover(dir.path()).await;
        assert!(!works_on(pid, dir.path()));
    }

    #[tokio::test]
    async fn a_server_that_dies_shows_how_and_the_end_of_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'data files are corrupt'; exit 62"]);
        let mut server = NativeInstance::new(Kind::MongoDb, dir.path(), command);
        server.launch().await.unwrap();
        let message = server.died().await.to_string();
        assert!(
            message.contains("MongoDB ended unexpectedly (exit code 62)"),
            "{message}"
        );
        assert!(message.contains("data files are corrupt"), "{message}");
    }
}

//! What a running `up` tells other terminals: where its broker is, for `publish` and `demo`.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use dev_services::{Services, directories};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The record of a running `up`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// Process id of `up`.
    pub pid: u32,
    pub api_url: String,
    pub worker_url: String,
    pub database_url: String,
    pub rabbitmq_url: String,
}

impl Running {
    /// What this process is about to run.
    pub fn new(services: &Services, api_port: u16, worker_port: u16) -> Self {
        Self {
            pid: std::process::id(),
            api_url: format!("http://localhost:{api_port}"),
            worker_url: format!("http://localhost:{worker_port}"),
            database_url: services.mongodb.url.clone(),
            rabbitmq_url: services.rabbitmq.url.clone(),
        }
    }

    /// The record of the `up` that runs now. What a killed one left behind does not count.
    pub fn find() -> Option<Self> {
        Self::read(&path())
    }

    fn read(path: &Path) -> Option<Self> {
        let record: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        is_alive(record.pid).then_some(record)
    }

    /// The port of its API on this machine.
    pub fn api_port(&self) -> Option<u16> {
        self.api_url.rsplit_once(':')?.1.parse().ok()
    }

    /// Returns true if the last `up` was killed, so that its children may still be about to end.
    pub fn left_behind() -> bool {
        path().exists() && Self::find().is_none()
    }

    /// Publishes the record until the guard is dropped.
    pub fn announce(&self) -> Result<Announced, Error> {
        let path = path();
        self.write(&path)
            .map_err(|source| Error::Write(path.clone(), source))?;
        Ok(Announced(path))
    }

    /// Readable by this user alone: a URL from the environment may hold a password.
    fn write(&self, path: &Path) -> std::io::Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let file = fs::File::options()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        serde_json::to_writer_pretty(file, self).map_err(std::io::Error::other)
    }
}

/// Takes the record back when dropped.
#[derive(Debug)]
pub struct Announced(PathBuf);

impl Drop for Announced {
    fn drop(&mut self) {
        // If it cannot be removed, its process id tells that it is old.
        let _ = fs::remove_file(&self.0);
    }
}

/// Returns true if the process runs. One that was killed a moment ago can still be listed, with nothing to its name.
fn is_alive(pid: u32) -> bool {
    let processes = Path::new("/proc");
    let command_line = fs::read(processes.join(pid.to_string()).join("cmdline"));
    command_line.is_ok_and(|text| !text.is_empty()) || !processes.exists()
}

fn path() -> PathBuf {
    directories::target().join("dev-services/up.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_while_its_process_lives() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("up.json");
        let mut record = Running {
            pid: std::process::id(),
            api_url: "a".into(),
            worker_url: "w".into(),
            database_url: "d".into(),
            rabbitmq_url: "r".into(),
        };
        record.write(&file).unwrap();
        assert_eq!(Running::read(&file).as_ref(), Some(&record));
        record.pid = u32::MAX;
        record.write(&file).unwrap();
        assert_eq!(Running::read(&file), None);
    }
}

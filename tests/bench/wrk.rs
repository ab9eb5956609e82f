//! Load from `wrk`: an event loop in C that asks again as soon as it is answered, on every connection.
//!
//! It costs the machine less than any client of ours would, and that is what counts where it shares two cores with what it
//! measures. Being closed, the loop slows down with the server, so its latencies say nothing about overload.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use axum::http::StatusCode;
use serde::Deserialize;
use tokio::process::Command;

use crate::measure::is_enough;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/load.lua");

/// What to ask for: paths in a file, at random.
pub struct Paths {
    file: PathBuf,
    pub first: String,
}

impl Paths {
    /// Writes them into `dir`, in the place of the last ones.
    pub fn write(dir: &Path, paths: &[String]) -> Self {
        let file = dir.join("paths");
        std::fs::write(&file, paths.join("\n")).unwrap();
        let first = paths[0].clone();
        Self { file, first }
    }
}

/// One round of load.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Answered {
    requests: u32,
    /// Microseconds, as all times here.
    duration: f64,
    p50: f64,
    p99: f64,
    /// Answers with a status of 400 and above.
    refused: f64,
    /// Connections, reads and writes that failed, and answers that took too long.
    failed: f64,
}

impl Answered {
    /// Answers as they should be, in all. `wrk` cannot tell one status of 400 and above from another.
    pub fn right(&self, status: StatusCode) -> f64 {
        if status.is_client_error() {
            self.refused
        } else {
            f64::from(self.requests) - self.refused
        }
    }

    /// Answers as they should not be, as a share of all.
    pub fn wrong_share(&self, status: StatusCode) -> f64 {
        1.0 - self.right(status) / f64::from(self.requests.max(1))
    }

    pub fn seconds(&self) -> f64 {
        self.duration / 1e6
    }

    pub fn p50_ms(&self) -> f64 {
        self.p50 / 1e3
    }

    /// The 99th percentile, if there were answers enough for it.
    pub fn p99_ms(&self) -> Option<f64> {
        let answers = usize::try_from(self.requests).unwrap();
        is_enough(answers, 0.99).then_some(self.p99 / 1e3)
    }

    /// Returns true if every request was answered in some way.
    pub fn is_complete(&self) -> bool {
        self.failed < 0.5
    }
}

/// Loads the server at `url` for so many seconds.
pub async fn load(url: &str, paths: &Paths, connections: u32, seconds: u32) -> Answered {
    // One thread would wait for itself where there are cores to spare; more than two only wait for each other here.
    let threads = connections.min(2);
    let output = Command::new("wrk")
        .args(["--threads", &threads.to_string()])
        .args(["--connections", &connections.to_string()])
        .args(["--duration", &seconds.to_string()])
        .args(["--timeout", "60", "--script", SCRIPT, url])
        .env("PATHS", &paths.file)
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let verdict = said.lines().rev().find(|line| line.starts_with('{'));
    let verdict = verdict.and_then(|line| serde_json::from_str(line).ok());
    verdict.unwrap_or_else(|| panic!("wrk said: {said}"))
}

/// Installs `wrk` where that can be done, or says how to.
pub async fn ensure() {
    let there = async || {
        let look = Command::new("wrk").arg("--version").output().await;
        look.is_ok()
    };
    if there().await {
        return;
    }
    println!("Installing wrk with apt-get (once)");
    let install = Command::new("apt-get")
        .args(["install", "--yes", "--no-install-recommends", "wrk"])
        .stdout(Stdio::null())
        .status()
        .await;
    assert!(
        install.is_ok_and(|status| status.success()) && there().await,
        "the bench needs wrk: run `sudo apt-get update && sudo apt-get install wrk`, or build it from its sources, and \
         try again"
    );
}

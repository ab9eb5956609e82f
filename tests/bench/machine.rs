//! Where and with what the figures were measured.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use mongodb::bson::{Bson, doc};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use totals_core::domain::Timestamp;

use crate::measure::{quantile, sorted};
use crate::report::digits;
use crate::stage::Stage;

/// Everything that a figure depends on besides the sources.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    measured_at: String,
    /// Of the sources; with a plus where they had changed since.
    commit: String,
    processor: String,
    cores: usize,
    memory_gib: String,
    kernel: String,
    rustc: String,
    /// The file system and the device of the services' data.
    disk: String,
    /// What appending 4 KiB and waiting for the disk takes there, median.
    sync_ms: f64,
    mongodb: String,
    /// As MongoDB was started.
    cache_gb: String,
    oplog_mb: String,
    rabbitmq: String,
    wrk: String,
}

impl Machine {
    /// This one, with these services.
    pub async fn with(stage: &Stage) -> Self {
        // What this program records into is no change of what it measures.
        let dirty = !said(
            "git",
            &["status", "--porcelain", "--", ":/", ":(top,exclude)docs"],
        )
        .is_empty();
        let commit = said("git", &["rev-parse", "--short=10", "HEAD"]);
        let dir = stage.dir().to_str().unwrap();
        let disk = said(
            "findmnt",
            &["--noheadings", "--output", "FSTYPE,SOURCE", "--target", dir],
        );
        let started = stage.database.run_admin(doc! { "getCmdLineOpts": 1 }).await;
        let arguments = started.get_array("argv").unwrap();
        let option = |name| {
            let mut from = arguments
                .iter()
                .skip_while(|argument| argument.as_str() != Some(name));
            from.nth(1).and_then(Bson::as_str).unwrap_or_default().to_owned()
        };
        Self {
            measured_at: Timestamp::now().to_string(),
            commit: commit + if dirty { "+" } else { "" },
            processor: field("/proc/cpuinfo", "model name").unwrap_or_default(),
            cores: std::thread::available_parallelism().unwrap().get(),
            memory_gib: field("/proc/meminfo", "MemTotal")
                .and_then(|size| size.strip_suffix(" kB")?.parse::<f64>().ok())
                .map_or(String::new(), |size| format!("{:.0}", size / f64::from(1 << 20))),
            kernel: said("uname", &["-sr"]),
            rustc: said("rustc", &["--version"]),
            disk: disk.split_whitespace().collect::<Vec<_>>().join(" on "),
            sync_ms: sync_ms(stage.dir()),
            mongodb: stage.mongodb_version().await,
            cache_gb: option("--wiredTigerCacheSizeGB"),
            oplog_mb: option("--oplogSize"),
            rabbitmq: rabbitmq_version(stage.servers.rabbitmq.port()).await,
            wrk: said("wrk", &["--version"]),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Measured at {} at commit {} on {} cores of {}, {} GiB, {}, {} (4 KiB are durable after {} ms); {}, MongoDB {} \
             (cache {} GB, oplog {} MB), RabbitMQ {}, {}.",
            self.measured_at,
            self.commit,
            self.cores,
            self.processor,
            self.memory_gib,
            self.kernel,
            self.disk,
            digits(self.sync_ms),
            self.rustc,
            self.mongodb,
            self.cache_gb,
            self.oplog_mb,
            self.rabbitmq,
            self.wrk
        )
    }
}

/// Milliseconds, in the median, until 4 KiB that were appended are durable, as a journal's are.
fn sync_ms(dir: &Path) -> f64 {
    let mut file = fs::File::create(dir.join("sync")).unwrap();
    let times = (0..100).map(|_| {
        let started = Instant::now();
        file.write_all(&[1; 4096]).unwrap();
        file.sync_data().unwrap();
        started.elapsed().as_secs_f64() * 1e3
    });
    quantile(&sorted(times), 0.5)
}

/// The first line that a program says; nothing if there is no such program.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(dev_services::directories::workspace())
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The value of `name: value` in a file.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The version in the broker's greeting, which lapin keeps to itself.
async fn rabbitmq_version(port: u16) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    socket.write_all(b"AMQP\x00\x00\x09\x01").await.unwrap();
    let mut greeting = [0; 2048];
    let length = socket.read(&mut greeting).await.unwrap();
    version_in(&greeting[..length]).unwrap_or_default()
}

/// A field of an AMQP table: the length of its name, the name, `S`, four bytes of length, the text.
fn version_in(greeting: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\x07versionS";
    let at = greeting.windows(NAME.len()).position(|window| window == NAME)?;
    let (length, text) = greeting[at + NAME.len()..].split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    Some(String::from_utf8_lossy(text.get(..length)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_the_brokers_greeting() {
        let greeting = b"\x08platformS\x00\x00\x00\x02OS\x07versionS\x00\x00\x00\x063.10.8\x09copyright";
        assert_eq!(version_in(greeting).as_deref(), Some("3.10.8"));
        assert_eq!(version_in(b"HTTP/1.1 400"), None);
    }
}

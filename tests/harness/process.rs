//! The real binaries as child processes.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, OnceLock};

use reqwest::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::eventually;

/// `totals-worker`, with nothing of this process's configuration.
pub fn worker_command() -> Command {
    let mut command = command("totals-worker");
    command.env("WORKER_PORT", "0");
    command
}

/// `totals-api`, with nothing of this process's configuration.
pub fn api_command() -> Command {
    let mut command = command("totals-api");
    command.env("PORT", "0").env("METRICS_PORT", "0");
    command
}

/// The same command under the limit of open files that most systems begin with, from which a process may raise it.
pub fn with_usual_files(command: &Command) -> Command {
    let command = command.as_std();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"ulimit -S -n 1024 && exec "$0""#])
        .arg(command.get_program());
    shell.current_dir(binaries());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

fn command(binary: &str) -> Command {
    let mut command = Command::new(binaries().join(binary));
    for variable in totals_core::runtime::config::VARIABLES {
        command.env_remove(variable.name);
    }
    // Away from a developer's .env.
    command.current_dir(binaries()).env("HOST", "127.0.0.1");
    command
}

/// The directory with the binaries, built from the sources as they are, in this program's own profile and in the very
/// way `cargo xtask test` has built them a moment ago: with other packages selected, cargo would unite other features
/// and build dependencies again.
fn binaries() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let packages = ["--package", "totals-worker", "--package", "totals-api"];
        let mut cargo = dev_services::cargo::nested();
        cargo.args(["build", "--quiet"]).args(packages);
        let profile = if cfg!(debug_assertions) {
            "debug"
        } else {
            cargo.arg("--release");
            "release"
        };
        assert!(cargo.status().unwrap().success(), "the binaries do not build");
        dev_services::directories::target().join(profile)
    })
}

/// A running binary. Killed when dropped; its log is shown if the test fails.
pub struct Process {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    reading: watch::Sender<bool>,
    /// Where its HTTP server listens.
    pub url: String,
    client: reqwest::Client,
}

impl Process {
    /// Starts a binary and waits until it listens.
    pub async fn start(command: Command) -> Self {
        let mut process = Self::spawn(command);
        let address = eventually(async || process.address(), Option::is_some).await;
        process.url = address.unwrap();
        process
    }

    /// Where its HTTP server listens, once it has said so.
    pub fn address(&self) -> Option<String> {
        self.listening(|_| true)
    }

    /// Where it says that it listens: the first of such lines whose port is set by a variable that is `wanted`.
    fn listening(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let log = self.log.lock().unwrap();
        log.iter().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let wanted =
                line["message"] == "listening" && wanted(line["variable"].as_str().unwrap_or_default());
            wanted.then(|| line["address"].as_str().map(str::to_owned))?
        })
    }

    /// Starts a binary that may end at once.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (reading, read) = watch::channel(true);
        tokio::spawn(keep(child.stdout.take().unwrap(), log.clone(), read.clone()));
        tokio::spawn(keep(child.stderr.take().unwrap(), log.clone(), read));
        // An error means that there is a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(10))
            .build()
            .unwrap();
        Self {
            child,
            log,
            reading,
            url: String::new(),
            client,
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Waits until `/health` says 200.
    pub async fn healthy(&self) -> Value {
        self.health(StatusCode::OK).await
    }

    /// Waits until `/health` says 503.
    pub async fn degraded(&self) -> Value {
        self.health(StatusCode::SERVICE_UNAVAILABLE).await
    }

    async fn health(&self, wanted: StatusCode) -> Value {
        eventually(|| self.get("/health"), |(status, _)| *status == wanted)
            .await
            .1
    }

    /// The status and the JSON body of a GET; the body is null where it is no JSON.
    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let answer = self.request(path).await;
        let status = answer.status();
        let body = answer.text().await.unwrap();
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    /// The text of a GET.
    pub async fn text(&self, path: &str) -> String {
        self.request(path).await.text().await.unwrap()
    }

    /// What a scrape of its metrics finds. The API has them on a port of their own.
    pub async fn scrape(&self) -> String {
        let address = self.metrics_url();
        let request = self.client.get(format!("{address}/metrics"));
        request.send().await.unwrap().text().await.unwrap()
    }

    /// Where its metrics are.
    pub fn metrics_url(&self) -> String {
        let own_port = self.listening(|variable| variable == "METRICS_PORT");
        own_port.unwrap_or_else(|| self.url.clone())
    }

    async fn request(&self, path: &str) -> reqwest::Response {
        let request = self.client.get(format!("{}{path}", self.url));
        request.send().await.unwrap()
    }

    /// The sum of those of its counters whose line begins like this; 0 where there is none yet.
    pub async fn counted(&self, line: &str) -> u64 {
        let metrics = self.scrape().await;
        let found = metrics.lines().filter(|text| text.starts_with(line));
        found
            .map(|text| text.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    }

    /// The value of one of the worker's metrics, by its name and labels without `totals_worker_`. It has to be there.
    pub async fn metric(&self, name: &str) -> usize {
        let value = self.figure(&format!("totals_worker_{name}")).await;
        let value = value.unwrap_or_else(|| panic!("there is no {name}"));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let count = value as usize;
        count
    }

    /// The value of one of its metrics, by its name and labels; `None` if it is not there.
    pub async fn figure(&self, name: &str) -> Option<f64> {
        let metrics = self.scrape().await;
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        metrics.lines().find_map(value)
    }

    /// How much of the machine's memory it holds, in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().unwrap() * 1024
    }

    /// How many files, connections included, it has open.
    pub fn open_files(&self) -> usize {
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", self.child.id().unwrap()));
        descriptors.unwrap().count()
    }

    /// Everything it has printed so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Waits until it has printed this text.
    pub async fn logged(&self, text: &str) {
        eventually(async || self.log(), |log| log.contains(text)).await;
    }

    /// Lets its output be read, or not. While it is not, the pipe fills, and then the process has to wait when it writes.
    pub fn read_log(&self, reading: bool) {
        self.reading.send_replace(reading);
    }

    /// Ends it as a crash would (SIGKILL).
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop (SIGTERM) and waits until it has, with its exit code.
    pub async fn terminate(mut self) -> Option<i32> {
        self.signal("TERM").await;
        self.exit().await
    }

    /// Sends it a signal, such as `TERM`.
    pub async fn signal(&self, name: &str) {
        let (signal, pid) = (format!("-{name}"), self.id().to_string());
        let sent = Command::new("kill").args([signal, pid]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Waits until it ends by itself, with its exit code.
    pub async fn exit(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(super::DEADLINE, self.child.wait()).await;
        ended.expect("the process should have ended").unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of {:?}\n{}", self.child.id(), self.log());
        }
    }
}

async fn keep(
    stream: impl AsyncRead + Unpin,
    log: Arc<Mutex<Vec<String>>>,
    mut reading: watch::Receiver<bool>,
) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.lock().unwrap().push(line);
        // An error is the end of the test.
        let _ = reading.wait_for(|reading| *reading).await;
    }
}

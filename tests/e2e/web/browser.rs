//! A real Chromium, spoken to over the `DevTools` protocol on a pair of pipes.
//!
//! Our own, because the tests need little of the protocol: to send a command and to wait for its answer. The crates for it bring
//! all of the protocol as generated code, which takes longer to compile than all tests do. Playwright would need Node.js.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{OnceCell, oneshot};

use super::page::Page;

const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// Names that end in `example` are this machine, and no other name resolves.
const FLAGS: [&str; 17] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--disable-background-timer-throttling",
    "--hide-scrollbars",
    "--no-proxy-server",
    "--enable-precise-memory-info",
    "--host-resolver-rules=MAP *.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
];

/// Chromium reads commands from descriptor 3 and writes answers to 4.
const SHELL: &str = r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null"#;

/// A browser with a profile of its own, which ends with the value.
pub struct Browser {
    wire: Arc<Wire>,
    _process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts one.
    pub async fn start() -> Self {
        // One at a time: apt-get has a lock.
        static PROGRAM: OnceCell<std::path::PathBuf> = OnceCell::const_new();
        let found = async || {
            dev_services::program("chromium")
                .await
                .unwrap_or_else(|error| panic!("{error}"))
        };
        let program = PROGRAM.get_or_init(found).await;
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new("sh")
            .args(["-c", SHELL])
            .arg(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let wire = Arc::new(Wire {
            commands: tokio::sync::Mutex::new(process.stdin.take().unwrap()),
            last: AtomicU64::new(0),
            calls: Mutex::default(),
            events: Mutex::default(),
        });
        tokio::spawn(wire.clone().listen(process.stdout.take().unwrap()));
        Self {
            wire,
            _process: process,
            _profile: profile,
        }
    }

    /// A new page, empty and of a usual size.
    pub async fn page(&self) -> Page {
        let target = self
            .wire
            .call(None, "Target.createTarget", json!({ "url": "about:blank" }))
            .await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.wire.call(None, "Target.attachToTarget", attach).await;
        let page = Page::new(
            self.wire.clone(),
            session["sessionId"].as_str().unwrap().to_owned(),
        );
        for domain in ["Page", "Network", "Runtime", "Log"] {
            page.call(&format!("{domain}.enable"), json!({})).await;
        }
        page.resize(1280, 900).await;
        page
    }
}

/// The pipes to the browser.
pub struct Wire {
    commands: tokio::sync::Mutex<ChildStdin>,
    last: AtomicU64,
    /// Who waits for the answer to which command.
    calls: Mutex<HashMap<u64, oneshot::Sender<Value>>>,
    /// What each page has told of itself.
    events: Mutex<HashMap<String, Vec<Value>>>,
}

impl Wire {
    /// The answer to a command, to a page or to the browser itself.
    pub async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (answered, answer) = oneshot::channel();
        self.calls.lock().unwrap().insert(id, answered);
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.commands.lock().await.write_all(&bytes).await.unwrap();
        let answer = tokio::time::timeout(ANSWERS_WITHIN, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("chromium does not answer {method}"));
        let mut answer = answer.unwrap_or_else(|_| panic!("chromium ended during {method}"));
        assert!(
            answer["error"].is_null(),
            "chromium refuses {method}: {}",
            answer["error"]
        );
        answer["result"].take()
    }

    /// What this page has told of itself so far.
    pub fn events(&self, session: &str) -> Vec<Value> {
        self.events
            .lock()
            .unwrap()
            .get(session)
            .cloned()
            .unwrap_or_default()
    }

    /// Forgets what this page has told of itself.
    pub fn forget_events(&self, session: &str) {
        self.events.lock().unwrap().remove(session);
    }

    async fn listen(self: Arc<Self>, answers: impl AsyncRead + Unpin) {
        let mut answers = BufReader::new(answers).split(0);
        while let Ok(Some(bytes)) = answers.next_segment().await {
            let message: Value = serde_json::from_slice(&bytes).unwrap();
            if let Some(id) = message["id"].as_u64() {
                if let Some(call) = self.calls.lock().unwrap().remove(&id) {
                    let _ = call.send(message);
                }
            } else if let Some(session) = message["sessionId"].as_str() {
                let mut events = self.events.lock().unwrap();
                events.entry(session.to_owned()).or_default().push(message);
            }
        }
        // Nobody waits for what will never come.
        self.calls.lock().unwrap().clear();
    }
}

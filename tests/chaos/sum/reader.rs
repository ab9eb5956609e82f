//! Reads the sum of all campaigns throughout, from a process that lives as long as the run, and from one after another that
//! has just started and whose memory is loading.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use harness::Process;
use reqwest::StatusCode;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{Answer, State, contradictions};
use crate::reader::Reader;
use crate::stage;

/// The time between two reads of a process.
const PAUSE: Duration = Duration::from_millis(20);

/// So long a process is young: from its first answer on.
const YOUTH: Duration = Duration::from_secs(2);

/// The time between two young processes. Each costs the machine as much as a fault does.
const REST: Duration = Duration::from_secs(3);

/// What the readers have seen so far.
#[derive(Default)]
pub struct Seen {
    /// The answers of each process.
    processes: Mutex<Vec<Vec<Answer>>>,
    /// Reads that were answered with 503.
    pub unavailable: AtomicU64,
    /// Reads of processes whose memory was loading that were answered with a sum.
    pub young: AtomicU64,
    wrong: Mutex<Vec<String>>,
}

/// The readers at work.
pub struct Readers {
    pub seen: Arc<Seen>,
    tasks: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Reads from the process of `reader`, which knows of the faults, and from others on the same database.
    pub fn start(reader: Arc<Reader>, database_url: String) -> Self {
        let seen = Arc::new(Seen::default());
        let old = tokio::spawn(read_throughout(seen.clone(), reader));
        let young = tokio::spawn(read_while_loading(seen.clone(), database_url));
        Self {
            seen,
            tasks: vec![old, young],
        }
    }

    /// Ends the readers, and returns what should not have been shown.
    pub fn end(&self, states: &[State]) -> Vec<String> {
        self.tasks.iter().for_each(JoinHandle::abort);
        let mut wrong = std::mem::take(&mut *self.seen.wrong.lock().unwrap());
        let processes = self.seen.processes.lock().unwrap();
        wrong.extend(
            processes
                .iter()
                .flat_map(|answers| contradictions(states, answers)),
        );
        wrong
    }
}

async fn read_throughout(seen: Arc<Seen>, reader: Arc<Reader>) {
    let place = seen.begin();
    loop {
        let calm = reader.is_calm(Instant::now());
        seen.read(&reader, place, calm).await;
        sleep(PAUSE).await;
    }
}

async fn read_while_loading(seen: Arc<Seen>, database_url: String) {
    loop {
        let api = Process::spawn(stage::api(&database_url));
        let address = loop {
            match api.address() {
                Some(address) => break address,
                None => sleep(PAUSE).await,
            }
        };
        let (reader, place) = (Reader::new(&address), seen.begin());
        let end = Instant::now() + YOUTH;
        while Instant::now() < end {
            if seen.read(&reader, place, false).await {
                seen.young.fetch_add(1, Ordering::Relaxed);
            }
            sleep(PAUSE).await;
        }
        api.kill().await;
        sleep(REST).await;
    }
}

impl Seen {
    /// How many answers there were, and of how many processes.
    pub fn answers(&self) -> (usize, usize) {
        let processes = self.processes.lock().unwrap();
        (processes.iter().map(Vec::len).sum(), processes.len())
    }

    /// One more process; its place.
    fn begin(&self) -> usize {
        let mut processes = self.processes.lock().unwrap();
        processes.push(Vec::new());
        processes.len() - 1
    }

    /// Reads once. Returns true if a sum was shown. While all is `calm`, nothing else may be.
    async fn read(&self, reader: &Reader, place: usize, calm: bool) -> bool {
        let asked = Instant::now();
        match reader.sum().await {
            Ok((StatusCode::OK, Some(sum))) => {
                let came = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
                let answer = Answer {
                    sum,
                    asked,
                    came: came.as_secs(),
                };
                self.processes.lock().unwrap()[place].push(answer);
                return true;
            }
            Ok((StatusCode::SERVICE_UNAVAILABLE, _)) if !calm => {
                self.unavailable.fetch_add(1, Ordering::Relaxed);
            }
            other => {
                let complaint = format!("the sum was answered with {other:?}, calm: {calm}");
                self.wrong.lock().unwrap().push(complaint);
            }
        }
        false
    }
}

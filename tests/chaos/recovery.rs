//! How soon after a fault the next event is committed, seen in the database itself.

use std::collections::BTreeMap;
use std::time::Duration;

use mongodb::Client;
use mongodb::bson::Document;
use tokio::time::{Instant, sleep, timeout};

/// The promise: in 99 of 100 cases the service commits again within this time, once what it depends on is back.
pub const PROMISED: Duration = Duration::from_secs(5);

/// Without a commit within this time the run fails.
const HOPELESS: Duration = Duration::from_mins(1);

/// Pause between two looks at the log.
const POLL: Duration = Duration::from_millis(20);

/// The growth of the event log, past the proxies.
pub struct Log(mongodb::Collection<Document>);

impl Log {
    /// Of the database at this URL.
    pub async fn open(url: &str) -> Self {
        // A lost server is looked for anew soon, so that waiting for the driver is not measured as the worker's.
        let url = format!("{url}&serverSelectionTimeoutMS=500&connectTimeoutMS=500&heartbeatFrequencyMS=500");
        let client = Client::with_uri_str(url).await.unwrap();
        Self(client.default_database().unwrap().collection("event_log"))
    }

    /// How many rows there are; none if MongoDB does not say. After a crash MongoDB may be wrong about it by a few, for
    /// good.
    pub async fn rows(&self) -> Option<u64> {
        let log = self.0.clone();
        // In a task of its own: the driver's futures must not be dropped midway.
        let count = tokio::spawn(async move { log.estimated_document_count().await });
        timeout(Duration::from_secs(2), count).await.ok()?.ok()?.ok()
    }

    /// Waits for a commit and says how long after `healed` it was seen; none if that is hopeless.
    pub async fn next_commit(&self, healed: Instant) -> Option<Duration> {
        let mut before = None;
        while healed.elapsed() < HOPELESS {
            match (self.rows().await, before) {
                (Some(rows), None) => before = Some(rows),
                (Some(rows), Some(before)) if rows > before => return Some(healed.elapsed()),
                _ => {}
            }
            sleep(POLL).await;
        }
        None
    }
}

/// Recovery times by kind of fault.
#[derive(Debug, Default)]
pub struct Recoveries(BTreeMap<String, Vec<Duration>>);

impl Recoveries {
    /// Adds one.
    pub fn add(&mut self, kind: String, took: Duration) {
        let times = self.0.entry(kind).or_default();
        let place = times.partition_point(|time| *time <= took);
        times.insert(place, took);
    }

    /// The kinds that break this promise.
    pub fn too_slow(&self, promised: Duration) -> impl Iterator<Item = &str> {
        let slow = self
            .0
            .iter()
            .filter(move |(_, times)| percentile(times, 99) > promised);
        slow.map(|(kind, _)| kind.as_str())
    }

    /// A line for each kind.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(kind, times)| {
            let [median, slow, slowest] = [50, 99, 100].map(|share| percentile(times, share).as_secs_f64());
            let count = times.len();
            format!(
                "  {kind:<26} {count:>4}   p50 {median:>6.2} s   p99 {slow:>6.2} s   max {slowest:>6.2} s"
            )
        })
    }
}

/// The smallest of these that `share` % do not exceed. The times are in order, and there is one at least.
fn percentile(times: &[Duration], share: usize) -> Duration {
    times[(times.len() * share).div_ceil(100) - 1]
}

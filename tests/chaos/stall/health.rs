//! What the worker's `/health` has said throughout, to be compared with what was true.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// Pause between two questions.
const POLL: Duration = Duration::from_millis(250);

/// `/health` must say 503 once nothing was counted for 30 s. It may be later than that, because retries pause, but not later
/// than this.
const TOLD_WITHIN: Duration = Duration::from_secs(45);

struct Sample {
    at: Instant,
    well: bool,
    /// The status and the body, in short.
    said: String,
}

/// Asks again and again.
pub struct Health {
    url: Arc<Mutex<String>>,
    samples: Arc<Mutex<Vec<Sample>>>,
    asking: JoinHandle<()>,
}

impl Health {
    /// Begins to ask the worker at this address.
    pub fn watch(url: &str) -> Self {
        let url = Arc::new(Mutex::new(url.to_owned()));
        let samples = Arc::new(Mutex::new(Vec::new()));
        let asking = tokio::spawn({
            let (url, samples) = (url.clone(), samples.clone());
            async move {
                let client = reqwest::Client::new();
                loop {
                    let url = url.lock().unwrap().clone();
                    let sample = ask(&client, &url).await;
                    samples.lock().unwrap().push(sample);
                    sleep(POLL).await;
                }
            }
        });
        Self { url, samples, asking }
    }

    /// From now on another worker is asked.
    pub fn turn_to(&self, url: &str) {
        url.clone_into(&mut self.url.lock().unwrap());
        self.samples.lock().unwrap().clear();
    }

    /// Returns true if the last answer was 200, and came after `since`.
    pub fn is_well_since(&self, since: Instant) -> bool {
        let samples = self.samples.lock().unwrap();
        samples
            .last()
            .is_some_and(|sample| sample.well && sample.at > since)
    }

    /// What it said last.
    pub fn last(&self) -> String {
        let samples = self.samples.lock().unwrap();
        samples
            .last()
            .map_or_else(String::new, |sample| sample.said.clone())
    }

    /// A 503 since this moment, when all was well.
    pub fn false_alarm(&self, since: Instant) -> Option<String> {
        let samples = self.samples.lock().unwrap();
        let mut later = samples.iter().filter(|sample| sample.at >= since);
        later
            .find(|sample| !sample.well)
            .map(|sample| sample.said.clone())
    }

    /// For how long it went on saying 200 after something had stopped at this moment, if that was too long.
    pub fn concealed(&self, stopped: Instant) -> Option<Duration> {
        let samples = self.samples.lock().unwrap();
        let late = |sample: &&Sample| sample.well && sample.at > stopped + TOLD_WITHIN;
        samples.iter().rev().find(late).map(|sample| sample.at - stopped)
    }
}

impl Drop for Health {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

async fn ask(client: &reqwest::Client, url: &str) -> Sample {
    let at = Instant::now();
    let asked = client
        .get(format!("{url}/health"))
        .timeout(Duration::from_secs(10));
    let (well, said) = match asked.send().await {
        Err(error) => (false, format!("no answer: {error}")),
        Ok(answer) => {
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            let body: Value = serde_json::from_str(&text).unwrap_or_default();
            let said = ["database", "consumer", "progress"].map(|part| body[part]["message"].to_string());
            (
                status.is_success(),
                format!("{} {}", status.as_u16(), said.join(", ")),
            )
        }
    };
    Sample { at, well, said }
}

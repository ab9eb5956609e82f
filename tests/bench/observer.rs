//! The two kinds of clients that look at a campaign: one polls, one watches a stream.

use std::time::Duration;

use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::sse;

/// Between two questions. Asking without a pause would take one of the cores from what is measured.
const POLL: Duration = Duration::from_millis(1);

/// What was seen at some moment.
pub struct Seen {
    pub at: Instant,
    pub pledges: u32,
}

/// Somebody who looks, from its start until dropped.
pub struct Observer {
    sights: mpsc::UnboundedReceiver<Seen>,
    looking: AbortHandle,
}

/// Both the answer to a GET and a state in a stream; neither has pledges while nothing was counted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    data: Option<Box<State>>,
    #[serde(default)]
    total_pledges: u32,
}

impl Observer {
    /// One who asks again and again, on one connection.
    pub async fn poll(url: &str, campaign: &str) -> Self {
        let (url, client) = (
            format!("{url}/api/totals/campaigns/{campaign}"),
            reqwest::Client::new(),
        );
        Self::start(move |sender| async move {
            let mut pauses = interval(POLL);
            pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                pauses.tick().await;
                let answer = client.get(&url).send().await.unwrap();
                note(&sender, &answer.text().await.unwrap());
            }
        })
        .await
    }

    /// One who is told.
    pub async fn watch(url: &str, campaign: &str) -> Self {
        let (url, path) = (url.to_owned(), format!("/api/totals/campaigns/{campaign}/stream"));
        Self::start(move |sender| async move {
            let look = |line: &str| {
                if let Some(data) = line.strip_prefix("data:") {
                    note(&sender, data);
                }
            };
            sse::watch(&url, &path, look).await;
        })
        .await
    }

    /// Starts looking, and returns after the first look.
    async fn start<F: Future<Output = ()> + Send + 'static>(
        look: impl FnOnce(mpsc::UnboundedSender<Seen>) -> F,
    ) -> Self {
        let (sender, mut sights) = mpsc::unbounded_channel();
        let looking = tokio::spawn(look(sender)).abort_handle();
        sights.recv().await.expect("the API answers");
        Self { sights, looking }
    }

    /// Everything that was seen until so many pledges were.
    pub async fn until(mut self, pledges: u32) -> Vec<Seen> {
        let mut all = Vec::new();
        while all.last().is_none_or(|seen: &Seen| seen.pledges < pledges) {
            all.push(self.sights.recv().await.expect("the API answers"));
        }
        all
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

fn note(sender: &mpsc::UnboundedSender<Seen>, text: &str) {
    let at = Instant::now();
    let state: State = serde_json::from_str(text).unwrap();
    let pledges = state.data.map_or(state.total_pledges, |data| data.total_pledges);
    // Nobody listens any more where everything was seen.
    let _ = sender.send(Seen { at, pledges });
}

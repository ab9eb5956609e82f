//! A watcher of the API's event streams.

use reqwest::header::HeaderMap;
use reqwest::{Client, Response};
use serde_json::Value;

use super::DEADLINE;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEvent {
    /// Its `id`.
    pub id: String,
    /// Its `event`; empty for totals.
    pub kind: String,
    /// Its `data`.
    pub data: Value,
}

impl StreamEvent {
    /// The campaign it tells of.
    pub fn campaign(&self) -> &str {
        self.data["campaignId"].as_str().unwrap()
    }

    /// Returns true if the stream tells of itself, and not of donations.
    pub fn is_of_itself(&self) -> bool {
        ["stale", "current"].contains(&self.kind.as_str())
    }

    /// The revision; 0 without totals.
    pub fn revision(&self) -> i64 {
        self.data["revision"].as_i64().unwrap_or(0)
    }
}

/// An open stream.
pub struct EventStream {
    response: Response,
    text: String,
}

impl EventStream {
    /// Opens the stream at this URL, as a client that has the event `last` already.
    pub async fn open(url: &str, last: Option<&str>) -> Self {
        Self::begin(url, Self::request(url, last).await)
    }

    /// Opens the stream at this URL with these headers.
    pub async fn open_with(url: &str, headers: &[(&str, &str)]) -> Self {
        let request = headers
            .iter()
            .fold(Client::new().get(url), |request, (name, value)| {
                request.header(*name, *value)
            });
        // A proxy may hold back the head as well.
        let response = tokio::time::timeout(DEADLINE, request.send()).await;
        Self::begin(url, response.expect("nothing was sent").unwrap())
    }

    fn begin(url: &str, response: Response) -> Self {
        assert_eq!(response.status(), 200, "{url}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The answer to the request for a stream, whatever it is.
    pub async fn request(url: &str, last: Option<&str>) -> Response {
        let request = Client::new().get(url);
        let request = match last {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next event that tells of donations; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            let event = self.next_of_any_kind().await?;
            if !event.is_of_itself() {
                return Some(event);
            }
        }
    }

    /// The next event, also one that the stream says of itself; `None` at its end.
    pub async fn next_of_any_kind(&mut self) -> Option<StreamEvent> {
        // Comments go on, whatever the stream does not tell.
        let told = tokio::time::timeout(DEADLINE, async {
            loop {
                if let Some(event) = parse(&self.block().await?) {
                    return Some(event);
                }
            }
        });
        told.await.expect("it told nothing")
    }

    /// Waits for the next comment, and fails if something else comes before it.
    pub async fn heartbeat(&mut self) {
        let block = self.block().await;
        assert!(
            block.as_ref().is_some_and(|block| block.starts_with(':')),
            "{block:?}"
        );
    }

    /// What comes before the next empty line; `None` at the end of the stream.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = tokio::time::timeout(DEADLINE, self.response.chunk());
            match chunk.await.expect("nothing was sent") {
                Ok(Some(chunk)) => self.text.push_str(std::str::from_utf8(&chunk).unwrap()),
                Ok(None) => return None,
                Err(error) => panic!("the stream broke off: {error}"),
            }
        }
    }
}

/// An event; `None` for comments and `retry`.
fn parse(block: &str) -> Option<StreamEvent> {
    let field = |name: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
    };
    Some(StreamEvent {
        data: serde_json::from_str(&field("data")?).unwrap(),
        id: field("id").unwrap_or_default(),
        kind: field("event").unwrap_or_default(),
    })
}

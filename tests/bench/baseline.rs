//! What the service is compared with: servers as plain as can be, each in a process of its own, as the service is.
//!
//! They are this very program, started again with `serve`, so that they have the service's compiler, libraries and
//! allocator.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt;
use futures::TryStreamExt;
use harness::{Process, eventually};
use mongodb::bson::{Document, doc};
use mongodb::options::{Hint, ReadConcern};
use mongodb::{Client, Collection};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::watch;

/// The store's index that finds a campaign's donations.
const INDEX: &str = "by_campaign_and_donor";

/// A revision, and what all its watchers are sent: rendered once, as the service does.
type Told = (i64, Bytes);

/// One baseline.
#[derive(clap::Subcommand)]
pub enum Baseline {
    /// The same answer to whatever is asked: what the HTTP library can do as most use it.
    Constant {
        status: u16,
        content_type: String,
        body: PathBuf,
    },
    /// One lookup in MongoDB for each request, as most services have it.
    FindOne { database_url: String },
    /// A sum over the campaign's donations for each request: what recalculating costs.
    Sum { database_url: String },
    /// A stream that tells every watcher of each `GET /change`, and has nothing to look up: what a fan-out costs at
    /// least.
    FanOut,
}

impl Baseline {
    /// Starts it in a process of its own.
    pub async fn start(self) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("serve");
        match self {
            Self::Constant {
                status,
                content_type,
                body,
            } => command
                .args(["constant", &status.to_string(), &content_type])
                .arg(body),
            Self::FindOne { database_url } => command.args(["find-one", &database_url]),
            Self::Sum { database_url } => command.args(["sum", &database_url]),
            Self::FanOut => command.arg("fan-out"),
        };
        Process::start(command).await
    }

    /// A server that always answers as `process` does to `path`, with this status: as long, and of the same kind.
    pub async fn constant_as(process: &Process, path: &str, status: StatusCode, dir: &Path) -> Process {
        let url = format!("{}{path}", process.url);
        // What it was loaded with last may still keep it busy.
        let answer = eventually(
            || async { reqwest::get(&url).await.unwrap() },
            |answer| answer.status() == status,
        )
        .await;
        let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        let body = dir.join("constant.body");
        std::fs::write(&body, answer.bytes().await.unwrap()).unwrap();
        let constant = Self::Constant {
            status: status.as_u16(),
            content_type,
            body,
        };
        constant.start().await
    }

    /// Serves until it is killed.
    pub async fn serve(self) {
        let router = match self {
            Self::Constant {
                status,
                content_type,
                body,
            } => {
                let status = StatusCode::from_u16(status).unwrap();
                let body = Bytes::from(std::fs::read(body).unwrap());
                Router::new().fallback(async move || (status, [(CONTENT_TYPE, content_type)], body))
            }
            Self::FindOne { database_url } => Router::new()
                .route("/api/totals/campaigns/{id}", get(find_one))
                .with_state(collection(&database_url, "campaign_totals").await),
            Self::Sum { database_url } => Router::new()
                .route("/api/totals/campaigns/{id}", get(sum))
                .with_state(collection(&database_url, "donations").await),
            Self::FanOut => Router::new()
                .route("/stream", get(stream))
                .route("/change", get(change))
                .with_state(Arc::new(watch::Sender::new(told(1)))),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        // As the service's own processes say it.
        println!("{}", json!({ "message": "listening", "address": address }));
        // As the service's sockets. It fails on a dead connection only.
        let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
        axum::serve(listener, router).await.unwrap();
    }
}

async fn collection(url: &str, name: &str) -> Collection<Document> {
    let client = Client::with_uri_str(url).await.unwrap();
    client.default_database().unwrap().collection(name)
}

async fn find_one(State(totals): State<Collection<Document>>, UrlPath(id): UrlPath<String>) -> String {
    // A task of its own: the driver's futures must not be dropped midway, and axum drops a handler whose client is gone.
    let found = tokio::spawn(async move {
        let find = totals.find_one(doc! { "_id": id });
        find.read_concern(ReadConcern::majority()).await
    });
    let found = found.await.unwrap().unwrap().unwrap();
    json!({ "success": true, "data": {
        "campaignId": found.get_str("_id").unwrap(), "totalAmount": found.get_i64("totalAmountMinor").unwrap(),
        "totalPledges": found.get_i64("totalPledges").unwrap(), "totalDonors": found.get_i64("totalDonors").unwrap(),
        "revision": found.get_i64("revision").unwrap(),
    } })
    .to_string()
}

async fn sum(State(donations): State<Collection<Document>>, UrlPath(id): UrlPath<String>) -> String {
    let summing = tokio::spawn(async move {
        let amount = doc! { "$subtract": ["$amountMinor", "$refundedMinor"] };
        let group = doc! { "_id": null, "totalAmount": { "$sum": amount }, "totalPledges": { "$sum": 1 } };
        let pipeline = [doc! { "$match": { "campaignId": id } }, doc! { "$group": group }];
        // It fails without this index.
        let sums = donations.aggregate(pipeline).hint(Hint::Name(INDEX.to_owned()));
        let sums: Vec<Document> = sums.await?.try_collect().await?;
        Ok::<_, mongodb::error::Error>(sums)
    });
    let sums = summing.await.unwrap().unwrap();
    json!({ "success": true, "data": sums }).to_string()
}

async fn change(State(latest): State<Arc<watch::Sender<Told>>>) -> String {
    let mut next = 0;
    latest.send_modify(|latest| {
        next = latest.0 + 1;
        *latest = told(next);
    });
    next.to_string()
}

async fn stream(State(latest): State<Arc<watch::Sender<Told>>>) -> impl IntoResponse {
    let mut changes = latest.subscribe();
    changes.mark_changed();
    let events = futures::stream::unfold(changes, async |mut changes| {
        changes.changed().await.ok()?;
        let (_, event) = changes.borrow_and_update().clone();
        Some((Ok::<_, Infallible>(event), changes))
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events))
}

/// As long as the service's.
fn told(revision: i64) -> Told {
    let data = json!({
        "campaignId": "camp_0123456789abcdef", "totalAmount": 5_000_000.5, "totalPledges": revision,
        "totalDonors": revision, "lastUpdated": "2025-11-21T10:00:00.000Z", "currency": "USD", "revision": revision,
    });
    (revision, format!("id: {revision}\ndata: {data}\n\n").into())
}

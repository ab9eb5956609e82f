//! The worker's own HTTP server: `/livez` and `/readyz` for orchestrators, `/health` for people, `/metrics` for Prometheus.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::sync::{SetOnce, watch};
use totals_core::health::{Dependency, ProcessHealth};
use totals_core::probes::{self, Probed};
use totals_core::runtime::lifecycle::Shutdown;
use totals_core::store::Store;

use crate::consume::context::BrokerState;
use crate::metrics::Metrics;
use crate::stall::StallWatch;

/// What a worker says that has a place in the queue and no messages. RabbitMQ does not tell a consumer that it has become the
/// active one: only its first message does.
const STANDING_BY: &str = "standing by: another worker has the queue; this one takes over when that one is gone, and says so \
                           with its first message";

/// What the server reports on.
#[derive(Clone)]
pub struct Reported {
    /// The database, once it is open.
    pub store: Arc<SetOnce<Store>>,
    /// The broker.
    pub broker: watch::Receiver<BrokerState>,
    /// Whether its tasks get on.
    pub stalls: StallWatch,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// When the process started.
    pub started: Instant,
    /// When it has to stop.
    pub shutdown: Shutdown,
}

#[derive(Serialize)]
struct WorkerHealth {
    #[serde(flatten)]
    process: ProcessHealth,
    database: Dependency,
    consumer: Dependency,
    progress: Dependency,
}

impl Reported {
    /// The database.
    ///
    /// # Errors
    /// A sentence, if it is not open yet.
    fn opened(&self) -> Result<&Store, String> {
        let none = || "DATABASE_URL cannot be used yet; the log says why".to_owned();
        self.store.get().ok_or_else(none)
    }

    /// Checks that the worker consumes, or would if another one did not. Returns which of the two.
    fn consumer(&self) -> Result<&'static str, String> {
        match &*self.broker.borrow() {
            BrokerState::Consuming => Ok("consuming"),
            BrokerState::StandingBy => Ok(STANDING_BY),
            BrokerState::NotConsuming(reason) => Err(reason.clone()),
        }
    }

    /// Checks that what the worker has in hand gets on.
    fn progress(&self) -> Result<(), String> {
        self.stalls.check(Instant::now())
    }
}

/// The routes.
pub fn router(reported: Reported) -> Router {
    Router::new()
        .route("/livez", get(async || probes::livez()))
        .route("/readyz", get(readyz))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(reported)
}

/// Ready is a worker that does its work: a rollout must not end the former one before. It asks nothing, because the worker
/// notices by itself what it cannot do.
async fn readyz(State(reported): State<Reported>) -> Probed {
    let check = async {
        reported.opened()?;
        reported.consumer()?;
        reported.progress()
    };
    probes::readyz(&reported.shutdown, check).await
}

async fn health(State(reported): State<Reported>) -> (StatusCode, Json<WorkerHealth>) {
    let database = match reported.opened() {
        Ok(store) => store.check().await.map_err(|error| error.to_string()),
        Err(problem) => Err(problem),
    };
    let database = Dependency::new(database, "MongoDB answers");
    let consumer = reported.consumer();
    let doing = consumer.as_ref().copied().unwrap_or_default();
    let consumer = Dependency::new(consumer.map(drop), doing);
    let progress = Dependency::new(reported.progress(), "everything in hand gets on");
    let needed = [&database, &consumer, &progress];
    let health = WorkerHealth {
        process: ProcessHealth::new("totals-worker", reported.started, &needed),
        database,
        consumer,
        progress,
    };
    (health.process.status_code(), Json(health))
}

async fn metrics(State(reported): State<Reported>, request: HeaderMap) -> Response {
    let stalled = reported.stalls.longest(Instant::now());
    reported.metrics.answer(&request, stalled)
}

//! The worker's own HTTP server: `/health` for orchestrators and people, `/metrics` for Prometheus.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::sync::watch;
use totals_core::health::{Dependency, ProcessHealth};
use totals_core::store::Store;

use crate::consume::context::BrokerState;
use crate::metrics::Metrics;
use crate::stall::StallWatch;

/// What the server reports on.
#[derive(Clone)]
pub struct Reported {
    /// The database.
    pub store: Store,
    /// The broker.
    pub broker: watch::Receiver<BrokerState>,
    /// Whether its tasks get on.
    pub stalls: StallWatch,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// When the process started.
    pub started: Instant,
}

#[derive(Serialize)]
struct WorkerHealth {
    #[serde(flatten)]
    process: ProcessHealth,
    database: Dependency,
    consumer: Dependency,
    progress: Dependency,
}

/// The routes.
pub fn router(reported: Reported) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(reported)
}

async fn health(State(reported): State<Reported>) -> (StatusCode, Json<WorkerHealth>) {
    let database = reported.store.check().await.map_err(|error| error.to_string());
    let database = Dependency::new(database, "MongoDB answers");
    let consumer = match reported.broker.borrow().clone() {
        BrokerState::Consuming => Ok(()),
        BrokerState::NotConsuming(reason) => Err(reason),
    };
    let consumer = Dependency::new(consumer, "consuming");
    let progress = Dependency::new(
        reported.stalls.check(Instant::now()),
        "everything in hand gets on",
    );
    let needed = [&database, &consumer, &progress];
    let health = WorkerHealth {
        process: ProcessHealth::new("totals-worker", reported.started, &needed),
        database,
        consumer,
        progress,
    };
    (health.process.status_code(), Json(health))
}

async fn metrics(State(reported): State<Reported>) -> impl IntoResponse {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let stalled = reported.stalls.longest(Instant::now());
    (
        [(header::CONTENT_TYPE, content_type)],
        reported.metrics.render(stalled),
    )
}

//! The worker's own HTTP server: `/health` for orchestrators and people, `/metrics` for Prometheus.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::sync::watch;
use totals_core::domain::Timestamp;
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
struct Health {
    status: &'static str,
    service: &'static str,
    version: &'static str,
    timestamp: Timestamp,
    uptime: f64,
    database: Dependency,
    consumer: Dependency,
    progress: Dependency,
}

#[derive(Serialize)]
struct Dependency {
    healthy: bool,
    message: String,
}

impl From<Result<(), String>> for Dependency {
    fn from(state: Result<(), String>) -> Self {
        Self {
            healthy: state.is_ok(),
            message: state.err().unwrap_or_else(|| "ok".to_owned()),
        }
    }
}

/// The routes.
pub fn router(reported: Reported) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(reported)
}

async fn health(State(reported): State<Reported>) -> Response {
    let database = Dependency::from(reported.store.check().await.map_err(|error| error.to_string()));
    let consumer = Dependency::from(match reported.broker.borrow().clone() {
        BrokerState::Consuming => Ok(()),
        BrokerState::NotConsuming(reason) => Err(reason),
    });
    let progress = Dependency::from(reported.stalls.check(Instant::now()));
    let healthy = database.healthy && consumer.healthy && progress.healthy;
    let health = Health {
        status: if healthy { "healthy" } else { "degraded" },
        service: "totals-worker",
        version: env!("CARGO_PKG_VERSION"),
        timestamp: Timestamp::now(),
        uptime: reported.started.elapsed().as_secs_f64(),
        database,
        consumer,
        progress,
    };
    let status = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(health)).into_response()
}

async fn metrics(State(reported): State<Reported>) -> impl IntoResponse {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let stalled = reported.stalls.longest(Instant::now());
    (
        [(header::CONTENT_TYPE, content_type)],
        reported.metrics.render(stalled),
    )
}

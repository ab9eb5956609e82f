//! `/health`: tells load balancers whether the service can answer, and operators what is wrong if it cannot.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use totals_core::domain::Timestamp;
use utoipa::ToSchema;

use crate::live::LiveHealth;
use crate::state::AppState;

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthBody {
    status: HealthStatus,
    /// Which service this is.
    #[schema(example = "totals-api")]
    service: &'static str,
    #[schema(example = "1.0.0")]
    version: &'static str,
    /// The time of this answer.
    #[schema(value_type = String, format = DateTime, example = "2024-11-21T10:30:00.000Z")]
    timestamp: Timestamp,
    /// Seconds since the process started.
    #[schema(minimum = 0, example = 3600)]
    uptime: u64,
    database: DatabaseHealth,
    live: LiveHealth,
}

/// In one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Status)]
enum HealthStatus {
    /// It can answer.
    Healthy,
    /// It cannot read totals.
    Degraded,
}

/// The state of the database.
#[derive(Debug, Serialize, ToSchema)]
struct DatabaseHealth {
    healthy: bool,
    /// What is wrong and what to do about it, if anything is.
    #[schema(example = "MongoDB answers")]
    message: String,
}

/// Whether the service works
///
/// Asks the database each time; its answer may take up to 3 seconds.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operation",
    responses(
        (status = 200, description = "Totals can be read", body = HealthBody),
        (status = 503, description = "Totals cannot be read; the message says what to do", body = HealthBody,
            example = json!({"status": "degraded", "service": "totals-api", "version": "1.0.0",
                "timestamp": "2024-11-21T10:30:00.000Z", "uptime": 3600, "database": {"healthy": false,
                "message": "MongoDB did not answer within 3 s: check that it runs, and DATABASE_URL"},
                "live": {"current": false, "listed": false, "campaigns": 240, "streams": 12}})),
    ),
)]
pub async fn get_health(State(state): State<Arc<AppState>>) -> (StatusCode, Json<HealthBody>) {
    let (code, status, message) = match state.database.check().await {
        Ok(()) => (
            StatusCode::OK,
            HealthStatus::Healthy,
            "MongoDB answers".to_owned(),
        ),
        Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, HealthStatus::Degraded, problem),
    };
    let health = HealthBody {
        status,
        service: "totals-api",
        version: env!("CARGO_PKG_VERSION"),
        timestamp: Timestamp::now(),
        uptime: state.started.elapsed().as_secs(),
        database: DatabaseHealth {
            healthy: status == HealthStatus::Healthy,
            message,
        },
        live: state.live.health(),
    };
    (code, Json(health))
}

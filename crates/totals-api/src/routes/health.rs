//! `/health`: tells operators whether the service can answer, and what is wrong if it cannot.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use totals_core::health::{Dependency, ProcessHealth};
use utoipa::ToSchema;

use crate::live::LiveHealth;
use crate::state::AppState;

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthBody {
    #[serde(flatten)]
    #[schema(inline)]
    process: ProcessHealth,
    database: Dependency,
    live: LiveHealth,
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
    let database = Dependency::new(state.database.check().await, "MongoDB answers");
    let health = HealthBody {
        process: ProcessHealth::new("totals-api", state.started, &[&database]),
        database,
        live: state.live.health(),
    };
    (health.process.status_code(), Json(health))
}

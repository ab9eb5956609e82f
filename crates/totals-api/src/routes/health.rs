//! Whether the service can answer, for load balancers and for whoever has to mend it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use totals_core::health::{Dependency, ProcessHealth};
use utoipa::ToSchema;

use crate::live::LiveStatus;
use crate::state::AppState;

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[serde(flatten)]
    #[schema(inline)]
    process: ProcessHealth,
    database: Dependency,
    live: LiveHealth,
}

/// The state of the totals in memory.
#[derive(Debug, Serialize, ToSchema)]
struct LiveHealth {
    /// Whether reads are answered from memory; else they go to the database, which is slower and as right.
    current: bool,
    /// Whether pages of the list are answered from memory; else MongoDB sorts all campaigns for each.
    listed: bool,
    /// Campaigns in memory.
    #[schema(minimum = 0, example = 240)]
    campaigns: usize,
    /// Event streams open; one of several campaigns counts for each.
    #[schema(minimum = 0, example = 5000)]
    streams: usize,
}

/// Whether the service works
///
/// Asks the database each time; its answer may take up to 3 seconds.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operation",
    responses(
        (status = 200, description = "Totals can be read", body = Health),
        (status = 503, description = "Totals cannot be read; the message says what to do", body = Health,
            example = json!({"status": "degraded", "service": "totals-api", "version": "1.0.0",
                "timestamp": "2024-11-21T10:30:00.000Z", "uptime": 3600, "database": {"healthy": false,
                "message": "MongoDB did not answer within 3 s: check that it runs, and DATABASE_URL"},
                "live": {"current": false, "listed": false, "campaigns": 240, "streams": 12}})),
    ),
)]
pub async fn get_health(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let database = Dependency::new(state.database.check().await, "MongoDB answers");
    let LiveStatus {
        current,
        listed,
        campaigns,
        streams,
    } = state.live.status();
    let health = Health {
        process: ProcessHealth::new("totals-api", state.started, &[&database]),
        database,
        live: LiveHealth {
            current,
            listed,
            campaigns,
            streams,
        },
    };
    (health.process.status_code(), Json(health))
}

//! `/livez` and `/readyz`: what an orchestrator and a load balancer ask.

use std::sync::Arc;

use axum::extract::State;
use totals_core::probes::{self, Probe, Probed};

use crate::state::AppState;

/// Whether the process works
///
/// For orchestrators, which restart a process that does not answer. It asks nothing of the database, whose failures no
/// restart mends.
#[utoipa::path(
    get,
    path = "/livez",
    tag = "operation",
    responses((status = 200, description = "The process works", body = Probe,
        example = json!({"ok": true, "message": "live"}))),
)]
pub async fn get_livez() -> Probed {
    probes::livez()
}

/// Whether the service wants requests
///
/// For load balancers. 503 until all campaigns were loaded into memory for the first time, while neither memory nor the
/// database can answer a read, and from the moment on that the process is told to stop: requests that come all the same are
/// answered as ever.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses(
        (status = 200, description = "Send requests", body = Probe),
        (status = 503, description = "Send requests to another process; the message says why", body = Probe,
            example = json!({"ok": false, "message":
                "MongoDB did not answer within 3 s: check that MongoDB runs, and DATABASE_URL"})),
    ),
)]
pub async fn get_readyz(State(state): State<Arc<AppState>>) -> Probed {
    probes::readyz(&state.shutdown, state.check_reads()).await
}

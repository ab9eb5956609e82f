//! `/livez` and `/readyz` of both binaries, for orchestrators; `/health` is for people.
//!
//! An orchestrator restarts a process that is not live, and sends no requests to one that is not ready. A restart mends no
//! database and no broker, so `/livez` asks nothing: a process that can answer it works. From the moment that the end of the
//! process is announced it is not ready, while it still answers everything
//! ([`lifecycle`](crate::runtime::lifecycle)).

use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::runtime::lifecycle::Shutdown;

/// What a probe is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Probe {
    /// Whether it is so.
    ok: bool,
    /// What is wrong and what to do about it, if anything is.
    #[schema(example = "ready")]
    message: String,
}

/// The answer to a probe.
pub type Probed = (StatusCode, Json<Probe>);

/// The answer of `/livez`.
pub fn livez() -> Probed {
    answer(Ok(()), "live")
}

/// The answer of `/readyz`: 200 until the end is announced, if `check` has no objection.
pub async fn readyz(shutdown: &Shutdown, check: impl Future<Output = Result<(), String>>) -> Probed {
    if shutdown.announced.is_cancelled() {
        return answer(Err("stopping: send requests to another process".to_owned()), "");
    }
    answer(check.await, "ready")
}

fn answer(state: Result<(), String>, good: &str) -> Probed {
    let (status, ok, message) = match state {
        Ok(()) => (StatusCode::OK, true, good.to_owned()),
        Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, false, problem),
    };
    (status, Json(Probe { ok, message }))
}

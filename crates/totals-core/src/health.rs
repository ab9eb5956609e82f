//! The shape of both binaries' `/health`: what every process says of itself, and of each thing that it depends on.

use std::time::Instant;

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Timestamp;

/// What every process says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProcessHealth {
    status: Status,
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
}

/// In one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// It does its work.
    Healthy,
    /// It cannot do its work.
    Degraded,
}

/// The state of something that the process depends on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Dependency {
    /// Whether it can be used.
    pub healthy: bool,
    /// What is wrong and what to do about it, if anything is.
    #[schema(example = "MongoDB answers")]
    message: String,
}

impl ProcessHealth {
    /// The health of a service that has run since `started` and needs all of these dependencies.
    pub fn new(service: &'static str, started: Instant, dependencies: &[&Dependency]) -> Self {
        let healthy = dependencies.iter().all(|dependency| dependency.healthy);
        Self {
            status: if healthy {
                Status::Healthy
            } else {
                Status::Degraded
            },
            service,
            version: env!("CARGO_PKG_VERSION"),
            timestamp: Timestamp::now(),
            uptime: started.elapsed().as_secs(),
        }
    }

    /// The status of the answer.
    pub fn status_code(&self) -> StatusCode {
        match self.status {
            Status::Healthy => StatusCode::OK,
            Status::Degraded => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Dependency {
    /// The dependency's state; `good` is its message if nothing is wrong.
    pub fn new(state: Result<(), String>, good: &str) -> Self {
        Self {
            healthy: state.is_ok(),
            message: state.err().unwrap_or_else(|| good.to_owned()),
        }
    }
}

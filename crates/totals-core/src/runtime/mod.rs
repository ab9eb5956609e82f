//! What both binaries need to start, run and stop: configuration, logs, traces and metrics, and shutdown.

pub mod backoff;
pub mod config;
pub mod http;
pub mod lifecycle;
pub mod metrics;
pub mod telemetry;
pub mod terminal;

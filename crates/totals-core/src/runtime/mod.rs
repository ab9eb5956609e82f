//! What both binaries need to start, run and stop: configuration, logs and traces, and shutdown.

pub mod backoff;
pub mod config;
pub mod http;
pub mod lifecycle;
pub mod telemetry;
pub mod terminal;

//! The reasons why a tool could not run, each as one line with the cause and the remedy.

use std::path::PathBuf;

use totals_core::runtime::config::ConfigError;
use totals_core::runtime::telemetry::TelemetryError;
use totals_core::store::{StoreError, Unhealthy};

use crate::broker::call::BrokerError;

/// A tool that could not run, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// A variable has a value that is not allowed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Logs cannot start.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The machine refuses something that a process needs.
    #[error("cannot start: {0}")]
    Process(#[from] std::io::Error),
    /// The options of `DATABASE_URL` contradict each other, or its name does not resolve.
    #[error("DATABASE_URL cannot be used: {0}")]
    DatabaseUrl(StoreError),
    /// The database cannot do what the tool needs.
    #[error(transparent)]
    Database(#[from] Unhealthy),
    /// The database has another currency, or another precision of amounts.
    #[error("{0}")]
    Settings(String),
    /// The database failed midway.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The broker is away or refuses.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The queue was never declared.
    #[error(
        "RabbitMQ has no queue {0}: a worker declares it when it first starts; check RABBITMQ_URL and RABBITMQ_QUEUE"
    )]
    NoQueue(String),
    /// A file that the operator named cannot be used.
    #[error("{path}: {problem}")]
    File {
        /// The file's name.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Arguments that cannot be used as they are.
    #[error("{0}")]
    Usage(String),
    /// The answer could not be printed.
    #[error("cannot print the answer: {0}")]
    Print(std::io::Error),
    /// Stopped by a signal, with part of the work done.
    #[error("{0}")]
    Unfinished(String),
    /// Stopped by a signal.
    #[error("stopped before the end")]
    Interrupted,
}

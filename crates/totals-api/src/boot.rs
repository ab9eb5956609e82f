//! The start and stop of the process, one announced step after another.

use std::process::ExitCode;

use totals_core::runtime::config::{ConfigError, Source};
use totals_core::runtime::http::{ListenError, listen, serve_with};
use totals_core::runtime::lifecycle::{GRACE, Shutdown};
use totals_core::runtime::telemetry::{Telemetry, TelemetryError};
use totals_core::store::StoreError;

use crate::router;
use crate::state::AppState;

/// Why the process cannot start, as one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A variable has a value that is not allowed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Logs or traces cannot start.
    #[error("logs or traces cannot start: {0}")]
    Telemetry(#[from] TelemetryError),
    /// The port is taken, or the address is not this machine's.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The options of `DATABASE_URL` contradict each other.
    #[error("DATABASE_URL cannot be used: {0}")]
    Database(StoreError),
    /// The signal handlers cannot be installed.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
    /// The document cannot be printed.
    #[error("cannot print the OpenAPI document: {0}")]
    Print(std::io::Error),
}

impl BootError {
    /// 2 for a mistake of the operator, as command lines do; 1 for what the machine refuses.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Telemetry(_) | Self::Database(_) => ExitCode::from(2),
            Self::Listen(_) | Self::Signals(_) | Self::Print(_) => ExitCode::FAILURE,
        }
    }
}

/// Serves until the process is told to stop. The database may come and go; `/health` says so.
pub async fn run() -> Result<(), BootError> {
    let source = Source::load()?;
    let config = source.api()?;
    let telemetry = Telemetry::start("totals-api", &config.telemetry)?;
    for name in source.former() {
        tracing::warn!("{name} has no effect any more and can be removed");
    }
    let shutdown = Shutdown::on_signals(GRACE).map_err(BootError::Signals)?;
    let listener = listen(&config.http)?;

    let state = AppState::start(&config, &router::document(), shutdown.soft.clone())
        .await
        .map_err(BootError::Database)?;
    let traced = config.telemetry.otlp_endpoint.is_some();
    serve_with(listener, router::service(state, traced), &shutdown).await;
    tracing::info!("stopped");
    telemetry.shutdown().await;
    Ok(())
}

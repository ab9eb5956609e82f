//! The start and stop of the serving process.

use totals_core::boot::{self, Process, StartError};
use totals_core::runtime::config::Source;
use totals_core::runtime::http::serve_with;

use crate::config::ApiConfig;
use crate::router;
use crate::state::AppState;

/// Serves until the process is told to stop. The database may come and go; `/health` says so.
///
/// # Errors
/// [`StartError`], as one line for the operator.
pub fn boot() -> Result<(), StartError> {
    let source = Source::load()?;
    let config = ApiConfig::read(&source)?;
    let shared = (&config.http, &config.telemetry);
    boot::run("totals-api", &source, shared, |process| run(&config, process))
}

async fn run(config: &ApiConfig, process: Process) -> Result<(), StartError> {
    let Process {
        listener, shutdown, ..
    } = process;
    let state = AppState::start(config, &router::document(), shutdown.soft.clone())
        .await
        .map_err(StartError::Database)?;
    let traced = config.telemetry.otlp_endpoint.is_some();
    serve_with(listener, router::service(state, traced), &shutdown).await;
    Ok(())
}

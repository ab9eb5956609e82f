//! The start and stop of the serving process.

use totals_core::boot::{Begun, Process, StartError};
use totals_core::runtime::config::Source;
use totals_core::runtime::http::{listen, serve, serve_with};

use crate::config::ApiConfig;
use crate::state::AppState;
use crate::{router, scrape};

/// Serves until the process is told to stop. The database may come and go; `/health` says so.
///
/// # Errors
/// [`StartError`], as one line for the operator.
pub fn boot() -> Result<(), StartError> {
    let begun = Begun::now()?;
    let source = Source::load()?;
    let config = ApiConfig::read(&source)?;
    let shared = (&config.http, &config.telemetry);
    begun.run("totals-api", &source, shared, |process| run(&config, process))
}

async fn run(config: &ApiConfig, process: Process) -> Result<(), StartError> {
    let shutdown = &process.shutdown;
    let scraped = listen(&config.metrics)?;
    let document = router::document();
    let metrics = router::metrics(&document);
    let state = AppState::start(config, &document, metrics, shutdown.clone())
        .await
        .map_err(StartError::Database)?;
    let traced = config.telemetry.traces.is_some();
    let service = router::service(state.clone(), traced);
    let refused = {
        let metrics = state.metrics.clone();
        move |status| metrics.refused(status)
    };
    tokio::join!(
        serve_with(process.listener, service, refused, shutdown),
        serve(scraped, scrape::router(state, process.dropped_lines), shutdown)
    );
    Ok(())
}

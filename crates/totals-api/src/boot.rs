//! The start and stop of the serving process.

use totals_core::boot::{self, Process, StartError};
use totals_core::runtime::config::Source;
use totals_core::runtime::http::serve_with;

use crate::config::ApiConfig;
use crate::database::Database;
use crate::fast_path::FastPath;
use crate::live::Live;
use crate::router;
use crate::state::AppState;

/// Serves until the process is told to stop. The database may come and go: that is /health's to say.
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
    let database = Database::open(&config.database, config.currency, config.bounds.database_reads)
        .await
        .map_err(StartError::Database)?;
    let live = Live::start(database.clone(), config.bounds);
    let document = router::document();
    let state = AppState::new(live, database, config.currency, &document, shutdown.soft.clone());
    let traced = config.telemetry.otlp_endpoint.is_some();
    let fast_path = FastPath::new(state, traced);
    serve_with(listener, move |request| fast_path.answer(request), &shutdown).await;
    Ok(())
}

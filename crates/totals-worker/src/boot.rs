//! The start and stop of the consuming process, one announced step after another.

use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::watch;
use totals_core::runtime::config::{self, ConfigError, Source};
use totals_core::runtime::http::{ListenError, listen, serve};
use totals_core::runtime::lifecycle::{GRACE, Shutdown};
use totals_core::runtime::telemetry::{Telemetry, TelemetryError};
use totals_core::store::{Decision, Store, StoreError};

use crate::broker::connection::Address;
use crate::consume::consumer::Worker;
use crate::consume::context::{BrokerState, Context};
use crate::http::{self, Reported};
use crate::metrics::Metrics;
use crate::stall::StallWatch;

/// Why the worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable has a value that is not allowed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Logs or traces cannot start.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The port is taken, or the address not this machine's.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The options of `DATABASE_URL` contradict each other.
    #[error("DATABASE_URL cannot be used: {0}")]
    Database(StoreError),
    /// The machine refuses what a process needs.
    #[error("cannot start: {0}")]
    Process(#[from] std::io::Error),
}

/// Consumes until the process is told to stop.
///
/// # Errors
/// [`StartError`], as one line for the operator.
pub fn boot() -> Result<(), StartError> {
    let config = Source::load()?.worker()?;
    let address = Address::parse(&config.broker.urls)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let telemetry = Telemetry::start("totals-worker", &config.telemetry)?;
            let shutdown = Shutdown::on_signals(GRACE)?;
            let listener = listen(&config.http)?;
            let mut metrics = Metrics::default();
            metrics.report_log(telemetry.dropped_lines());
            run(config, address, metrics, listener, shutdown).await?;
            telemetry.shutdown().await;
            Ok(())
        })
}

/// Consumes and reports until `shutdown`.
async fn run(
    config: config::Worker,
    address: Address,
    metrics: Metrics,
    listener: TcpListener,
    shutdown: Shutdown,
) -> Result<(), StartError> {
    let Some(store) = open(&config.database, &shutdown).await? else {
        return Ok(());
    };
    let store = store.counting_in(config.currency);
    let (metrics, stalls) = (Arc::new(metrics), StallWatch::default());
    let (state, broker) = watch::channel(BrokerState::NotConsuming("starting".to_owned()));
    let router = http::router(Reported {
        store: store.clone(),
        broker,
        stalls: stalls.clone(),
        metrics: metrics.clone(),
        started: Instant::now(),
    });
    let context = Context {
        config,
        address,
        store,
        metrics,
        stalls,
    };
    let worker = Worker { context, state };
    tokio::join!(worker.run(&shutdown), serve(listener, router, &shutdown));
    tracing::info!("stopped");
    Ok(())
}

/// The store, or nothing if the process is to stop before the database's name resolves.
async fn open(config: &config::Database, shutdown: &Shutdown) -> Result<Option<Store>, StartError> {
    let error = match Store::open(config, "totals-worker").await {
        Ok(store) => return Ok(Some(store)),
        Err(error) => error,
    };
    match error.decision() {
        Decision::Reject => Err(StartError::Database(error)),
        Decision::Retry => Ok(tokio::select! {
            store = Store::open_later(config, "totals-worker", error) => Some(store),
            () = shutdown.soft.cancelled() => None,
        }),
    }
}

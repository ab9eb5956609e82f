//! `totals-worker` folds donation events from RabbitMQ into campaign totals in MongoDB, exactly once in effect.

mod connection;
mod consumer;
mod dead_letter;
mod http;
mod lane;
mod message;
mod metrics;
mod settle;
mod topology;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{CommandFactory, FromArgMatches, Parser};
use tokio::net::TcpListener;
use tokio::sync::watch;
use totals_core::runtime::backoff::Backoff;
use totals_core::runtime::config::{self, ConfigError, Source, VARIABLES};
use totals_core::runtime::lifecycle::{GRACE, Shutdown};
use totals_core::runtime::telemetry::{Telemetry, TelemetryError};
use totals_core::store::Store;

use crate::connection::Address;
use crate::consumer::{BrokerState, Worker};
use crate::http::Reported;
use crate::metrics::Metrics;

/// Folds donation events from RabbitMQ into campaign totals in MongoDB.
#[derive(Parser)]
#[command(version)]
struct Arguments {}

/// Why the worker did not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(
        "cannot listen on {address}: {error}; set WORKER_PORT to a free port, or stop what uses this one"
    )]
    Listen { address: String, error: std::io::Error },
    #[error("cannot start: {0}")]
    Process(#[from] std::io::Error),
}

fn main() -> ExitCode {
    let command = Arguments::command().after_help(config::help(VARIABLES));
    if let Err(error) = Arguments::from_arg_matches(&command.get_matches()) {
        error.exit();
    }
    match boot() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("totals-worker: {error}");
            ExitCode::from(2)
        }
    }
}

fn boot() -> Result<(), StartError> {
    let config = Source::load()?.worker()?;
    let address = Address::parse(&config.broker.url)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let telemetry = Telemetry::start("totals-worker", &config.telemetry)?;
            let shutdown = Shutdown::on_signals(GRACE)?;
            let listener = listen(&config.http).await?;
            run(config, address, listener, shutdown).await?;
            telemetry.shutdown().await;
            Ok(())
        })
}

async fn listen(config: &config::Http) -> Result<TcpListener, StartError> {
    TcpListener::bind((config.host, config.port))
        .await
        .map_err(|error| StartError::Listen {
            address: format!("{}:{}", config.host, config.port),
            error,
        })
}

/// Consumes and reports until `shutdown`.
async fn run(
    config: config::Worker,
    address: Address,
    listener: TcpListener,
    shutdown: Shutdown,
) -> Result<(), StartError> {
    tracing::info!(
        address = format!("http://{}", listener.local_addr()?),
        version = env!("CARGO_PKG_VERSION"),
        "listening"
    );
    let Some(store) = open(&config.database, &shutdown).await else {
        return Ok(());
    };
    let metrics = Arc::new(Metrics::default());
    let (state, broker) = watch::channel(BrokerState::NotConsuming("starting".to_owned()));
    let reported = Reported {
        store: store.clone(),
        broker,
        metrics: metrics.clone(),
        started: Instant::now(),
    };
    tokio::spawn(async move { axum::serve(listener, http::router(reported)).await });

    let worker = Worker {
        config,
        address,
        store,
        metrics,
        state,
    };
    worker.run(&shutdown).await;
    tracing::info!("stopped");
    Ok(())
}

/// Opens the store; a name that does not resolve yet (`mongodb+srv://`) is asked for again until it does.
async fn open(config: &config::Database, shutdown: &Shutdown) -> Option<Store> {
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
    loop {
        match Store::open(config, "totals-worker").await {
            Ok(store) => return Some(store),
            Err(error) => tracing::error!(%error, database = %config.url, "the database cannot be opened"),
        }
        tokio::select! {
            () = shutdown.soft.cancelled() => return None,
            () = tokio::time::sleep(backoff.next_delay()) => {}
        }
    }
}

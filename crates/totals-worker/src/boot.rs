//! The start and stop of the consuming process.

use std::sync::{Arc, Once};
use std::time::Instant;

use tokio::sync::{SetOnce, watch};
use totals_core::boot::{Begun, Process, StartError};
use totals_core::runtime::config::Source;
use totals_core::runtime::http::serve;
use totals_core::store::Store;

use crate::broker::connection::Address;
use crate::config::WorkerConfig;
use crate::consume::consumer::Worker;
use crate::consume::context::{BrokerState, Context};
use crate::http::{self, Reported};
use crate::metrics::Metrics;
use crate::queue_lengths::QueueLengths;
use crate::stall::StallWatch;

/// Consumes until the process is told to stop.
///
/// # Errors
/// [`StartError`], as one line for the operator.
pub fn boot() -> Result<(), StartError> {
    let begun = Begun::now()?;
    let source = Source::load()?;
    let config = WorkerConfig::read(&source)?;
    let address = Address::parse(&config.broker.urls)?;
    let (listener, telemetry) = (config.http.clone(), config.telemetry.clone());
    begun.run("totals-worker", &source, (&listener, &telemetry), |process| {
        run(config, address, process)
    })
}

/// Consumes and reports until the shutdown. It reports also while the database cannot be opened.
async fn run(config: WorkerConfig, address: Address, process: Process) -> Result<(), StartError> {
    let shutdown = process.shutdown;
    let opening = Store::open_or_wait(&config.database, "totals-worker")
        .await
        .map_err(StartError::Database)?;
    let mut metrics = Metrics::default();
    metrics.report_log(process.dropped_lines);
    let (metrics, stalls) = (Arc::new(metrics), StallWatch::default());
    let (state, broker) = watch::channel(BrokerState::NotConsuming("starting".to_owned()));
    let opened = Arc::<SetOnce<Store>>::default();
    let router = http::router(Reported {
        store: opened.clone(),
        broker,
        stalls: stalls.clone(),
        metrics: metrics.clone(),
        started: Instant::now(),
        shutdown: shutdown.clone(),
    });
    let lengths = QueueLengths {
        address: address.clone(),
        config: config.broker.clone(),
        metrics: metrics.clone(),
    };
    let consuming = async {
        let store = tokio::select! {
            store = opening => store.counting_by(config.amounts),
            () = shutdown.soft.cancelled() => return,
        };
        // Cannot fail: it is set here alone.
        let _ = opened.set(store.clone());
        let context = Context {
            config,
            address,
            store,
            metrics,
            stalls,
        };
        let worker = Worker {
            context,
            state,
            told: Once::new(),
        };
        worker.run(&shutdown).await;
    };
    tokio::join!(
        consuming,
        serve(process.listener, router, &shutdown),
        lengths.follow(&shutdown)
    );
    Ok(())
}

//! Traces that do not reach the collector, as one line in the log: the SDK would write one for every attempt.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// An exporter whose failures are logged when they begin, and their end as well.
#[derive(Debug)]
pub struct ReportingExporter<E> {
    exporter: E,
    failing: AtomicBool,
}

impl<E> ReportingExporter<E> {
    /// Reports the failures of `exporter`.
    pub fn new(exporter: E) -> Self {
        Self {
            exporter,
            failing: AtomicBool::new(false),
        }
    }
}

impl<E: SpanExporter> SpanExporter for ReportingExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.exporter.export(batch).await;
        let failing = outcome.is_err();
        match (&outcome, self.failing.swap(failing, Ordering::Relaxed)) {
            (Err(error), false) => tracing::warn!(
                %error,
                "traces do not reach the collector and are dropped; check that it runs, and OTEL_EXPORTER_OTLP_ENDPOINT"
            ),
            (Ok(()), true) => tracing::info!("traces reach the collector again"),
            (Err(_), true) | (Ok(()), false) => {}
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

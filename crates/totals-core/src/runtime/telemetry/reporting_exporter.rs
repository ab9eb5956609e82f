//! Traces that do not reach the collector, as one line in the log that says why and what to do.
//!
//! The SDK would write a line for every attempt and keep the cause to itself. So the exporter looks once for itself, whenever
//! it is about to write a line, whether anybody listens at the collector's address.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use parking_lot::Mutex;

use crate::runtime::config::{OtlpProtocol, TracesConfig};

/// How long it is silent about a collector that goes on failing.
const BETWEEN_LINES: Duration = Duration::from_mins(10);

/// How long the look at the collector's address may take.
const LOOK: Duration = Duration::from_secs(1);

/// An exporter whose failures are logged when they begin, now and then while they last, and when they end.
#[derive(Debug)]
pub struct ReportingExporter<E> {
    exporter: E,
    collector: Collector,
    failing: Mutex<Failing>,
}

impl<E> ReportingExporter<E> {
    /// Reports the failures of `exporter`, which sends to the collector of `traces`.
    pub fn new(exporter: E, traces: &TracesConfig) -> Self {
        let uri = &traces.endpoint;
        let default = if uri.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        Self {
            exporter,
            collector: Collector {
                host: uri.host().unwrap_or_default().to_owned(),
                port: uri.port_u16().unwrap_or(default),
                protocol: traces.protocol,
                variable: traces.endpoint_variable,
            },
            failing: Mutex::default(),
        }
    }
}

impl<E: SpanExporter> SpanExporter for ReportingExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.exporter.export(batch).await;
        if let Err(error) = &outcome {
            let due = self.failing.lock().failed(Instant::now());
            if due {
                self.collector.report(error);
            }
        } else {
            let recovered = self.failing.lock().succeeded();
            if recovered {
                tracing::info!("traces reach the collector again");
            }
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

/// Since when there has been nothing but failures: the moment of the last line about them.
#[derive(Debug, Default)]
struct Failing(Option<Instant>);

impl Failing {
    /// Notes a failure; returns true if it is time for a line.
    fn failed(&mut self, now: Instant) -> bool {
        let due = self
            .0
            .is_none_or(|told| now.duration_since(told) >= BETWEEN_LINES);
        if due {
            self.0 = Some(now);
        }
        due
    }

    /// Notes a success; returns true if it is the first one after failures.
    fn succeeded(&mut self) -> bool {
        self.0.take().is_some()
    }
}

/// Where traces should arrive.
#[derive(Debug)]
struct Collector {
    host: String,
    port: u16,
    protocol: OtlpProtocol,
    variable: &'static str,
}

impl Collector {
    fn report(&self, error: &OTelSdkError) {
        let (cause, remedy) = self.cause(&error.to_string());
        tracing::warn!(
            cause, remedy, %error, collector = format!("{}:{}", self.host, self.port),
            "traces do not reach the collector and are dropped"
        );
    }

    /// Why traces do not arrive, and what to do.
    fn cause(&self, error: &str) -> (String, String) {
        let (protocol, other) = (self.protocol.as_str(), self.protocol.other().as_str());
        if let Err(error) = self.connect() {
            let remedy = format!("start it, or correct {}", self.variable);
            return (format!("nobody can be reached there: {error}"), remedy);
        }
        if self.protocol.is_answer(error) {
            let remedy = format!(
                "look into the collector's log, and check OTEL_EXPORTER_OTLP_HEADERS and the path in {}",
                self.variable
            );
            return (format!("it refuses them, in {protocol}"), remedy);
        }
        (
            format!("it takes connections, and gives no answer in {protocol}"),
            format!(
                "if it speaks {other}, set OTEL_EXPORTER_OTLP_PROTOCOL={other}; if it needs TLS, write https:// in {}",
                self.variable
            ),
        )
    }

    fn connect(&self) -> io::Result<()> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let mut outcome = Err(io::ErrorKind::NotFound.into());
        for address in (host, self.port).to_socket_addrs()? {
            outcome = TcpStream::connect_timeout(&address, LOOK).map(drop);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

impl OtlpProtocol {
    /// Returns true if this error of the exporter is an answer of a collector that speaks the protocol.
    fn is_answer(self, error: &str) -> bool {
        match self {
            Self::Http => error.contains("status code"),
            // A status that came over the network has no cause on this side. Every collector knows the method.
            Self::Grpc => error
                .split_once("gRPC code: ")
                .is_some_and(|(_, status)| !status.contains(':') && !status.starts_with("Unimplemented")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_goes_on_is_told_of_now_and_then_and_so_is_its_end() {
        let (mut failing, start) = (Failing::default(), Instant::now());
        assert!(!failing.succeeded(), "nothing has failed");
        assert!(failing.failed(start));
        assert!(!failing.failed(start + BETWEEN_LINES / 2));
        assert!(failing.failed(start + BETWEEN_LINES));
        assert!(!failing.failed(start + BETWEEN_LINES * 3 / 2));
        assert!(failing.succeeded() && !failing.succeeded());
        assert!(failing.failed(start + BETWEEN_LINES * 2));
    }
}

//! Logs (a service's to standard output, a command's to standard error) and, when a collector is configured, traces
//! over OTLP.
//!
//! A service's lines go through a queue, so that the service never waits for the reader of its log ([`log_queue`]). A
//! command's lines go straight to standard error: nobody waits for an answer meanwhile, and no line may be missing.
//!
//! Unless a collector is configured, no exporter exists: the SDK's own default would try localhost for ever.

mod line;
mod log_queue;
mod reporting_exporter;
mod traces;

use std::fs::File;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::config::{self, LogFormat, LogStream};
use super::terminal::{LogLine, LogWriter};
use line::Identified;
pub use log_queue::DroppedLines;
use log_queue::LogQueue;

/// How long the end of the process waits for the last lines of the log to be read.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The exporter refuses its configuration.
    #[error("traces cannot be exported: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Standard output cannot be written to by a thread of its own.
    #[error("standard output cannot be used: {0}")]
    Output(#[from] std::io::Error),
    /// Logging is already set up.
    #[error("logging cannot start")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
    /// The level was checked when the configuration was read; this is a defect.
    #[error("LOG_LEVEL cannot be used")]
    Level(#[from] tracing_subscriber::filter::ParseError),
}

/// Telemetry in operation; [`Telemetry::shutdown`] sends what is still buffered. Dropped, it waits until the lines
/// logged so far are written, for a second at most.
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
    lines: LogQueue,
}

impl Telemetry {
    /// Starts logging, and exporting if configured, for the binary called `binary`.
    ///
    /// # Errors
    /// [`TelemetryError`], before anything could be logged: print it.
    pub fn start(binary: &'static str, config: &config::TelemetryConfig) -> Result<Self, TelemetryError> {
        let service_name = config.service_name.as_deref().unwrap_or(binary);
        let provider = config
            .traces
            .as_ref()
            .map(|traces| traces::provider(service_name.to_owned(), traces))
            .transpose()?;
        let traces = provider.as_ref().map(|provider| {
            opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
            // Spans of our own: the driver's and the HTTP stack's would bury them.
            let ours = Targets::new().with_target("totals", LevelFilter::INFO);
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer(binary))
                .with_filter(ours)
        });
        let ansi = match config.stream {
            LogStream::Stdout => std::io::stdout().is_terminal(),
            LogStream::Stderr => std::io::stderr().is_terminal(),
        };
        let line = match config.format {
            LogFormat::Json => LogLine::Json,
            LogFormat::Pretty => LogLine::Text { ansi },
        };
        let (queue, writer) = match config.stream {
            LogStream::Stdout => {
                // Past the standard library's buffer and its lock.
                let output = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
                let queue = LogQueue::start(output)?;
                let writer = queue.clone();
                let writer = BoxMakeWriter::new(move || LogWriter::new(writer.clone(), line));
                (queue, writer)
            }
            LogStream::Stderr => (
                LogQueue::default(),
                BoxMakeWriter::new(move || LogWriter::new(std::io::stderr(), line)),
            ),
        };
        // It would tell a failed write with `eprintln!`, which panics if standard error is what failed.
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(writer)
            .log_internal_errors(false);
        let format = config.format;
        let lines = match format {
            LogFormat::Json => lines
                .json()
                .flatten_event(true)
                .map_event_format(|inner| Identified::new(inner, format, service_name))
                .boxed(),
            LogFormat::Pretty => lines
                .with_ansi(ansi)
                .map_event_format(|inner| Identified::new(inner.with_ansi(ansi), format, service_name))
                .boxed(),
        };
        tracing_subscriber::registry()
            .with(traces)
            .with(lines.with_filter(EnvFilter::try_new(&config.level)?))
            .try_init()?;
        Ok(Self {
            provider,
            lines: queue,
        })
    }

    /// How many lines of the log nobody read in time.
    pub fn dropped_lines(&self) -> DroppedLines {
        self.lines.dropped()
    }

    /// Sends what is buffered and stops exporting; waits at most a few seconds for the collector.
    pub async fn shutdown(mut self) {
        let Some(provider) = self.provider.take() else {
            return;
        };
        // The SDK blocks while it waits for its exporting thread.
        let stopped = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "the last traces may not have reached the collector");
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.lines.flush(LAST_LINES);
    }
}

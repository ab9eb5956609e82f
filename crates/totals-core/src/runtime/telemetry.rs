//! Logs (a service's to standard output, a command's to standard error) and, when a collector is configured, traces
//! over OTLP.
//!
//! Without `OTEL_EXPORTER_OTLP_ENDPOINT` no exporter exists: the SDK's own default would try localhost for ever.

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::config::{self, LogFormat, LogStream};
use super::terminal::{LogLine, LogWriter};

/// Links one span may carry: a batch span has one for each of its events.
const MAX_LINKS_PER_SPAN: u32 = 10_000;

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The exporter refuses its configuration.
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Logging is already set up.
    #[error("logging cannot start")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
    /// The level was checked when the configuration was read; this is a defect.
    #[error("LOG_LEVEL cannot be used")]
    Level(#[from] tracing_subscriber::filter::ParseError),
}

/// Telemetry in operation; [`Telemetry::shutdown`] sends what is still buffered.
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts logging, and exporting if configured, for the process called `service_name`.
    ///
    /// # Errors
    /// [`TelemetryError`], before anything could be logged: print it.
    pub fn start(service_name: &'static str, config: &config::Telemetry) -> Result<Self, TelemetryError> {
        let provider = config
            .otlp_endpoint
            .as_deref()
            .map(|url| provider(service_name, url))
            .transpose()?;
        let traces = provider.as_ref().map(|provider| {
            opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
            // Spans of our own: the driver's and the HTTP stack's would bury them.
            let ours = Targets::new().with_target("totals", LevelFilter::INFO);
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer(service_name))
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
        let writer = match config.stream {
            LogStream::Stdout => BoxMakeWriter::new(move || LogWriter::new(std::io::stdout(), line)),
            LogStream::Stderr => BoxMakeWriter::new(move || LogWriter::new(std::io::stderr(), line)),
        };
        let lines = tracing_subscriber::fmt::layer().with_writer(writer);
        let lines = match config.format {
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
            LogFormat::Pretty => lines.with_ansi(ansi).boxed(),
        };
        tracing_subscriber::registry()
            .with(traces)
            .with(lines.with_filter(EnvFilter::try_new(&config.level)?))
            .try_init()?;
        Ok(Self { provider })
    }

    /// Sends what is buffered and stops exporting; waits at most a few seconds for the collector.
    pub async fn shutdown(self) {
        let Some(provider) = self.provider else { return };
        // The SDK blocks while it waits for its exporting thread.
        let stopped = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "the last traces may not have reached the collector");
        }
    }
}

fn provider(service_name: &'static str, endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    // The exporter's HTTP client takes the process's TLS provider. An error means that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()?;
    Ok(SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name(service_name).build())
        .with_max_links_per_span(MAX_LINKS_PER_SPAN)
        .with_batch_exporter(exporter)
        .build())
}

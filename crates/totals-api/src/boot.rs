//! The start and stop of the process, one announced step after another.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;

use tokio::net::TcpListener;
use totals_core::runtime::config::{ConfigError, Http, Source};
use totals_core::runtime::lifecycle::{GRACE, Shutdown};
use totals_core::runtime::telemetry::{Telemetry, TelemetryError};

use crate::database::Database;
use crate::serve::serve;
use crate::state::AppState;
use crate::{openapi, router};

/// Why the process cannot start, as one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A variable has a value that is not allowed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Logs or traces cannot start.
    #[error("logs or traces cannot start: {0}")]
    Telemetry(#[from] TelemetryError),
    /// Something else listens there.
    #[error(
        "port {0} is in use: stop what listens there (`ss -ltnp 'sport = :{0}'` names it), or set PORT to another \
         port (0 takes any free one)"
    )]
    PortTaken(u16),
    /// The address cannot be listened on.
    #[error("cannot listen on {address} ({source}): check HOST and PORT")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The signal handlers cannot be installed.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
    /// The document cannot be printed.
    #[error("cannot print the OpenAPI document: {0}")]
    Print(std::io::Error),
}

impl BootError {
    /// 2 for what the operator wrote, as command lines do; 1 for what the machine refuses.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Telemetry(_) => ExitCode::from(2),
            Self::PortTaken(_) | Self::Listen { .. } | Self::Signals(_) | Self::Print(_) => ExitCode::FAILURE,
        }
    }
}

/// Serves until the process is told to stop. The database may come and go: that is /health's to say.
pub async fn run() -> Result<(), BootError> {
    let config = Source::load()?.api()?;
    let telemetry = Telemetry::start("totals-api", &config.telemetry)?;
    let shutdown = Shutdown::on_signals(GRACE).map_err(BootError::Signals)?;
    let listener = listen(&config.http).await?;
    let address = listener.local_addr().map_err(BootError::Signals)?;

    let database = Database::open(config.database);
    let state = AppState::new(database, config.currency, &openapi::document());
    let traced = config.telemetry.otlp_endpoint.is_some();
    tracing::info!(address = %format_args!("http://{address}"), "listening");

    serve(listener, router::router(state, traced), &shutdown).await;
    tracing::info!("stopped");
    telemetry.shutdown().await;
    Ok(())
}

async fn listen(config: &Http) -> Result<TcpListener, BootError> {
    let address = SocketAddr::new(config.host, config.port);
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            ErrorKind::AddrInUse => BootError::PortTaken(config.port),
            _ => BootError::Listen { address, source },
        })
}

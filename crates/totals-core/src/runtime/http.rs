//! The HTTP listener of both binaries: opened, and served until the process is told to stop.
//!
//! `axum::serve` would do, but it lets a client hold a connection for ever with half a request, and it waits for
//! ever for the last answer at the end.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use super::config;
use super::lifecycle::Shutdown;

/// How long a connection may wait for its next whole request head: above the 60 s for which load balancers commonly
/// keep an idle connection, so that it is they who close it and no request races with our closing.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// Why nothing can be served, as one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Something else listens there.
    #[error(
        "port {port} is in use: stop what listens there (`ss -ltnp 'sport = :{port}'` names it), or set {variable} to \
         another port (0 takes any free one)"
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// The variable that sets it.
        variable: &'static str,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address} ({error}): check HOST and {variable}")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
        /// The variable that sets the port.
        variable: &'static str,
    },
}

/// Opens the listener, and logs its address.
///
/// # Errors
/// [`ListenError`] if the port is taken or the address is not this machine's.
pub async fn listen(config: &config::Http) -> Result<TcpListener, ListenError> {
    let (address, variable) = (SocketAddr::new(config.host, config.port), config.port_variable);
    let opened = async {
        let listener = TcpListener::bind(address).await?;
        tracing::info!(
            address = format!("http://{}", listener.local_addr()?),
            "listening"
        );
        Ok(listener)
    };
    opened.await.map_err(|error: std::io::Error| match error.kind() {
        ErrorKind::AddrInUse => ListenError::PortTaken {
            port: config.port,
            variable,
        },
        _ => ListenError::Refused {
            address,
            error,
            variable,
        },
    })
}

/// Serves `router` until the soft shutdown, then finishes what is under way, at most until the hard one.
pub async fn serve(mut listener: TcpListener, router: Router, shutdown: &Shutdown) {
    let connections = GracefulShutdown::new();
    loop {
        let (stream, _) = tokio::select! {
            // Unlike the inherent method it survives a lack of file descriptors: it waits and tries again.
            accepted = Listener::accept(&mut listener) => accepted,
            () = shutdown.soft.cancelled() => break,
        };
        attend(stream, router.clone(), &connections);
    }
    // Nobody waits in its queue for an answer that will not come.
    drop(listener);
    tokio::select! {
        () = connections.shutdown() => {}
        () = shutdown.hard.cancelled() => tracing::warn!("requests were cut off"),
    }
}

fn attend(stream: TcpStream, router: Router, connections: &GracefulShutdown) {
    // Answers are small and whole: waiting to fill a packet only delays them. It fails on a dead connection only.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    let connection = builder
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .into_owned();
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error, "a connection ended early");
        }
    });
}

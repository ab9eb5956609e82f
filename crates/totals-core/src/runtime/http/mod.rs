//! The HTTP server of both binaries, which serves until the process is told to stop.
//!
//! Rejected: `axum::serve`. It lets a client hold a connection for ever with half a request, or with an answer that the client
//! never reads, and at the end it waits for ever for such clients. Here a connection has to bring a request and take its answer,
//! each within its time ([`connection`], [`listener`]), and the hard shutdown ends whatever is still open. Limits on the
//! requests themselves are the router's task. HTTP/1.1 and, for proxies, HTTP/2 without TLS come in by the same port.

mod connection;
mod host;
mod listener;
mod write_activity;

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::Service;

use connection::TIMEOUTS;
pub use host::names_its_host;
pub use listener::{ListenError, listen};

use super::lifecycle::Shutdown;

/// Serves `router` until the soft shutdown, then finishes what is under way, at most until the hard one. No
/// connection outlives the call.
pub async fn serve(listener: TcpListener, router: Router, shutdown: &Shutdown) {
    let router = router.layer(from_fn(async |request: Request, next: Next| {
        if names_its_host(&request) {
            next.run(request).await
        } else {
            StatusCode::BAD_REQUEST.into_response()
        }
    }));
    serve_with(listener, router, |_| {}, shutdown).await;
}

/// [`serve`] for any service that answers every request, also one that does not [name its host](names_its_host). The
/// service must always be ready, as axum's routers are. `refused` is told the bare status with which a connection has
/// answered what is no request.
pub async fn serve_with<S>(
    mut listener: TcpListener,
    service: S,
    refused: impl Fn(StatusCode) + Clone + Send + Sync + 'static,
    shutdown: &Shutdown,
) where
    S: Service<hyper::Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let max = listener::max_connections();
    loop {
        let (stream, _) = tokio::select! {
            // Unlike the inherent method, axum's survives a lack of file descriptors: it waits and tries again. Connections
            // beyond the maximum wait in the listener's queue.
            accepted = Listener::accept(&mut listener), if connections.len() < max => accepted,
            // A panic has been printed, and took only its own connection with it.
            Some(_) = connections.join_next() => continue,
            () = shutdown.soft.cancelled() => break,
        };
        let (soft, refused) = (shutdown.soft.clone(), refused.clone());
        let served =
            connection::serve_connection(stream, service.clone(), graceful.watcher(), soft, TIMEOUTS);
        connections.spawn(async move {
            if let Some(status) = served.await {
                refused(status);
            }
        });
    }
    // No client shall wait in its queue for an answer that will not come.
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = shutdown.hard.cancelled() => tracing::warn!("requests were cut off"),
    }
    connections.shutdown().await;
}

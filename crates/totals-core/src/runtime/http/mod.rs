//! The HTTP server of both binaries: opened, and served until the process is told to stop.
//!
//! `axum::serve` would do among friends. It lets a client hold a connection for ever with half a request or with an
//! answer that it never reads, and it waits for ever for the last of them at the end. Here a connection has
//! to bring a request and to take its answer, each within its time ([`connection`], [`listener`]), and the end comes
//! with the hard shutdown, whatever is still open. What a request may ask and how long that may take is the
//! router's to say.

mod connection;
mod host;
mod listener;
mod write_activity;

use std::convert::Infallible;
use std::future::ready;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use futures::future::Either;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use connection::TIMEOUTS;
pub use host::names_its_host;
pub use listener::{ListenError, listen};

use super::lifecycle::Shutdown;

/// Serves `router` until the soft shutdown, then finishes what is under way, at most until the hard one. No
/// connection outlives the call.
pub async fn serve(listener: TcpListener, router: Router, shutdown: &Shutdown) {
    let router = TowerToHyperService::new(router);
    let answer = move |request| {
        if names_its_host(&request) {
            Either::Left(router.call(request))
        } else {
            Either::Right(ready(Ok(StatusCode::BAD_REQUEST.into_response())))
        }
    };
    serve_with(listener, answer, shutdown).await;
}

/// [`serve`] for whatever has an answer to each request, also to one that does not [name its host](names_its_host).
pub async fn serve_with<A, F>(mut listener: TcpListener, answer: A, shutdown: &Shutdown)
where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response, Infallible>> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let most = listener::most_connections();
    loop {
        let (stream, _) = tokio::select! {
            // Unlike the inherent method it survives a lack of file descriptors: it waits and tries again. Those for
            // whom there is no place wait in the listener's queue.
            accepted = Listener::accept(&mut listener), if connections.len() < most => accepted,
            // What has ended is forgotten. A panic has been printed and took one connection with it.
            Some(_) = connections.join_next() => continue,
            () = shutdown.soft.cancelled() => break,
        };
        let soft = shutdown.soft.clone();
        let served = connection::serve_connection(stream, answer.clone(), graceful.watcher(), soft, TIMEOUTS);
        connections.spawn(served);
    }
    // Nobody waits in its queue for an answer that will not come.
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = shutdown.hard.cancelled() => tracing::warn!("requests were cut off"),
    }
    connections.shutdown().await;
}

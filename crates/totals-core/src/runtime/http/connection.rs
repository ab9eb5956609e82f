//! One connection, from its first byte to its last.

mod http2;
mod protocol;

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tower::Service;

use self::protocol::Protocol;
use super::write_activity::{TrackedStream, owed};

/// How long a connection may take to bring the whole head of a request.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the first request.
    first_head: Duration,
    /// For the next request, at least; at most twice as long.
    next_head: Duration,
}

/// Load balancers commonly keep an idle connection for 60 s. The next head may take longer, so that the balancer closes the
/// connection, and no request of it meets our closing.
pub const TIMEOUTS: Timeouts = Timeouts {
    first_head: Duration::from_secs(10),
    next_head: Duration::from_secs(75),
};

/// The largest request head that is parsed, and the most that HTTP/1.1 reads or writes ahead, in bytes. Beyond it hyper refuses
/// a request with a bare status; a router may refuse a smaller one with a proper answer.
const MAX_HEAD_BYTES: u32 = 32 * 1024;

/// Serves one connection until either side ends it, or `soft` is cancelled while nothing is under way. Returns the bare status
/// that hyper has answered with, if it took what came for no request.
pub async fn serve_connection<S>(
    stream: TcpStream,
    service: S,
    watcher: Watcher,
    soft: CancellationToken,
    timeouts: Timeouts,
) -> Option<StatusCode>
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    let deadline = Instant::now() + timeouts.first_head;
    // Answers are small and whole, so waiting to fill a packet only delays them. It fails on a dead connection only.
    let _ = stream.set_nodelay(true);
    let protocol = tokio::select! {
        biased;
        begun = protocol::begun(&stream, deadline) => begun?,
        () = soft.cancelled() => return None,
    };
    if protocol == Protocol::Http2 {
        // In a box: every connection of HTTP/1.1 would have room for one of these.
        Box::pin(http2::serve(stream, service, watcher, soft, timeouts, deadline)).await;
        return None;
    }

    let (stream, activity) = TrackedStream::new(stream);
    let service = service_fn({
        // hyper has only a shared reference to it, and a clone for each request would cost all the reference counts in it.
        let (service, activity) = (RefCell::new(service), activity.clone());
        move |request| {
            activity.begin();
            let (answering, activity) = (service.borrow_mut().call(request), activity.clone());
            async move { answering.await.map(|answer| owed(answer, activity)) }
        }
    });
    let connection = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES as usize)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(watcher.watch(connection));

    // The connection's end, or `None` once there is a request. From then on the soft shutdown is the watcher's concern, and
    // selecting on it here would cost every answer.
    let first_request = poll_fn(|context| match connection.as_mut().poll(context) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        Poll::Pending if activity.requested.load(Ordering::Relaxed) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    let mut ended = tokio::select! {
        // A request that is here already is answered.
        biased;
        first = timeout_at(deadline, first_request) => first.transpose(),
        // A shutdown does not wait for the rest of a request.
        () = soft.cancelled() => return None,
    };
    while ended.is_none() {
        ended = match timeout(timeouts.next_head, &mut connection).await {
            // A request counts as much as what is written: its answer may take longer.
            Err(_elapsed) if activity.take() => None,
            ended => Some(ended),
        };
    }
    match ended {
        None | Some(Ok(Ok(()))) => None,
        Some(Ok(Err(error))) => {
            tracing::debug!(%error, "a connection ended early");
            refusal(&error)
        }
        Some(Err(_elapsed)) => {
            tracing::debug!("a connection brought no request in time");
            None
        }
    }
}

/// What hyper answers to a head that it cannot parse.
fn refusal(error: &hyper::Error) -> Option<StatusCode> {
    if error.is_parse_too_large() {
        Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else {
        error.is_parse().then_some(StatusCode::BAD_REQUEST)
    }
}

#[cfg(test)]
mod tests;

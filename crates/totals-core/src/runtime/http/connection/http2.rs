//! A connection of HTTP/2 without TLS, as proxies open it: many requests at once, each a stream of its own.
//!
//! Its time is kept as that of HTTP/1.1, with one difference. What is written there is an answer; here it may be the echo of a
//! client's ping, and a client that pings needs no answer. So only requests and parts of answers count. A part is taken from its
//! answer when the client has made room for it.
//!
//! Rapid resets and other floods of frames are h2's concern, which counts them and ends the connection.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::Request;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::super::write_activity::Activity;
use super::{MAX_HEAD_BYTES, Timeouts};

/// The most requests of one connection that are under way at once. A proxy with more, or with more watchers, opens another
/// connection.
const MAX_CONCURRENT_STREAMS: u32 = 250;

/// The most of one answer that waits for its client, in bytes, beyond the part that was taken last. With h2's own default
/// (400 KB) a client that never reads would have the connection hold 100 MB.
const MAX_UNSENT_BYTES: usize = 16 * 1024;

/// How much of all bodies together a client may send unasked, in bytes: no route reads one.
const WINDOW_BYTES: u32 = 64 * 1024 - 1;

/// Serves one connection until either side ends it. From the soft shutdown on it takes no new request, and ends with the last
/// answer. `deadline` is that of the first request.
pub async fn serve<S>(
    stream: TcpStream,
    service: S,
    watcher: Watcher,
    soft: CancellationToken,
    timeouts: Timeouts,
    deadline: Instant,
) where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    let activity = Arc::<Activity>::default();
    let service = service_fn({
        let (service, activity) = (RefCell::new(service), activity.clone());
        move |request| {
            activity.begin();
            let (answering, activity) = (service.borrow_mut().call(request), activity.clone());
            async move { answering.await.map(|answer| flowing(answer, activity)) }
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES)
        .max_send_buf_size(MAX_UNSENT_BYTES)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut is_closing = false;
    let mut until = deadline;
    loop {
        tokio::select! {
            biased;
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                break;
            }
            () = soft.cancelled(), if !is_closing => {
                connection.as_mut().graceful_shutdown();
                is_closing = true;
            }
            () = sleep_until(until) => {
                let is_used = activity.take();
                if !is_used && (is_closing || until == deadline) {
                    tracing::debug!("a connection brought no request in time");
                    break;
                }
                if !is_used {
                    // The client learns which requests were not taken, so that it can send them elsewhere.
                    connection.as_mut().graceful_shutdown();
                    is_closing = true;
                }
                let window = if is_closing { timeouts.first_head } else { timeouts.next_head };
                until = Instant::now() + window;
            }
        }
    }
    // The end of the server waits for all that hold one.
    drop(watcher);
}

/// An answer that notes each part that is taken from it.
fn flowing(answer: Response, activity: Arc<Activity>) -> hyper::Response<FlowingBody> {
    answer.map(|body| FlowingBody { body, activity })
}

struct FlowingBody {
    body: Body,
    activity: Arc<Activity>,
}

impl HttpBody for FlowingBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_ready() {
            self.activity.wrote.store(true, Ordering::Relaxed);
        }
        frame.map_err(axum::Error::into_inner)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;

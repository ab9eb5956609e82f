//! One connection, from its first byte to its last.

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

/// The largest request head that is parsed, and the most that is read or written ahead, in bytes. Beyond it hyper refuses a
/// request with a bare status; a router may refuse a smaller one with a proper answer.
const MAX_HEAD_BYTES: usize = 32 * 1024;

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
{
    let deadline = Instant::now() + timeouts.first_head;
    // Answers are small and whole, so waiting to fill a packet only delays them. It fails on a dead connection only.
    let _ = stream.set_nodelay(true);
    tokio::select! {
        biased;
        has_begun = has_begun(&stream, deadline) => if !has_begun { return None },
        () = soft.cancelled() => return None,
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
        .max_buf_size(MAX_HEAD_BYTES)
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

/// Returns true if the first byte comes before the deadline. Until then a connection costs a socket and a timer; hyper takes
/// 16 KiB for its buffers. (`readable` would not do: to Tokio a socket that was just accepted is readable.)
async fn has_begun(stream: &TcpStream, deadline: Instant) -> bool {
    let peeked = timeout_at(deadline, stream.peek(&mut [0])).await;
    matches!(peeked, Ok(Ok(1)))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use futures::{StreamExt, stream};
    use hyper_util::server::graceful::GracefulShutdown;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    /// A connection to `router` that has sent `request`, with little timeouts at the other end.
    async fn connected(router: Router, request: &str) -> TcpStream {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let timeouts = Timeouts {
            first_head: SHORT,
            next_head: SHORT,
        };
        tokio::spawn(async move {
            // As long as the connection: its end would be a shutdown.
            let graceful = GracefulShutdown::new();
            let soft = CancellationToken::new();
            serve_connection(server, router, graceful.watcher(), soft, timeouts).await;
            drop(graceful);
        });
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }

    /// What comes until the connection is closed, if it is within so many times the timeouts.
    async fn until_closed(client: &mut TcpStream, times: u32) -> (String, bool) {
        let mut received = Vec::new();
        let reading = async { while matches!(client.read_buf(&mut received).await, Ok(1..)) {} };
        let closed = timeout(SHORT * times, reading).await.is_ok();
        (String::from_utf8_lossy(&received).into_owned(), closed)
    }

    #[tokio::test]
    async fn an_idle_connection_is_kept_for_a_while_and_then_closed() {
        let router = Router::new().route("/", get(async || "here"));
        let mut client = connected(router, "GET / HTTP/1.1\r\n\r\n").await;
        let (answer, closed) = until_closed(&mut client, 1).await;
        assert!(answer.ends_with("here") && !closed, "{answer} {closed}");
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let (answer, closed) = until_closed(&mut client, 50).await;
        assert!(answer.ends_with("here") && closed, "{answer} {closed}");
    }

    #[tokio::test]
    async fn half_a_head_is_not_waited_for() {
        let mut client = connected(Router::new(), "GET / HT").await;
        assert!(until_closed(&mut client, 50).await.1);
    }

    #[tokio::test]
    async fn a_stream_lives_as_long_as_it_says_something() {
        let beats = || {
            let beats = stream::iter(0..20).then(async |beat| {
                tokio::time::sleep(SHORT / 4).await;
                Ok::<_, Infallible>(Bytes::from(format!("<{beat}>")))
            });
            async move { Body::from_stream(beats) }
        };
        let router = Router::new().route("/", get(beats));
        let mut client = connected(router, "GET / HTTP/1.1\r\nconnection: close\r\n\r\n").await;
        let (answer, _) = until_closed(&mut client, 50).await;
        assert!(answer.contains("<19>"), "{answer}");
    }

    #[tokio::test]
    async fn who_has_nothing_more_to_say_is_answered_in_full_and_then_closed() {
        let slow = async || {
            tokio::time::sleep(SHORT / 2).await;
            "late".repeat(1 << 20)
        };
        let router = Router::new()
            .route("/slow", get(slow))
            .route("/", get(async || "here"));
        let requests = "GET /slow HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        let mut client = connected(router, requests).await;
        client.shutdown().await.unwrap();
        let (answers, closed) = until_closed(&mut client, 50).await;
        assert_eq!(answers.matches("late").count(), 1 << 20);
        assert!(answers.ends_with("here"), "{}", &answers[answers.len() - 300..]);
        assert!(closed);
    }

    #[tokio::test]
    async fn a_stream_ends_when_its_client_has_gone() {
        let (ended, mut end) = tokio::sync::mpsc::channel::<()>(1);
        let endless = move || {
            let ended = ended.clone();
            let hello = stream::iter([Ok::<_, Infallible>("hello")]);
            let silence = stream::pending().inspect(move |_| drop(ended.clone()));
            async move { Body::from_stream(hello.chain(silence)) }
        };
        let router = Router::new().route("/", get(endless));
        let mut client = connected(router, "GET / HTTP/1.1\r\n\r\n").await;
        client.shutdown().await.unwrap();
        let (answer, closed) = until_closed(&mut client, 50).await;
        assert!(answer.contains("hello") && closed, "{answer} {closed}");
        drop(client);
        assert_eq!(
            timeout(SHORT * 50, end.recv()).await,
            Ok(None),
            "nothing of it is left"
        );
    }

    #[tokio::test]
    async fn an_answer_that_takes_longer_than_a_head_may_is_waited_for() {
        let slow = async || {
            tokio::time::sleep(SHORT * 3 / 2).await;
            "at last"
        };
        let router = Router::new().route("/", get(slow));
        let mut client = connected(router, "GET / HTTP/1.1\r\n\r\n").await;
        let (answer, _) = until_closed(&mut client, 50).await;
        assert!(answer.ends_with("at last"), "{answer}");
    }
}

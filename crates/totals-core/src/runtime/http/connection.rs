//! One connection, from its first byte to its last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::server::graceful::Watcher;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::noted::Noted;

/// How long a new connection may take for its first whole request head.
const FIRST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may wait for its next whole request head, at least; at most twice as long. Above the 60 s for
/// which load balancers commonly keep an idle connection, so that it is they who close it and no request races with our
/// closing.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// The largest request head that is parsed, and the most that is read or written ahead, in bytes. A router may
/// refuse smaller ones with a proper answer; from here on hyper does, with a bare status.
const HEAD_BYTES: usize = 64 * 1024;

/// Serves one connection until either side ends it, or `soft` is cancelled while nothing is under way.
pub async fn attend(stream: TcpStream, router: Router, watcher: Watcher, soft: CancellationToken) {
    let deadline = Instant::now() + FIRST_HEAD_TIMEOUT;
    // Answers are small and whole: waiting to fill a packet only delays them. It fails on a dead connection only.
    let _ = stream.set_nodelay(true);
    // Silence costs a socket and a timer; hyper's buffers, 16 KiB, come with the first byte. (`readable` would not
    // do: to Tokio a socket that was just accepted is readable.)
    let mut first = [0];
    tokio::select! {
        biased;
        peeked = timeout_at(deadline, stream.peek(&mut first)) => if !matches!(peeked, Ok(Ok(1))) { return },
        () = soft.cancelled() => return,
    }

    let begun = Arc::new(AtomicBool::new(false));
    let router = TowerToHyperService::new(router);
    let service = service_fn({
        let begun = begun.clone();
        move |request| {
            begun.store(true, Ordering::Relaxed);
            router.call(request)
        }
    });
    let (stream, wrote) = Noted::new(stream);
    let connection = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .serve_connection(stream, service);
    let mut connection = std::pin::pin!(watcher.watch(connection));

    let mut ended = timeout_at(deadline, &mut connection).await;
    // A request is enough at first: its answer may be under way.
    while ended.is_err() && (begun.swap(false, Ordering::Relaxed) || wrote.swap(false, Ordering::Relaxed)) {
        ended = timeout(HEAD_TIMEOUT, &mut connection).await;
    }
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Err(_elapsed) => tracing::debug!("a connection brought no request in time"),
    }
}

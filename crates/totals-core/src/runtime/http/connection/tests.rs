use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures::{StreamExt, stream};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// The timeouts.
pub const SHORT: Duration = Duration::from_millis(200);

/// A connection to `router` that has sent `request`, with little timeouts at the other end.
async fn connected(router: Router, request: &str) -> TcpStream {
    let mut client = connected_until(CancellationToken::new(), router).await;
    client.write_all(request.as_bytes()).await.unwrap();
    client
}

/// A connection to `router` that lasts until this shutdown, with little timeouts at the other end.
pub async fn connected_until(soft: CancellationToken, router: Router) -> TcpStream {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let timeouts = Timeouts {
        first_head: SHORT,
        next_head: SHORT,
    };
    tokio::spawn(async move {
        // As long as the connection: its end would be a shutdown.
        let graceful = GracefulShutdown::new();
        serve_connection(server, router, graceful.watcher(), soft, timeouts).await;
        drop(graceful);
    });
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

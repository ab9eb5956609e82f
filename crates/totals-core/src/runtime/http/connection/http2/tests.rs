use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use futures::{StreamExt, poll, stream};
use h2::client::{Connection, SendRequest, handshake};
use h2::{Ping, Reason, RecvStream};
use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::protocol::{Protocol, begun};
use super::super::tests::{SHORT, connected_until};
use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

type Sender = SendRequest<Bytes>;

/// A client of `router`, and the task of its connection, which ends as the connection does.
async fn client(soft: &CancellationToken, router: Router) -> (Sender, JoinHandle<Result<(), h2::Error>>) {
    let (sender, connection) = opened(soft, router).await;
    (sender, tokio::spawn(connection))
}

async fn opened(soft: &CancellationToken, router: Router) -> (Sender, Connection<TcpStream, Bytes>) {
    handshake(connected_until(soft.clone(), router).await)
        .await
        .unwrap()
}

async fn ask(sender: &Sender, padding: usize) -> Result<hyper::Response<RecvStream>, h2::Error> {
    let request = Request::get("http://totals/").header("x-padding", "x".repeat(padding));
    let mut sender = sender.clone().ready().await?;
    let (response, _) = sender.send_request(request.body(()).unwrap(), true)?;
    response.await
}

async fn text(response: hyper::Response<RecvStream>) -> String {
    let mut body = response.into_body();
    let mut text = Vec::new();
    while let Some(part) = body.data().await {
        let part = part.unwrap();
        body.flow_control().release_capacity(part.len()).unwrap();
        text.extend_from_slice(&part);
    }
    String::from_utf8(text).unwrap()
}

async fn ends(connection: JoinHandle<Result<(), h2::Error>>) -> Result<(), h2::Error> {
    let ended = timeout(SHORT * 50, connection).await;
    ended.expect("the connection should have ended").unwrap()
}

/// Beats until this is cancelled, and then says "bye".
fn beats_until(end: &CancellationToken) -> Router {
    let end = end.clone();
    let beats = move || {
        let beats = stream::unfold((), async |()| {
            tokio::time::sleep(SHORT / 4).await;
            Some(("beat", ()))
        });
        let bye = stream::iter(["bye"]);
        let body = beats.take_until(end.clone().cancelled_owned()).chain(bye);
        async move { Body::from_stream(body.map(Ok::<_, Infallible>)) }
    };
    Router::new().route("/", get(beats))
}

#[tokio::test]
async fn the_first_bytes_tell_the_protocol_however_they_come() {
    for (sent, expected) in [
        (["P", "RI * HTTP/2.0"], Some(Protocol::Http2)),
        (["PRI", " * HTTP/2.0"], Some(Protocol::Http2)),
        (["PRI *", ""], Some(Protocol::Http2)),
        (["P", "UT / HTTP/1.1"], Some(Protocol::Http1)),
        (["PR", "OPFIND /"], Some(Protocol::Http1)),
        (["G", ""], Some(Protocol::Http1)),
        (["PRI", ""], None),
        (["", ""], None),
    ] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.set_nodelay(true).unwrap();
        let (server, _) = listener.accept().await.unwrap();
        client.write_all(sent[0].as_bytes()).await.unwrap();
        if !sent[0].is_empty() {
            server.peek(&mut [0]).await.unwrap();
        }
        let mut begun = pin!(begun(&server, Instant::now() + SHORT));
        // The first part has been seen, by itself.
        let early = poll!(&mut begun);
        client.write_all(sent[1].as_bytes()).await.unwrap();
        let begun = match early {
            Poll::Ready(begun) => begun,
            Poll::Pending => begun.await,
        };
        assert_eq!(begun, expected, "{sent:?}");
    }
}

#[tokio::test]
async fn a_connection_answers_many_and_is_closed_when_nothing_more_is_asked() {
    let router = Router::new().route("/", get(async || "here"));
    let soft = CancellationToken::new();
    let (sender, connection) = client(&soft, router).await;
    for _ in 0..3 {
        assert_eq!(text(ask(&sender, 0).await.unwrap()).await, "here");
    }
    // In order: the client is told.
    assert!(ends(connection).await.is_ok());
    assert!(ask(&sender, 0).await.is_err());
}

#[tokio::test]
async fn pings_do_not_keep_a_connection() {
    let soft = CancellationToken::new();
    let (sender, mut connection) = opened(&soft, Router::new()).await;
    let mut pings = connection.ping_pong().unwrap();
    let connection = tokio::spawn(connection);
    let pinging = async {
        while pings.ping(Ping::opaque()).await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    };
    let ended = timeout(SHORT * 50, pinging).await;
    ended.expect("a connection that only pings should have ended");
    drop((sender, connection));
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
    let soft = CancellationToken::new();
    let (sender, _connection) = client(&soft, Router::new().route("/", get(beats))).await;
    let text = text(ask(&sender, 0).await.unwrap()).await;
    assert!(text.ends_with("<19>"), "{text}");
}

#[tokio::test]
async fn a_stream_that_is_not_read_does_not_keep_its_connection() {
    let beats = || {
        let beats = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((Ok::<_, Infallible>("x".repeat(1024)), ()))
        });
        async move { Body::from_stream(beats) }
    };
    let soft = CancellationToken::new();
    let (sender, connection) = client(&soft, Router::new().route("/", get(beats))).await;
    let _unread = ask(&sender, 0).await.unwrap();
    let _cut = ends(connection).await;
}

#[tokio::test]
async fn a_shutdown_takes_nothing_new_and_waits_for_what_is_under_way() {
    let (soft, end) = (CancellationToken::new(), CancellationToken::new());
    let (sender, connection) = client(&soft, beats_until(&end)).await;
    let response = ask(&sender, 0).await.unwrap();
    soft.cancel();
    // It may go on with what it has taken before it has read of the shutdown.
    let refused = async { while ask(&sender, 0).await.is_ok() {} };
    timeout(SHORT * 50, refused)
        .await
        .expect("nothing new should be taken");
    end.cancel();
    assert!(text(response).await.ends_with("bye"));
    assert!(ends(connection).await.is_ok());
}

#[tokio::test]
async fn headers_beyond_the_bound_are_refused_and_the_connection_goes_on() {
    let router = Router::new().route("/", get(async || "here"));
    let soft = CancellationToken::new();
    let (sender, _connection) = client(&soft, router).await;
    let refused = ask(&sender, MAX_HEAD_BYTES as usize).await.unwrap();
    assert_eq!(refused.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let fine = ask(&sender, MAX_HEAD_BYTES as usize / 2).await.unwrap();
    assert_eq!(fine.status(), StatusCode::OK);
}

/// A frame of stream `id` without a payload but this one.
fn frame(kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &id.to_be_bytes(), payload];
    head.concat()
}

/// A whole request, for `http://totals/`.
fn request(id: u32) -> Vec<u8> {
    frame(1, 5, id, b"\x82\x86\x84\x41\x06totals")
}

/// Sends this on a new connection to `router`, and looks for a frame of this kind that ends in this error code.
async fn refused(router: Router, sent: &[u8], kind: u8, reason: Reason) -> bool {
    let mut client = connected_until(CancellationToken::new(), router).await;
    client
        .write_all(&[PREFACE, &frame(4, 0, 0, b"")].concat())
        .await
        .unwrap();
    // It may be closed before it has read all.
    let _ = client.write_all(sent).await;
    let mut received = Vec::new();
    let searched = async {
        loop {
            let mut rest = &received[..];
            while let Some((head, after)) = rest.split_at_checked(9) {
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
                let Some((payload, after)) = after.split_at_checked(length) else {
                    break;
                };
                let code = if kind == 7 {
                    payload.get(4..8)
                } else {
                    payload.get(..4)
                };
                if head[3] == kind && code == Some(&u32::from(reason).to_be_bytes()) {
                    return true;
                }
                rest = after;
            }
            if !matches!(client.read_buf(&mut received).await, Ok(1..)) {
                return false;
            }
        }
    };
    timeout(SHORT * 50, searched).await.unwrap_or(false)
}

#[tokio::test]
async fn requests_that_are_taken_back_at_once_end_the_connection() {
    let requests = (0..1_000).map(|number| 2 * number + 1);
    let rapid: Vec<_> = requests
        .flat_map(|id| {
            [
                request(id),
                frame(3, 0, id, &u32::from(Reason::CANCEL).to_be_bytes()),
            ]
        })
        .collect();
    let never = Router::new().route("/", get(std::future::pending::<()>));
    assert!(refused(never, &rapid.concat(), 7, Reason::ENHANCE_YOUR_CALM).await);
}

#[tokio::test]
async fn requests_beyond_the_bound_wait_with_the_client() {
    let never = Router::new().route("/", get(std::future::pending::<()>));
    for (count, expected) in [
        (MAX_CONCURRENT_STREAMS, false),
        (MAX_CONCURRENT_STREAMS + 1, true),
    ] {
        let many: Vec<_> = (0..count).map(|number| request(2 * number + 1)).collect();
        let refused = refused(never.clone(), &many.concat(), 3, Reason::REFUSED_STREAM).await;
        assert_eq!(refused, expected, "{count}");
    }
}

//! HTTP/2 without TLS, which proxies speak to the API: the answers and the limits are those of HTTP/1.1.

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use h2::RecvStream;
use h2::client::{SendRequest, handshake};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{api, expect_good_service};
use crate::harness::{DEADLINE, Process};

type Connection = JoinHandle<Result<(), h2::Error>>;

async fn connect(process: &Process) -> (SendRequest<Bytes>, Connection) {
    let address = process.url.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = handshake(stream).await.unwrap();
    (sender, tokio::spawn(connection))
}

async fn ask(sender: &SendRequest<Bytes>, uri: &str, headers: &[(&str, &str)]) -> Response<RecvStream> {
    let request = headers.iter().fold(Request::get(uri), |request, (name, value)| {
        request.header(*name, *value)
    });
    let mut sender = sender.clone().ready().await.unwrap();
    let (response, _) = sender.send_request(request.body(()).unwrap(), true).unwrap();
    let response = timeout(DEADLINE, response).await;
    response.expect("there should be an answer").unwrap()
}

/// The next part of a body; `None` at its end.
async fn part(body: &mut RecvStream) -> Option<Bytes> {
    let part = timeout(DEADLINE, body.data()).await;
    let part = part.expect("there should be more").transpose().unwrap()?;
    body.flow_control().release_capacity(part.len()).unwrap();
    Some(part)
}

async fn text(response: Response<RecvStream>) -> String {
    let mut body = response.into_body();
    let mut text = Vec::new();
    while let Some(part) = part(&mut body).await {
        text.extend_from_slice(&part);
    }
    String::from_utf8(text).unwrap()
}

/// The status, and the code of the failure.
async fn refusal(response: Response<RecvStream>) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = serde_json::from_str(&text(response).await).unwrap();
    (status, body["error"]["code"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_are_those_of_the_other_protocol() {
    let (_world, api) = api().await;
    let (sender, _connection) = connect(&api).await;
    // From memory, and by the router.
    for path in ["/api/totals/campaigns/good", "/api/totals/campaigns?limit=1"] {
        let named = |headers: &HeaderMap| {
            let mut headers = headers.clone();
            for changing in ["date", "connection"] {
                headers.remove(changing);
            }
            headers
        };
        let request = reqwest::Client::new().get(format!("{}{path}", api.url));
        let over_1 = request.header("x-request-id", "mine").send().await.unwrap();
        let over_2 = ask(
            &sender,
            &format!("http://totals{path}"),
            &[("x-request-id", "mine")],
        )
        .await;
        assert_eq!(over_2.status(), StatusCode::OK, "{path}");
        assert_eq!(named(over_1.headers()), named(over_2.headers()), "{path}");
        assert_eq!(over_1.text().await.unwrap(), text(over_2).await, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_are_those_of_the_other_protocol() {
    let (_world, api) = api().await;
    let (sender, _connection) = connect(&api).await;
    let good = "/api/totals/campaigns/good";
    for (uri, headers, expected) in [
        (good, vec![], (400, "INVALID_REQUEST")),
        ("http://ada@totals/livez", vec![], (400, "INVALID_REQUEST")),
        (
            "http://totals/livez",
            vec![("host", "others")],
            (400, "INVALID_REQUEST"),
        ),
        (
            "http://totals/livez",
            vec![("x-padding", &*"x".repeat(20_000))],
            (431, "HEADERS_TOO_LARGE"),
        ),
        (
            &*format!("http://totals/livez?{}", "x".repeat(9_000)),
            vec![],
            (414, "URI_TOO_LONG"),
        ),
        ("http://totals/nothing", vec![], (404, "NOT_FOUND")),
    ] {
        let refused = refusal(ask(&sender, uri, &headers).await).await;
        assert_eq!((refused.0, refused.1.as_str()), expected, "{uri}");
    }
    // A proxy may name the host in the header alone, or in both.
    for (uri, host) in [(good, "totals"), ("http://totals/livez", "totals")] {
        let fine = ask(&sender, uri, &[("host", host)]).await;
        assert_eq!(fine.status(), StatusCode::OK, "{uri}");
    }
    expect_good_service(&api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_share_a_connection_and_end_in_order_with_the_service() {
    const STREAMS: usize = 200;
    let (_world, api) = api().await;
    let (sender, connection) = connect(&api).await;
    let mut bodies = Vec::new();
    for _ in 0..STREAMS {
        let response = ask(&sender, "http://totals/api/totals/campaigns/good/stream", &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        let mut body = response.into_body();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("\"campaignId\":\"good\"") {
            seen.extend_from_slice(&part(&mut body).await.unwrap());
        }
        bodies.push(body);
    }
    let ended = async {
        for body in &mut bodies {
            while part(body).await.is_some() {}
        }
    };
    let (code, ()) = tokio::join!(api.terminate(), ended);
    assert_eq!(code, Some(0));
    assert!(connection.await.unwrap().is_ok());
}

//! Requests that are too large, malformed, or out to find a way around the routes.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use serde_json::Value;

use super::{api, expect_good_service};
use crate::harness::{Client, Process, Reply};

/// More than any answer takes.
const SOON: Duration = Duration::from_secs(30);

/// Sends this and reads until the server closes the connection.
async fn reply(api: &Process, request: impl AsRef<[u8]>) -> Reply {
    let mut client = Client::connect(api).await;
    client.send(request).await;
    client
        .until_closed(SOON)
        .await
        .expect("the connection should have been closed")
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: totals\r\nconnection: close\r\n{headers}\r\n")
}

/// The code of a failure of the usual shape.
fn code(reply: &Reply) -> String {
    let (_, body) = reply.text.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{reply:?}"));
    assert_eq!(body["success"], false, "{reply:?}");
    body["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_with_its_reason() {
    let (_world, api) = api().await;
    let announced = |bytes: usize| get("/openapi.json", &format!("content-length: {bytes}\r\n"));
    for (request, status, expected) in [
        (
            get("/openapi.json", &format!("x-padding: {}\r\n", "x".repeat(20_000))),
            431,
            "HEADERS_TOO_LARGE",
        ),
        (
            get(&format!("/openapi.json?{}", "x".repeat(9_000)), ""),
            414,
            "URI_TOO_LONG",
        ),
        (announced(65_537), 413, "BODY_TOO_LARGE"),
        (announced(1_000_000_000_000), 413, "BODY_TOO_LARGE"),
    ] {
        let reply = reply(&api, request).await;
        assert_eq!((reply.status, code(&reply).as_str()), (status, expected));
    }
    // Beyond what the connection itself takes, the answer is bare.
    let endless = reply(&api, get("/", &format!("x-padding: {}\r\n", "x".repeat(70_000)))).await;
    assert_eq!(endless.status, 431, "{endless:?}");
    let crowded = reply(&api, get("/", &"x: y\r\n".repeat(200))).await;
    assert_eq!(crowded.status, 431, "{crowded:?}");
    expect_good_service(&api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_an_end_is_not_waited_for() {
    let (_world, api) = api().await;
    let head = "GET /api/nothing HTTP/1.1\r\nhost: totals\r\ntransfer-encoding: chunked\r\n\r\n";
    let reply = reply(&api, format!("{head}5\r\nhello\r\n")).await;
    assert_eq!((reply.status, code(&reply).as_str()), (404, "NOT_FOUND"));
    expect_good_service(&api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_way_around_the_routes() {
    let (_world, api) = api().await;
    for path in [
        "/../../../etc/passwd",
        "/docs/../../etc/passwd",
        "/docs/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/docs/scalar-.js",
        "//etc/passwd",
        "/api/totals/campaigns/../../../health",
        "/api/totals/campaigns/good/",
        "/api/totals/campaigns/%00",
        "/api/totals/campaigns/%2e%2e%2f%2e%2e",
        "/api/totals/campaigns/%7B%24ne%3A1%7D",
        "/api/totals/campaigns/%F0%9F%92%A9",
        "/api/totals/campaigns/%FF%FE",
        "/api/totals/campaigns/%zz",
        "/HEALTH",
    ] {
        let reply = reply(&api, get(path, "")).await;
        assert!([400, 404].contains(&reply.status), "{path}: {reply:?}");
        code(&reply);
    }
    expect_good_service(&api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_is_answered_with_nothing_worse_than_a_refusal() {
    let (_world, api) = api().await;
    let mut noise = StdRng::seed_from_u64(4);
    for round in 0..500 {
        let mut bytes = vec![0; noise.random_range(1..2000)];
        noise.fill_bytes(&mut bytes);
        // Noise alone, behind the start of a request, and pipelined behind a good one.
        let before = [
            "",
            "GET /openapi.json HTTP/1.1\r\n",
            "GET /api/nothing HTTP/1.1\r\n\r\n",
        ][round % 3];
        bytes.splice(0..0, before.bytes());
        bytes.extend_from_slice(b"\r\n\r\n");
        let mut client = Client::connect(&api).await;
        client.send(&bytes).await;
        if let Some(reply) = client.until_closed(Duration::from_millis(20)).await {
            assert!(
                [0, 400, 404, 414, 431].contains(&reply.status),
                "round {round}: {reply:?}"
            );
        }
    }
    expect_good_service(&api).await;
    assert!(!api.log().contains("panicked"), "{}", api.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_its_host_once() {
    let (world, api) = api().await;
    let worker = world.worker().await;
    for (process, path, shaped) in [
        // From memory, by the router, and the worker's.
        (&api, "/api/totals/campaigns/good", true),
        (&api, "/api/totals/campaigns?limit=1", true),
        (&worker, "/health", false),
    ] {
        for (version, hosts, status) in [
            ("1.1", "host: totals\r\n", 200),
            ("1.1", "host:\r\n", 200),
            ("1.1", "", 400),
            ("1.1", "host: totals\r\nhost: totals\r\n", 400),
            ("1.1", "host: totals\r\nHost: others\r\n", 400),
            ("1.1", "host: totals others\r\n", 400),
            ("1.0", "", 200),
            ("1.0", "host: totals\r\nhost: others\r\n", 400),
        ] {
            let request = format!("GET {path} HTTP/{version}\r\nconnection: close\r\n{hosts}\r\n");
            let reply = reply(process, request).await;
            assert_eq!(reply.status, status, "{path} {version} {hosts:?}: {reply:?}");
            if shaped && status == 400 {
                assert_eq!(code(&reply), "INVALID_REQUEST");
                assert!(reply.text.contains("x-request-id: "), "{reply:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_asked_and_says_no_more_is_answered() {
    let (world, api) = api().await;
    let worker = world.worker().await;
    for (process, path, end) in [
        (&api, "/api/totals/campaigns/good", "}}"),
        (&api, "/api/totals/campaigns/unknown", "}}"),
        (&api, "/health", "}"),
        (&worker, "/health", "}"),
        (&worker, "/livez", "}"),
        (&worker, "/metrics", "\n"),
    ] {
        // Not once: the end may come before the answer is there, or after it.
        for _ in 0..20 {
            let mut client = Client::connect(process).await;
            client.ask(path).await;
            client.say_no_more().await;
            let reply = client
                .until_closed(SOON)
                .await
                .expect("it should have been closed");
            assert!(
                reply.status != 0 && reply.text.ends_with(end),
                "{path}: {reply:?}"
            );
        }
    }
    // A stream is sent what there is, and ends.
    let mut client = Client::connect(&api).await;
    client.ask("/api/totals/campaigns/good/stream").await;
    client.say_no_more().await;
    let reply = client
        .until_closed(SOON)
        .await
        .expect("it should have been closed");
    assert!(reply.text.contains("\"campaignId\":\"good\""), "{reply:?}");
    expect_good_service(&api).await;
}

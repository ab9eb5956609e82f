//! Collectors that traces do not reach: one line says why, and the process does not care.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;
use totals_core::runtime::lifecycle::GRACE;

use super::{ENDPOINT, PROTOCOL, TRACEPARENT, api, ask, collector, line};
use crate::harness::{Process, World, eventually};

const LOST: &str = "traces do not reach the collector and are dropped";

/// Waits for the line about it, and sees that many more failures bring no second one.
async fn only_line(api: &Process) -> Value {
    ask(api, TRACEPARENT).await;
    let told = eventually(async || line(api, LOST), Option::is_some).await;
    for _ in 0..20 {
        ask(api, TRACEPARENT).await;
    }
    // The end of a process is one more attempt, if there is anything left.
    let log = api.log();
    assert_eq!(log.matches("collector and are").count(), 1, "{log}");
    assert!(!log.contains("opentelemetry"), "{log}");
    told.unwrap()
}

#[tokio::test]
async fn a_collector_that_is_away_is_one_line_and_so_is_its_return() {
    let world = World::new().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let api = api(&world, &[(ENDPOINT, &format!("http://{address}"))]).await;
    let told = only_line(&api).await;
    assert_eq!(told["level"], "WARN", "{told}");
    assert!(told["cause"].as_str().unwrap().contains("refused"), "{told}");
    assert_eq!(told["collector"], address.to_string(), "{told}");
    assert!(told["remedy"].as_str().unwrap().contains(ENDPOINT), "{told}");

    collector::http_at(address).await;
    eventually(
        async || {
            ask(&api, TRACEPARENT).await;
            api.log().contains("traces reach the collector again")
        },
        |again| *again,
    )
    .await;
    let log = api.log();
    assert_eq!(log.matches("the collector").count(), 2, "{log}");
}

#[tokio::test]
async fn a_collector_of_the_other_protocol_is_one_line_that_names_it() {
    let world = World::new().await;
    for (spoken, other, (url, spans)) in [
        ("http/protobuf", "grpc", collector::grpc().await),
        ("grpc", "http/protobuf", collector::http().await),
    ] {
        let api = api(&world, &[(ENDPOINT, &url), (PROTOCOL, spoken)]).await;
        let told = only_line(&api).await;
        let (cause, remedy) = (told["cause"].as_str().unwrap(), told["remedy"].as_str().unwrap());
        assert!(cause.contains(&format!("gives no answer in {spoken}")), "{told}");
        assert!(remedy.contains(&format!("set {PROTOCOL}={other}")), "{told}");
        assert!(spans.all().is_empty());
    }
}

#[tokio::test]
async fn a_collector_that_refuses_is_one_line_that_says_so() {
    let world = World::new().await;
    let (url, _) = collector::http().await;
    // A path that it does not have.
    let api = api(&world, &[(ENDPOINT, &format!("{url}/wrong"))]).await;
    let told = only_line(&api).await;
    assert!(told["cause"].as_str().unwrap().contains("refuses"), "{told}");
    assert!(told["error"].as_str().unwrap().contains("404"), "{told}");
}

#[tokio::test]
async fn a_collector_that_never_answers_keeps_no_process_from_its_end() {
    let world = World::new().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for protocol in ["http/protobuf", "grpc"] {
        let api = api(&world, &[(ENDPOINT, &url), (PROTOCOL, protocol)]).await;
        ask(&api, TRACEPARENT).await;
        let connection = listener.accept().await.unwrap();
        let asked = Instant::now();
        assert_eq!(api.terminate().await, Some(0));
        assert!(
            asked.elapsed() < GRACE + Duration::from_secs(2),
            "{:?}",
            asked.elapsed()
        );
        drop(connection);
    }
}

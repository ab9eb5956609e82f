//! What a scrape of both binaries finds, under real requests and events.

mod worker;

use reqwest::StatusCode;
use serde_json::Value;

use crate::events::created;
use crate::harness::{Client, EventStream, Process, World, api_command, eventually};

const CAMPAIGN: &str = "/api/totals/campaigns/{campaignId}";

/// How many requests to a route were answered like this.
async fn answered(api: &Process, route: &str, method: &str, status: &str) -> Option<f64> {
    let labels = format!(r#"{{route="{route}",method="{method}",status="{status}"}}"#);
    api.figure(&format!("totals_api_http_requests_total{labels}"))
        .await
}

/// Waits until so many requests to a route were answered like this. A request is counted a moment after its answer is seen.
async fn expect_answered(api: &Process, route: &str, method: &str, status: &str, count: f64) {
    let counted = || answered(api, route, method, status);
    eventually(counted, |seen| *seen == Some(count)).await;
}

async fn api() -> (World, Process, Process) {
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
    let api = world.live_api(&[]).await;
    (world, worker, api)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_route_method_and_status() {
    let (_world, _worker, api) = api().await;
    assert_eq!(answered(&api, CAMPAIGN, "GET", "200").await, Some(0.0));
    assert_eq!(answered(&api, CAMPAIGN, "GET", "404").await, None);
    for _ in 0..3 {
        api.get("/api/totals/campaigns/c").await;
    }
    // The same by the router, which the percent-encoded id leads to.
    api.get("/api/totals/campaigns/%63").await;
    for id in ["unknown", "%C3%BC"] {
        assert_eq!(
            api.get(&format!("/api/totals/campaigns/{id}")).await.0,
            StatusCode::NOT_FOUND
        );
    }
    api.get("/api/totals/campaigns?limit=none").await;
    api.get("/api/totals/campaigns?limit=1").await;
    for (route, status, count) in [
        (CAMPAIGN, "200", 4.0),
        (CAMPAIGN, "404", 2.0),
        ("/api/totals/campaigns", "400", 1.0),
        ("/api/totals/campaigns", "200", 1.0),
        ("/api/totals/campaigns", "503", 0.0),
    ] {
        expect_answered(&api, route, "GET", status, count).await;
    }
    let seconds = format!(r#"totals_api_http_request_duration_seconds_count{{route="{CAMPAIGN}"}}"#);
    assert_eq!(api.figure(&seconds).await, Some(6.0));
    let unbounded =
        format!(r#"totals_api_http_request_duration_seconds_bucket{{le="+Inf",route="{CAMPAIGN}"}}"#);
    assert_eq!(api.figure(&unbounded).await, Some(6.0));
    let sum = api.figure(&seconds.replace("_count", "_sum")).await.unwrap();
    assert!(sum > 0.0 && sum < 60.0, "{sum}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_caller_can_make_a_label() {
    let (_world, _worker, api) = api().await;
    let labels_before = label_values(&api.scrape().await).len();
    let hostile = [
        "BREW /api/totals/campaigns/c HTTP/1.1\r\nhost: totals\r\nconnection: close\r\n\r\n",
        "POST /api/totals/campaigns/c HTTP/1.1\r\nhost: totals\r\nconnection: close\r\n\r\n",
        "GET /evil%22%7D%20path HTTP/1.1\r\nhost: totals\r\nconnection: close\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nhost: totals\r\nconnection: close\r\n\r\n",
        "EVIL /evil HTTP/1.1\r\nhost: totals\r\nconnection: close\r\n\r\n",
        "GET /api/totals/campaigns/evil HTTP/1.1\r\nconnection: close\r\n\r\n",
        "evil\r\n\r\n",
    ];
    for request in hostile {
        let mut client = Client::connect(&api).await;
        client.send(request).await;
        let reply = client.until_closed(crate::harness::DEADLINE).await.unwrap();
        assert!(reply.status >= 400, "{request}: {reply:?}");
    }
    let mut large = Client::connect(&api).await;
    let padding = "x".repeat(200_000);
    let head = format!("GET / HTTP/1.1\r\nhost: totals\r\nx-padding: {padding}\r\n\r\n");
    large.send(head).await;
    large.until_closed(crate::harness::DEADLINE).await;
    for (route, method, status, count) in [
        (CAMPAIGN, "other", "405", 1.0),
        (CAMPAIGN, "POST", "405", 1.0),
        ("other", "GET", "404", 2.0),
        ("other", "other", "404", 1.0),
        (CAMPAIGN, "GET", "400", 1.0),
        ("other", "other", "400", 1.0),
        ("other", "other", "431", 1.0),
    ] {
        expect_answered(&api, route, method, status, count).await;
    }
    let scrape = api.scrape().await;
    for text in ["evil", "EVIL", "BREW", "xxx"] {
        assert!(!scrape.contains(text), "{text} in {scrape}");
    }
    let labels = label_values(&scrape).len();
    assert!(
        labels <= labels_before + 6,
        "{labels} values of labels, and {labels_before} before"
    );
}

/// Every value of a label in a scrape.
fn label_values(scrape: &str) -> std::collections::BTreeSet<&str> {
    let lines = scrape.lines().filter(|line| !line.starts_with('#'));
    lines
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_campaigns_and_the_age_of_what_is_shown_are_there() {
    let (world, _worker, api) = api().await;
    let shown = "totals_api_commit_to_shown_seconds_count";
    let before = api.figure(shown).await.unwrap();
    let mut stream = EventStream::open(&format!("{}/api/totals/campaigns/c/stream", api.url), None).await;
    stream.next().await.unwrap();
    assert_eq!(api.figure("totals_api_streams").await, Some(1.0));
    assert_eq!(api.figure("totals_api_max_streams").await, Some(10_000.0));
    world
        .publish([created("e2", "d2"), created("e3", "d3").campaign("other")])
        .await;
    let counted = || api.figure(shown);
    eventually(counted, |count| *count == Some(before + 2.0)).await;
    let sum = api.figure(&shown.replace("_count", "_sum")).await.unwrap();
    assert!(sum < 60.0 * (before + 2.0), "{sum} s");
    assert_eq!(api.figure("totals_api_campaigns").await, Some(2.0));
    assert_eq!(api.figure("totals_api_current").await, Some(1.0));
    let heard = api.figure("totals_api_database_heard_seconds").await.unwrap();
    assert!((0.0..30.0).contains(&heard), "{heard}");
    drop(stream);
    let streams = || api.figure("totals_api_streams");
    eventually(streams, |streams| *streams == Some(0.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_the_database_are_counted_by_their_outcome() {
    let (world, worker, api) = api().await;
    drop((worker, api));
    world.database.hide_changes().await;
    let api = world.api().await;
    api.get("/api/totals/campaigns/c").await;
    api.get("/api/totals/campaigns/unknown").await;
    api.get("/api/totals/campaigns").await;
    expect_reads(
        &api,
        [("found", 2.0), ("absent", 1.0), ("failed", 0.0), ("refused", 0.0)],
    )
    .await;

    let mut command = api_command();
    command.env(
        "DATABASE_URL",
        "mongodb://127.0.0.1:9/nobody?serverSelectionTimeoutMS=200",
    );
    let api = Process::start(command).await;
    let read = || api.get("/api/totals/campaigns/c");
    let opened = async || {
        read().await;
        reads(&api, "failed").await
    };
    eventually(opened, |failed| *failed >= Some(1.0)).await;
    let heard = || api.figure("totals_api_database_heard_seconds");
    eventually(heard, |seconds| *seconds > Some(1.0)).await;
    assert_eq!(api.figure("totals_api_current").await, Some(0.0));
}

async fn reads(api: &Process, outcome: &str) -> Option<f64> {
    let name = format!(r#"totals_api_database_reads_total{{outcome="{outcome}"}}"#);
    api.figure(&name).await
}

async fn expect_reads(api: &Process, expected: [(&str, f64); 4]) {
    for (outcome, count) in expected {
        assert_eq!(reads(api, outcome).await, Some(count), "{outcome}");
    }
}

/// The figures of the process itself, which both binaries have.
async fn expect_figures_of_the_process(process: &Process) {
    for (name, least, most) in [
        ("process_cpu_seconds_total", 0.000_1, 600.0),
        ("process_resident_memory_bytes", 1e6, 1e9),
        ("process_open_fds", 5.0, 1000.0),
        ("process_max_fds", 100.0, 1e12),
        ("process_threads", 2.0, 1000.0),
        ("process_start_time_seconds", 1.7e9, 4e9),
    ] {
        let value = process.figure(name).await.unwrap_or_else(|| panic!("no {name}"));
        assert!((least..most).contains(&value), "{name} {value}");
    }
    let version = format!(r#"totals_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION"));
    assert_eq!(process.figure(&version).await, Some(1.0));
}

/// A scrape that asks for this format: its type and its text.
async fn scrape_as(process: &Process, accept: &str) -> (String, String) {
    let url = format!("{}/metrics", process.metrics_url());
    let answer = reqwest::Client::new()
        .get(url)
        .header("accept", accept)
        .send()
        .await;
    let answer = answer.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (kind, answer.text().await.unwrap())
}

async fn expect_both_formats(process: &Process, counter: &str) {
    let (kind, text) = scrape_as(process, "application/openmetrics-text;version=1.0.0,*/*;q=0.1").await;
    assert!(
        kind.starts_with("application/openmetrics-text; version=1.0.0"),
        "{kind}"
    );
    assert!(text.ends_with("# EOF\n"));
    assert!(text.contains(&format!("\n# TYPE {counter} counter\n")), "{text}");
    let (kind, text) = scrape_as(process, "text/plain").await;
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    assert!(
        text.contains(&format!("\n# TYPE {counter}_total counter\n")),
        "{text}"
    );
    assert!(!text.contains("# EOF") && !text.contains(" info\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_tells_of_its_process_in_both_formats_and_not_on_its_public_port() {
    let (_world, _worker, api) = api().await;
    expect_figures_of_the_process(&api).await;
    expect_both_formats(&api, "totals_api_http_requests").await;
    let (status, body) = api.get("/metrics").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (StatusCode::NOT_FOUND, &Value::from("NOT_FOUND"))
    );
}

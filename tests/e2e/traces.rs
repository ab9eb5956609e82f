//! Traces: a producer's trace is linked from the batch that committed its event, and a caller's goes on in the API. They reach
//! a collector of either protocol, and the lines of the log name them.

mod collector;
mod configured;
mod unreachable;

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;
use tokio::net::TcpListener;

use crate::events::created;
use crate::forms::{in_body, in_headers};
use crate::harness::{Outgoing, Process, World, api_command, eventually};
use collector::{Received, Spans, hex};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

/// An API that exports what it has to, soon.
async fn api(world: &World, settings: &[(&str, &str)]) -> Process {
    let mut command = api_command();
    command
        .env("DATABASE_URL", &world.database.url)
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .envs(settings.iter().copied());
    Process::start(command).await
}

/// Asks with a caller's trace.
async fn ask(api: &Process, traceparent: &str) {
    let read = reqwest::Client::new().get(format!("{}/api/totals/campaigns/c", api.url));
    read.header("traceparent", traceparent).send().await.unwrap();
}

/// Waits until a span of the caller's trace has arrived.
async fn continued(spans: &Spans) -> Received {
    let arrived = async || spans.all().into_iter().find(|span| span.trace_id() == TRACE_ID);
    eventually(arrived, Option::is_some).await.unwrap()
}

#[tokio::test]
async fn a_producers_trace_is_linked_from_the_batch_that_committed_its_event() {
    let world = World::new().await;
    let (url, spans) = collector::http().await;
    let worker = world.worker_with(&[(ENDPOINT, &url)]).await;
    let mut messages: Vec<Outgoing> = vec![created("e1", "d1").into(), created("e2", "d2").into()];
    let bare = |donation| created("", donation).bare();
    messages.push(in_headers("cloudEvents:", "3", bare("d3")));
    messages.push(in_body("4", &bare("d4")));
    let mut messages: Vec<Outgoing> = (messages.into_iter())
        .map(|message| message.header("traceparent", TRACEPARENT))
        .collect();
    // As an attribute of the event.
    for (number, prefix) in [("5", "cloudEvents:"), ("6", "cloudEvents_")] {
        let event = in_headers(prefix, number, bare(number));
        messages.push(event.header(&format!("{prefix}traceparent"), TRACEPARENT));
    }
    let count = messages.len();
    world.publish(messages).await;
    world.expect_totals("c", 6000, 6, 0).await;
    assert_eq!(worker.terminate().await, Some(0));

    let linked = async || {
        let batches = spans
            .all()
            .into_iter()
            .filter(|received| received.span.name == "batch");
        batches
            .flat_map(|received| received.span.links)
            .filter(|link| hex(&link.trace_id) == TRACE_ID)
            .count()
    };
    eventually(linked, |links| *links == count).await;
    let spans = spans.all();
    assert!(
        spans
            .iter()
            .all(|span| span.attribute("service.name") == "totals-worker")
    );
}

#[tokio::test]
async fn a_callers_trace_goes_on_in_the_api_over_either_protocol() {
    let world = World::new().await;
    for (protocol, (url, spans)) in [
        ("http/protobuf", collector::http().await),
        ("grpc", collector::grpc().await),
    ] {
        let api = api(&world, &[(ENDPOINT, &url), (PROTOCOL, protocol)]).await;
        ask(&api, TRACEPARENT).await;
        assert_eq!(continued(&spans).await.attribute("service.name"), "totals-api");
        assert_eq!(api.terminate().await, Some(0));
    }
}

#[tokio::test]
async fn lines_of_the_log_name_the_service_and_the_trace() {
    let world = World::new().await;
    let (url, _) = collector::http().await;
    let settings = [(ENDPOINT, url.as_str()), ("LOG_LEVEL", "info,access=debug")];
    let (api, worker) = (api(&world, &settings).await, world.worker_with(&settings).await);
    ask(&api, TRACEPARENT).await;
    let poison = Outgoing::new("donation.created", "no event").header("traceparent", TRACEPARENT);
    world.publish([poison]).await;

    for (process, message, service) in [
        (&api, "answered", "totals-api"),
        (&worker, "dead-lettered", "totals-worker"),
    ] {
        let line = eventually(async || line(process, message), Option::is_some)
            .await
            .unwrap();
        assert_eq!(line["trace_id"], TRACE_ID, "{line}");
        assert_eq!(line["span_id"].as_str().unwrap().len(), 16, "{line}");
        let line = self::line(process, "listening").unwrap();
        assert_eq!(line["service.name"], service, "{line}");
        assert_eq!(line.get("trace_id"), None, "{line}");
    }
}

fn line(process: &Process, message: &str) -> Option<Value> {
    let log = process.log();
    let mut lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.find(|line| line["message"] == message)
}

#[tokio::test]
async fn lines_for_people_name_the_trace_too() {
    let world = World::new().await;
    let (url, _) = collector::http().await;
    let worker = {
        let mut command = world.worker_command();
        command.env(ENDPOINT, &url).env("LOG_FORMAT", "pretty");
        Process::spawn(command)
    };
    worker.logged("consuming").await;
    let poison = Outgoing::new("donation.created", "no event").header("traceparent", TRACEPARENT);
    world.publish([poison]).await;
    worker
        .logged(&format!(
            "service.name=\"totals-worker\" trace_id={TRACE_ID} span_id=00f067aa0ba902b7"
        ))
        .await;
    assert_eq!(worker.log().matches("trace_id").count(), 1, "{}", worker.log());
}

/// The SDK's own default would be to try this port for ever.
#[tokio::test]
async fn without_an_endpoint_nothing_connects_to_a_collector() {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, 4318));
    let listener = TcpListener::bind(default)
        .await
        .expect("this test needs port 4318, where a collector would listen");
    let world = World::new().await;
    let (worker, api) = (world.worker().await, world.api().await);
    world
        .publish([Outgoing::from(created("e1", "d1")).header("traceparent", TRACEPARENT)])
        .await;
    world.expect_totals("c", 1000, 1, 0).await;
    api.get("/api/totals/campaigns/c").await;
    // Whatever there is to export is exported when a process ends.
    assert_eq!(
        (worker.terminate().await, api.terminate().await),
        (Some(0), Some(0))
    );
    let connected = tokio::time::timeout(std::time::Duration::from_millis(100), listener.accept()).await;
    assert!(connected.is_err(), "something connected: {connected:?}");
}

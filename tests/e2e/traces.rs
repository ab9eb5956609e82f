//! Traces: a producer's trace is linked from the batch that committed its event, and a caller's goes on in the API.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;

use crate::events::created;
use crate::forms::{in_body, in_headers};
use crate::harness::{Outgoing, Process, World, api_command, eventually};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Each with the name of the service that sent it.
type Spans = Arc<Mutex<Vec<(String, Span)>>>;

/// A small OTLP collector.
async fn collector() -> (String, Spans) {
    async fn receive(State(spans): State<Spans>, body: Bytes) {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        for sent in request.resource_spans {
            let service = service_name(&sent.resource.unwrap());
            let sent = sent.scope_spans.into_iter().flat_map(|scope| scope.spans);
            let named = sent.map(|span| (service.clone(), span));
            spans.lock().unwrap().extend(named);
        }
    }
    let spans = Spans::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/v1/traces", post(receive))
        .with_state(spans.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, spans)
}

fn service_name(resource: &Resource) -> String {
    let named = |attribute: &&KeyValue| attribute.key == "service.name";
    let name = resource.attributes.iter().find(named).unwrap().value.clone();
    match name.unwrap().value {
        Some(any_value::Value::StringValue(name)) => name,
        other => panic!("{other:?}"),
    }
}

fn hex(id: &[u8]) -> String {
    id.iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[tokio::test]
async fn a_producers_trace_is_linked_from_the_batch_that_committed_its_event() {
    let world = World::new().await;
    let (url, spans) = collector().await;
    let worker = world.worker_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]).await;
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
        let spans = spans.lock().unwrap();
        let batches = spans.iter().filter(|(_, span)| span.name == "batch");
        batches
            .flat_map(|(_, span)| &span.links)
            .filter(|link| hex(&link.trace_id) == TRACE_ID)
            .count()
    };
    eventually(linked, |links| *links == count).await;
    assert!(
        spans
            .lock()
            .unwrap()
            .iter()
            .all(|(service, _)| service == "totals-worker")
    );
}

#[tokio::test]
async fn a_callers_trace_goes_on_in_the_api() {
    let world = World::new().await;
    let (url, spans) = collector().await;
    let mut command = api_command();
    command
        .env("DATABASE_URL", &world.database.url)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &url)
        .env("SERVICE_NAME", "our-totals");
    let api = Process::start(command).await;
    let client = reqwest::Client::new();
    let read = client
        .get(format!("{}/api/totals/campaigns/c", api.url))
        .header("traceparent", TRACEPARENT);
    read.send().await.unwrap();
    assert_eq!(api.terminate().await, Some(0));
    let continued = async || {
        spans
            .lock()
            .unwrap()
            .iter()
            .any(|(service, span)| service == "our-totals" && hex(&span.trace_id) == TRACE_ID)
    };
    eventually(continued, |continued| *continued).await;
}

#[tokio::test]
async fn a_collector_that_is_away_is_one_line_and_so_is_its_return() {
    let world = World::new().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut command = api_command();
    command
        .env("DATABASE_URL", &world.database.url)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"))
        .env("OTEL_BSP_SCHEDULE_DELAY", "50");
    let api = Process::start(command).await;
    api.get("/api/totals/campaigns/c").await;
    api.logged("traces do not reach the collector").await;

    // Attempts that fail as well, until there is a collector again.
    for _ in 0..20 {
        api.get("/api/totals/campaigns/c").await;
    }
    let router = Router::new().fallback(async || ());
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    eventually(
        async || {
            api.get("/api/totals/campaigns/c").await;
            api.log().contains("traces reach the collector again")
        },
        |again| *again,
    )
    .await;
    let log = api.log();
    assert_eq!(log.matches("collector").count(), 2, "{log}");
    assert!(!log.contains("opentelemetry"), "{log}");
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

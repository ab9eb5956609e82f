//! The standard's variables, each honoured: in `.env`, because those in the environment the SDK would read as well.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tonic::transport::Identity;

use super::collector::Received;
use super::{ENDPOINT, PROTOCOL, TRACE_ID, TRACEPARENT, api, ask, collector, continued};
use crate::harness::{Process, World, api_command, eventually};

/// A caller that does not export its trace.
const NOT_SAMPLED: &str = "00-11111111111111111111111111111111-00f067aa0ba902b7-00";

/// An API with these variables in `.env`.
async fn api_with_dot_env(world: &World, settings: &[(&str, &str)]) -> Process {
    let directory = tempfile::tempdir().unwrap();
    let lines = settings.iter().map(|(name, value)| format!("{name}='{value}'\n"));
    std::fs::write(directory.path().join(".env"), lines.collect::<String>()).unwrap();
    let mut command = api_command();
    command
        .env("DATABASE_URL", &world.database.url)
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .current_dir(directory.path());
    Process::start(command).await
}

#[tokio::test]
async fn headers_and_attributes_arrive_over_either_protocol() {
    let world = World::new().await;
    for (protocol, (url, spans)) in [
        ("http/protobuf", collector::http().await),
        ("grpc", collector::grpc().await),
    ] {
        let api = api_with_dot_env(
            &world,
            &[
                (ENDPOINT, &url),
                ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol),
                // What is said of traces alone wins.
                (
                    PROTOCOL,
                    if protocol == "grpc" {
                        "http/protobuf"
                    } else {
                        "grpc"
                    },
                ),
                (
                    "OTEL_EXPORTER_OTLP_HEADERS",
                    "authorization=Bearer%20a%2Cb, x-tenant = 7",
                ),
                (
                    "OTEL_RESOURCE_ATTRIBUTES",
                    "service.name=other,deployment.environment.name=my%20test",
                ),
                ("OTEL_SERVICE_NAME", "our-totals"),
                ("SERVICE_NAME", "former"),
            ],
        )
        .await;
        ask(&api, TRACEPARENT).await;
        let received = continued(&spans).await;
        assert_eq!(received.headers["authorization"], "Bearer a,b");
        assert_eq!(received.headers["x-tenant"], "7");
        assert_eq!(received.attribute("service.name"), "our-totals");
        assert_eq!(received.attribute("deployment.environment.name"), "my test");
        assert!(!api.log().contains("Bearer"), "{}", api.log());
        api.logged(r#""service.name":"our-totals""#).await;
    }
}

/// `SERVICE_NAME` alone counts as well, and the endpoint of traces is taken as it is.
#[tokio::test]
async fn the_endpoint_of_traces_is_the_whole_url() {
    let world = World::new().await;
    let (url, spans) = collector::http().await;
    let api = api_with_dot_env(
        &world,
        &[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{url}/v1/traces")),
            (ENDPOINT, "http://127.0.0.1:9/none"),
            ("SERVICE_NAME", "our-totals"),
        ],
    )
    .await;
    ask(&api, TRACEPARENT).await;
    assert_eq!(continued(&spans).await.attribute("service.name"), "our-totals");
}

/// With a share of 0 that callers may override, the trace that the caller exports arrives and no other.
#[tokio::test]
async fn the_sampler_is_honoured() {
    let world = World::new().await;
    let (url, spans) = collector::grpc().await;
    let api = api_with_dot_env(
        &world,
        &[
            (ENDPOINT, &url),
            (PROTOCOL, "grpc"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0"),
        ],
    )
    .await;
    for _ in 0..10 {
        ask(&api, NOT_SAMPLED).await;
        api.get("/api/totals/campaigns/c").await;
    }
    ask(&api, TRACEPARENT).await;
    assert_eq!(api.terminate().await, Some(0));
    let traces: Vec<_> = spans.all().iter().map(Received::trace_id).collect();
    assert_eq!(traces, [TRACE_ID]);
}

#[tokio::test]
async fn each_way_to_turn_traces_off_is_honoured() {
    let world = World::new().await;
    let (url, spans) = collector::http().await;
    for off in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_ENABLED", "false"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
    ] {
        let api = api(&world, &[(ENDPOINT, &url), off]).await;
        ask(&api, TRACEPARENT).await;
        // Whatever there is to export is exported when a process ends.
        assert_eq!(api.terminate().await, Some(0));
        assert!(spans.all().is_empty(), "{off:?}");
    }
}

#[tokio::test]
async fn grpc_goes_through_tls_to_a_collector_that_the_machine_trusts() {
    let world = World::new().await;
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let identity = Identity::from_pem(cert.pem(), signing_key.serialize_pem());
    let (url, spans) = collector::grpc_with_tls(identity).await;
    let trusted = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(trusted.path(), cert.pem()).unwrap();
    let settings = [(ENDPOINT, url.as_str()), (PROTOCOL, "grpc")];

    let distrusting = api(&world, &settings).await;
    ask(&distrusting, TRACEPARENT).await;
    distrusting.logged("traces do not reach the collector").await;
    assert!(spans.all().is_empty());

    let trusting = [("SSL_CERT_FILE", trusted.path().to_str().unwrap())];
    let trusting = api(&world, &[&settings[..], &trusting].concat()).await;
    ask(&trusting, TRACEPARENT).await;
    continued(&spans).await;
    eventually(async || trusting.log(), |log| !log.contains("do not reach")).await;
}

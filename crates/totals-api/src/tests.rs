//! The service without a database: everything but the totals themselves, which `tests/e2e/api.rs` reads for real.

mod compression;
mod contract;
mod cors;
mod web;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::request::Builder;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use totals_core::runtime::lifecycle::Shutdown;
use tower::{Service, ServiceExt};

use crate::database::unanswered;
use crate::fast_path::FastPath;
use crate::metrics::Metrics;
use crate::router;
use crate::state::AppState;

/// The API beside a database that nobody answers for.
async fn api() -> FastPath {
    let (document, never) = (router::document(), Shutdown::default());
    let metrics = router::metrics(&document);
    let state = AppState::start(&unanswered(), &document, metrics, never)
        .await
        .unwrap();
    router::service(state, false)
}

fn with_layers(router: Router) -> Router {
    router::with_layers(router, Arc::new(Metrics::new([])), false)
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask<S>(service: S, mut request: Request<Body>) -> Answer
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
{
    // As every client has it.
    request
        .headers_mut()
        .insert(header::HOST, HeaderValue::from_static("totals"));
    let response = service.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

fn bare(request: Builder) -> Request<Body> {
    request.body(Body::empty()).unwrap()
}

async fn get_path(path: &str) -> Answer {
    ask(api().await, bare(Request::get(path))).await
}

/// Opening happens in the background: waits until the store is there, if without a server behind it.
async fn get_opened(path: &str) -> Answer {
    let api = api().await;
    loop {
        let answer = ask(api.clone(), bare(Request::get(path))).await;
        if !String::from_utf8_lossy(&answer.body).contains("cannot be used yet") {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn every_failure_has_the_same_shape() {
    let boom = Router::new().route("/boom", get(async || -> () { panic!("secret of the inside") }));
    let post = bare(Request::post("/api/totals/campaigns"));
    let panicking = bare(Request::get("/boom"));
    let failures = [
        ("unknown route", get_path("/api/nothing").await),
        ("wrong method", ask(api().await, post).await),
        ("bad limit", get_path("/api/totals/campaigns?limit=abc").await),
        (
            "duplicate",
            get_path("/api/totals/campaigns?limit=1&limit=2").await,
        ),
        ("undecodable path", get_path("/api/totals/campaigns/%FF").await),
        (
            "endless id",
            get_path(&format!("/api/totals/campaigns/{}", "x".repeat(257))).await,
        ),
        (
            "endless query",
            get_path(&format!("/health?{}", "x".repeat(8 * 1024))).await,
        ),
        (
            "large headers",
            ask(api().await, with_header("x-padding", &"x".repeat(16 * 1024))).await,
        ),
        (
            "large body",
            ask(api().await, with_body(vec![b'x'; 64 * 1024 + 1])).await,
        ),
        ("no database", get_path("/api/totals/campaigns/camp_1").await),
        ("panic", ask(with_layers(boom), panicking).await),
    ];
    let seen: Vec<_> = failures
        .iter()
        .map(|(name, answer)| {
            let shown = [
                header::ALLOW,
                header::RETRY_AFTER,
                header::CACHE_CONTROL,
                header::CONNECTION,
            ]
            .map(|name| format!("{name}: {}", answer.header(&name)));
            let shown = shown.join("\n");
            let body = String::from_utf8_lossy(&answer.body);
            format!("# {name}\n{}\n{shown}\n{body}\n", answer.status)
        })
        .collect();
    insta::assert_snapshot!(seen.join("\n"));
}

fn with_header(name: &str, value: &str) -> Request<Body> {
    bare(Request::get("/openapi").header(name, value))
}

fn with_body(body: Vec<u8>) -> Request<Body> {
    Request::get("/openapi").body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn requests_up_to_the_bounds_are_answered() {
    for request in [
        bare(Request::get(format!(
            "/openapi?{}",
            "x".repeat(8 * 1024 - "/openapi".len())
        ))),
        with_header(
            "x-padding",
            &"x".repeat(16 * 1024 - "x-padding: \r\nhost: totals\r\n".len()),
        ),
        with_body(vec![b'x'; 64 * 1024]),
    ] {
        assert_eq!(ask(api().await, request).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let endless = Router::new().route("/endless", get(std::future::pending::<()>));
    let request = bare(Request::get("/endless"));
    let answer = ask(with_layers(endless), request).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header(header::RETRY_AFTER), "1");
    assert_eq!(answer.json()["error"]["code"], "UNAVAILABLE");
}

#[tokio::test]
async fn every_response_tells_browsers_to_make_nothing_else_of_it() {
    for path in ["/openapi", "/docs", "/health", "/api/nothing"] {
        let answer = get_path(path).await;
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
    }
}

#[tokio::test]
async fn the_openapi_document_is_as_agreed() {
    insta::assert_snapshot!(router::document().to_pretty_json().unwrap());
}

#[tokio::test]
async fn the_document_is_served_at_both_addresses() {
    for path in ["/openapi", "/openapi.json"] {
        let answer = get_path(path).await;
        assert_eq!(
            (answer.status, answer.header(header::CONTENT_TYPE)),
            (StatusCode::OK, "application/json")
        );
        assert_eq!(answer.json()["openapi"], "3.1.0");
    }
}

#[tokio::test]
async fn health_is_degraded_without_a_database() {
    let answer = get_opened("/health").await;
    let health = answer.json();
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["service"], "totals-api");
    assert_eq!(health["database"]["healthy"], false);
    let message = health["database"]["message"].as_str().unwrap();
    assert!(
        message.ends_with("check that MongoDB runs, and DATABASE_URL"),
        "{message}"
    );
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let head = ask(api().await, bare(Request::head("/openapi"))).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(
        head.header(header::CONTENT_LENGTH),
        get_path("/openapi").await.body.len().to_string()
    );
}

#[tokio::test]
async fn every_response_carries_a_request_id() {
    let request = Request::get("/api/nothing").header("x-request-id", "mine-1");
    let answer = ask(api().await, bare(request)).await;
    assert_eq!(answer.header("x-request-id"), "mine-1");
    assert_eq!(get_path("/openapi").await.header("x-request-id").len(), 32);
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let page = get_path("/docs").await;
    let html = String::from_utf8(page.body.clone()).unwrap();
    assert!(
        page.header(header::CONTENT_SECURITY_POLICY)
            .starts_with("default-src 'none'")
    );
    assert!(!page.header(header::CONTENT_SECURITY_POLICY).contains("http"));
    assert_eq!(page.header(header::REFERRER_POLICY), "no-referrer");
    assert!(!html.contains("://"), "the page names another server");
    let (_, rest) = html.split_once("<script src=\"").unwrap();
    let (path, _) = rest.split_once('"').unwrap();

    let plain = get_path(path).await;
    let request = Request::get(path).header(header::ACCEPT_ENCODING, "gzip, br");
    let packed = ask(api().await, bare(request)).await;
    assert_eq!(
        (plain.status, plain.header(header::CONTENT_ENCODING)),
        (StatusCode::OK, "")
    );
    assert_eq!(
        (packed.status, packed.header(header::CONTENT_ENCODING)),
        (StatusCode::OK, "gzip")
    );
    assert!(packed.body.len() * 3 < plain.body.len());

    let tag = packed.header(header::ETAG);
    let request = Request::get(path).header(header::IF_NONE_MATCH, tag);
    let known = ask(api().await, bare(request)).await;
    assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
}

//! The bounds around every handler: what a request may bring, how long its answer may take, and what every response
//! says about itself.
//!
//! A handler that panics or takes too long, and a request that is too large or for nobody in particular, get an answer of
//! the usual shape. The limits
//! are far above what any route needs and below what the connection takes
//! (`totals_core::runtime::http`), so that the bare answers beyond those are only for whoever means harm. No route takes a
//! body, so none is read: one of unknown length is passed over, and ends its connection if it is still under way
//! when the answer is sent.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::{self, HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use totals_core::runtime::http::names_its_host;

use crate::cors;
use crate::error::{ApiError, panicked};

/// How long an answer may take, far longer than any read of the database is waited for. Streams have only to begin.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest path and query, in bytes: room for a hundred ids of 80.
const MAX_URI_BYTES: usize = 8 * 1024;

/// The largest headers, in bytes with their separators: proxies and browsers' cookies stay below.
const MAX_HEADERS_BYTES: usize = 16 * 1024;

/// The largest body that is passed over, in bytes.
const MAX_BODY_BYTES: u64 = 64 * 1024;

/// Runs the rest of the request within the bounds.
pub async fn within_limits(request: Request, next: Next) -> Response {
    let mut response = match refusal(&request) {
        Some(error) => error.into_response(),
        None if request.method() == Method::OPTIONS => cors::welcome(),
        None => answer(request, next).await,
    };
    protect(response.headers_mut());
    response
}

/// What is wrong with a request that no route is to see.
pub fn refusal<B: HttpBody>(request: &http::Request<B>) -> Option<ApiError> {
    if names_its_host(request) {
        oversized(request)
    } else {
        Some(ApiError::Invalid(
            "a request must name its host in one Host header, as HTTP/1.1 demands".to_owned(),
        ))
    }
}

fn oversized<B: HttpBody>(request: &http::Request<B>) -> Option<ApiError> {
    let uri = request.uri();
    let uri_bytes = uri.path().len() + uri.query().map_or(0, str::len);
    let body_bytes = request.body().size_hint().lower();
    if uri_bytes > MAX_URI_BYTES {
        Some(ApiError::UriTooLong(MAX_URI_BYTES))
    } else if bytes(request.headers()) > MAX_HEADERS_BYTES {
        Some(ApiError::HeadersTooLarge(MAX_HEADERS_BYTES))
    } else if body_bytes > MAX_BODY_BYTES {
        Some(ApiError::BodyTooLarge(MAX_BODY_BYTES))
    } else {
        None
    }
}

fn bytes(headers: &HeaderMap) -> usize {
    const SEPARATORS: usize = ": \r\n".len();
    let lines = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + SEPARATORS);
    lines.sum()
}

async fn answer(request: Request, next: Next) -> Response {
    // What a handler leaves behind when it panics is the request, which ends with it.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => panicked(panic.as_ref()).into_response(),
        Err(_elapsed) => ApiError::TimedOut.into_response(),
    }
}

/// Says what browsers, pages of other origins and caches may do with a response, the last where its handler has not. What
/// may be loaded, and who is told where the reader comes from, only a page has to say: what is no page, and is taken
/// for none, loads nothing and leads nowhere.
pub fn protect(headers: &mut HeaderMap) {
    cors::share(headers);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

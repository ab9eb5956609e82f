//! The limits around every handler: what a request may bring, how long its answer may take, and the headers of every
//! response.
//!
//! A handler that panics or takes too long, and a request that is too large or does not name its host, get an error body like
//! any other failure. The limits are far above what any route needs and below what the connection takes
//! (`totals_core::runtime::http`), so that only an attacker meets the bare answers of the connection. No route reads a body.
//! One of unknown length is passed over, and the connection ends if the body is still under way when the answer is sent.

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
use crate::error::ApiError;

/// How long an answer may take: far longer than the wait for any read of the database. A stream has only to begin.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest path and query, in bytes: room for a hundred ids of 80 bytes.
const MAX_URI_BYTES: usize = 8 * 1024;

/// The largest headers, in bytes with their separators. Those of proxies, and browsers' cookies, stay below.
const MAX_HEADERS_BYTES: usize = 16 * 1024;

/// The largest body that is passed over, in bytes.
const MAX_BODY_BYTES: u64 = 64 * 1024;

/// Runs the rest of the request within the limits.
pub async fn enforce(request: Request, next: Next) -> Response {
    let mut response = match refusal(&request) {
        Some(error) => error.into_response(),
        None if request.method() == Method::OPTIONS => cors::preflight(request.headers()),
        None => answer(request, next).await,
    };
    add_common_headers(response.headers_mut());
    response
}

/// Why no route may see this request; `None` if it is within the limits.
pub fn refusal<B: HttpBody>(request: &http::Request<B>) -> Option<ApiError> {
    if names_its_host(request) {
        check_size(request)
    } else {
        Some(ApiError::Invalid(
            "a request must name its host once, in a Host header or, with HTTP/2, in :authority".to_owned(),
        ))
    }
}

fn check_size<B: HttpBody>(request: &http::Request<B>) -> Option<ApiError> {
    let uri = request.uri();
    let uri_bytes = uri.path().len() + uri.query().map_or(0, str::len);
    let body_bytes = request.body().size_hint().lower();
    if uri_bytes > MAX_URI_BYTES {
        Some(ApiError::UriTooLong(MAX_URI_BYTES))
    } else if header_bytes(request.headers()) > MAX_HEADERS_BYTES {
        Some(ApiError::HeadersTooLarge(MAX_HEADERS_BYTES))
    } else if body_bytes > MAX_BODY_BYTES {
        Some(ApiError::BodyTooLarge(MAX_BODY_BYTES))
    } else {
        None
    }
}

fn header_bytes(headers: &HeaderMap) -> usize {
    const SEPARATORS: usize = ": \r\n".len();
    let lines = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + SEPARATORS);
    lines.sum()
}

async fn answer(request: Request, next: Next) -> Response {
    // Unwind safe: a handler that panics leaves only the request behind, which ends with it.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => ApiError::from_panic(panic.as_ref()).into_response(),
        Err(_elapsed) => ApiError::HandlerTimedOut.into_response(),
    }
}

/// Tells browsers, pages of other origins and caches what they may do with a response. `Cache-Control` is left as it is where
/// the handler has set it. Only the page at /docs needs a `Content-Security-Policy` and a `Referrer-Policy`: `nosniff` keeps
/// browsers from taking any other answer for a page.
pub fn add_common_headers(headers: &mut HeaderMap) {
    cors::allow_all_origins(headers);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

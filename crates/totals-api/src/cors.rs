//! Totals are public and reads carry no credentials: pages of any origin may read them.
//!
//! So the headers are the same for everyone, and caches may give a page of one origin what a page of another asked for. A
//! library that decides by origin, method and header does so for every answer.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// What a page of another origin may read of an answer besides its body.
const EXPOSED: &str = "x-request-id,retry-after,etag";

/// What it may ask, for a day after it has asked whether it may.
const ALLOWED: [(header::HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET,HEAD"),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "x-request-id,if-none-match,last-event-id,traceparent,tracestate",
    ),
    (header::ACCESS_CONTROL_MAX_AGE, "86400"),
];

/// Lets pages of any origin read the answer.
pub fn share(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED),
    );
}

/// The answer to a browser that asks whether a page may ask.
pub fn welcome() -> Response {
    ALLOWED.into_response()
}

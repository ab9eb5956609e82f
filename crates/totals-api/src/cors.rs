//! Cross-origin requests. Totals are public and reads carry no credentials, so pages of any origin may read them.
//!
//! The headers are the same for every origin, so caches may give a page of one origin an answer that a page of another asked
//! for. A page may send any header: what it sends changes no answer but by its meaning, and `*` would leave out
//! `Authorization`, which libraries add unasked. Rejected: tower-http's `CorsLayer`, which decides by origin, method and header
//! for every answer.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// The headers of an answer that a page of another origin may read.
const EXPOSED: &str = "x-request-id,retry-after,etag,date";

/// The headers that such a page may send, in the answer to one that does not say which it will.
const USUAL: HeaderValue = HeaderValue::from_static(
    "authorization,baggage,content-type,if-none-match,last-event-id,traceparent,tracestate,x-request-id",
);

/// The methods that such a page may use, for a day after it has asked.
const ALLOWED: [(header::HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET,HEAD"),
    (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    (header::VARY, "access-control-request-headers"),
];

/// Lets pages of any origin read the answer.
pub fn allow_all_origins(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED),
    );
}

/// The answer to a browser's preflight request, which allows every header that it names.
pub fn preflight(request: &HeaderMap) -> Response {
    let asked = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let allowed = asked.cloned().unwrap_or(USUAL);
    (ALLOWED, [(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed)]).into_response()
}

//! Conditional requests: a caller that has the newest answer is not sent it again.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

/// Caches may show totals for one second without asking again. A crowd behind a CDN then costs one request a second for
/// each of the CDN's places, and nobody sees an older number than on a page that is two seconds old.
pub const CACHE_ONE_SECOND: HeaderValue = HeaderValue::from_static("public, max-age=1");

/// Returns true if the request's `If-None-Match` names this validator, so that the caller has the answer. The comparison is
/// weak, as RFC 9110, section 13.1.2, demands.
pub fn is_known(request: &HeaderMap, etag: &[u8]) -> bool {
    items(request, &header::IF_NONE_MATCH)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/").as_bytes() == etag)
}

/// Takes from an answer without a body, 304, what describes a body. Its length would be 0, and RFC 9110, section 8.6, allows no
/// length but that of the 200; section 15.4.5 wants no more headers than a cache needs.
pub fn without_a_body(mut response: Response) -> Response {
    if response.status() == StatusCode::NOT_MODIFIED {
        for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
            response.headers_mut().remove(name);
        }
    }
    response
}

/// The items of a comma-separated header, which may be sent in several lines.
pub fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',').map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_what_any_of_its_tags_names() {
        let mut headers = HeaderMap::new();
        assert!(!is_known(&headers, br#""5-a""#));
        for (sent, expected) in [
            (r#""5-a""#, true),
            (r#"W/"5-a""#, true),
            (r#""4-a", "5-a""#, true),
            ("*", true),
            (r#""5-b""#, false),
            ("5-a", false),
            ("", false),
        ] {
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(sent));
            assert_eq!(is_known(&headers, br#""5-a""#), expected, "{sent}");
        }
    }
}

//! Validators, so that whoever has the newest answer is not sent it again.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// How long caches may show totals without asking again: a crowd behind a CDN costs one request a second for each of
/// its places, and nobody sees an older number than on a page that is two seconds old.
pub const CACHE_ONE_SECOND: HeaderValue = HeaderValue::from_static("public, max-age=1");

/// What a caller says it has: the value of `If-None-Match`.
#[derive(Debug, Clone)]
pub struct IfNoneMatch(Option<HeaderValue>);

impl IfNoneMatch {
    /// Of a request with these headers.
    pub fn of(headers: &HeaderMap) -> Self {
        Self(headers.get(header::IF_NONE_MATCH).cloned())
    }

    /// Whether the caller has the answer with this validator. Weak comparison: RFC 9110, section 13.1.2.
    pub fn has(&self, etag: &[u8]) -> bool {
        let tags = self.0.as_ref().and_then(|value| value.to_str().ok());
        tags.is_some_and(|tags| {
            split(tags).any(|tag| tag == "*" || tag.trim_start_matches("W/").as_bytes() == etag)
        })
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// The items of a list that a header, or several of its name, hold.
pub fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(split)
}

fn split(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_what_any_of_its_tags_names() {
        for (sent, expected) in [
            (r#""5-a""#, true),
            (r#"W/"5-a""#, true),
            (r#""4-a", "5-a""#, true),
            ("*", true),
            (r#""5-b""#, false),
            ("5-a", false),
            ("", false),
        ] {
            let header = IfNoneMatch(Some(HeaderValue::from_static(sent)));
            assert_eq!(header.has(br#""5-a""#), expected, "{sent}");
        }
        assert!(!IfNoneMatch(None).has(br#""5-a""#));
    }
}

//! The API's description for programs (/openapi) and for people (/docs).
//!
//! The page is Scalar's, with its script served from this binary: it works on a machine without the internet, and nobody
//! learns of a reader's visit. The content security policy enforces that.

use std::io::Read as _;
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use flate2::read::GzDecoder;

use crate::caching::{is_known, items};
use crate::state::AppState;

/// The script's validator: the quoted checksum.
const SCRIPT_ETAG: &str = concat!("\"", env!("SCALAR_CHECKSUM"), "\"");

/// The script, compressed by build.rs.
const SCRIPT_GZIP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scalar.js.gz"));

/// Scalar sets styles on its elements, and shows responses as data and blob URLs; everything else comes from this server.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const JSON: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

/// This description for programs
#[utoipa::path(get, path = "/openapi", tag = "documentation",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value, content_type = "application/json")))]
pub async fn get_openapi(State(state): State<Arc<AppState>>) -> Response {
    (JSON, state.documentation.openapi.clone()).into_response()
}

/// This description for programs, at the address that many tools expect
#[utoipa::path(get, path = "/openapi.json", tag = "documentation",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value, content_type = "application/json")))]
pub async fn get_openapi_json(State(state): State<Arc<AppState>>) -> Response {
    (JSON, state.documentation.openapi.clone()).into_response()
}

/// This description for people
#[utoipa::path(get, path = "/docs", tag = "documentation",
    responses((status = 200, description = "A page to read and to try", body = String, content_type = "text/html")))]
pub async fn get_docs(State(state): State<Arc<AppState>>) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        // The page names the script, and the script's name changes.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Html(state.documentation.html.clone())).into_response()
}

/// Scalar's script.
pub async fn script(request: HeaderMap) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::ETAG, SCRIPT_ETAG),
        (header::VARY, "Accept-Encoding"),
    ];
    if is_known(&request, SCRIPT_ETAG.as_bytes()) {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else if accepts_gzip(&request) {
        (headers, [(header::CONTENT_ENCODING, "gzip")], SCRIPT_GZIP).into_response()
    } else {
        (headers, inflated().clone()).into_response()
    }
}

/// The script for the rare client that takes no gzip: unpacked when the first such client comes.
fn inflated() -> &'static Bytes {
    static SCRIPT: OnceLock<Bytes> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        let mut script = Vec::new();
        // Cannot fail: it reads from memory what build.rs wrote completely.
        let _ = GzDecoder::new(SCRIPT_GZIP).read_to_end(&mut script);
        script.into()
    })
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    items(request, &header::ACCEPT_ENCODING).any(|item| {
        let (coding, quality) = item.split_once(';').unwrap_or((item, "q=1"));
        let refused = quality
            .trim()
            .strip_prefix("q=")
            .is_some_and(|q| q.parse() == Ok(0.0));
        (coding.trim().eq_ignore_ascii_case("gzip") || coding.trim() == "*") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_goes_to_those_who_take_it() {
        for (header, expected) in [
            ("gzip", true),
            ("br, gzip;q=0.8", true),
            ("deflate, *", true),
            ("GZIP", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("br", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, header.parse().unwrap());
            assert_eq!(accepts_gzip(&headers), expected, "{header}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_script_inflates_to_the_whole_bundle() {
        assert!(inflated().len() > 1_000_000);
    }
}

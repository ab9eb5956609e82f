//! The API's description for programs (/openapi) and for people (/docs), and that of the events for programs
//! (/asyncapi.json, /schemas).
//!
//! The page is Scalar's, with its script served from this binary: it works on a machine without the internet, and nobody
//! learns of a reader's visit. The content security policy enforces that.

use std::io::Read as _;
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use totals_core::contract::schema;
use totals_core::domain::{EventType, excerpt};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, IntoResponses, PartialSchema, ToSchema};

use crate::caching::is_known;
use crate::compression::{GZIP, VARY, accepts_gzip};
use crate::error::{ApiError, ErrorBody};
use crate::state::AppState;

/// The script's validator, the quoted checksum: weak, because the script has other bytes where it is compressed.
const SCRIPT_ETAG: &str = concat!("W/\"", env!("SCALAR_CHECKSUM"), "\"");

/// The script, compressed by build.rs.
const SCRIPT_GZIP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scalar.js.gz"));

/// The version that the caller has
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header that `Document` reads")]
pub struct IfNoneMatch {
    /// The `ETag` of the version that the caller has
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}

/// The version that `If-None-Match` names is the newest
#[derive(IntoResponses)]
#[response(status = 304)]
pub struct NotModified;

/// Describes the names of the schemas.
struct SchemaFile;

impl PartialSchema for SchemaFile {
    fn schema() -> RefOr<Schema> {
        let names = EventType::ALL.map(|event_type| format!("{event_type}.json"));
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(names))
            .into()
    }
}

impl ToSchema for SchemaFile {}

/// Scalar sets styles on its elements, and shows responses as data and blob URLs; everything else comes from this server.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// This description for programs
#[utoipa::path(get, path = "/openapi", tag = "documentation", params(IfNoneMatch),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value, content_type = "application/json"), NotModified))]
pub async fn get_openapi(State(state): State<Arc<AppState>>, request: HeaderMap) -> Response {
    state.documentation.openapi.answer(&request)
}

/// This description for programs, at the address that many tools expect
#[utoipa::path(get, path = "/openapi.json", tag = "documentation", params(IfNoneMatch),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value, content_type = "application/json"), NotModified))]
pub async fn get_openapi_json(State(state): State<Arc<AppState>>, request: HeaderMap) -> Response {
    state.documentation.openapi.answer(&request)
}

/// The events that the totals come from, for programs
///
/// An AsyncAPI document: where producers publish to RabbitMQ, the messages' schemas, and what becomes of those that cannot
/// be counted.
#[utoipa::path(get, path = "/asyncapi.json", tag = "documentation", params(IfNoneMatch),
    responses((status = 200, description = "AsyncAPI 3.0", body = serde_json::Value, content_type = "application/json"), NotModified))]
pub async fn get_asyncapi(State(state): State<Arc<AppState>>, request: HeaderMap) -> Response {
    state.documentation.asyncapi.answer(&request)
}

/// The JSON Schema of an event's messages
#[utoipa::path(get, path = "/schemas/{schema}", tag = "documentation",
    params(("schema" = inline(SchemaFile), Path, description = "The event's type, and `.json`"), IfNoneMatch),
    responses(
        (status = 200, description = "JSON Schema 2020-12", body = serde_json::Value, content_type = "application/schema+json"),
        NotModified,
        (status = 404, description = "No event has this type", body = ErrorBody),
    ))]
pub async fn get_schema(State(state): State<Arc<AppState>>, request: Request) -> Result<Response, ApiError> {
    let path = request.uri().path();
    let event_type = EventType::ALL
        .into_iter()
        .find(|event_type| schema::path(*event_type) == path);
    let event_type = event_type.ok_or_else(|| ApiError::NotFound(excerpt(path)))?;
    Ok(state.documentation.schema(event_type).answer(request.headers()))
}

/// This description for people
#[utoipa::path(get, path = "/docs", tag = "documentation",
    responses((status = 200, description = "A page to read and to try", body = String, content_type = "text/html")))]
pub async fn get_docs(State(state): State<Arc<AppState>>, request: HeaderMap) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        // The page names the script, and the script's name changes.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, state.documentation.html.answer(&request)).into_response()
}

/// Scalar's script.
pub async fn script(request: HeaderMap) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::ETAG, SCRIPT_ETAG),
    ];
    if is_known(&request, SCRIPT_ETAG.trim_start_matches("W/").as_bytes()) {
        (StatusCode::NOT_MODIFIED, VARY, headers).into_response()
    } else if accepts_gzip(&request) {
        (VARY, headers, GZIP, SCRIPT_GZIP).into_response()
    } else {
        (VARY, headers, inflated().clone()).into_response()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_inflates_to_the_whole_bundle() {
        assert!(inflated().len() > 1_000_000);
    }
}

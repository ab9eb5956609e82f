//! The API's description, rendered for programs and for people.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use totals_core::contract::schema::schema;
use totals_core::domain::{Currency, EventType};
use utoipa::openapi::OpenApi;
use utoipa_scalar::Scalar;

use crate::asyncapi;
use crate::caching::is_known;
use crate::compression::{Precompressed, VARY};

/// The path of the page's script, which changes with the script's content.
pub const SCRIPT_PATH: &str = concat!("/docs/scalar-", env!("SCALAR_CHECKSUM"), ".js");

/// The page's template: `$script`, `$title` and `$spec` are filled in.
const PAGE: &str = include_str!("routes/docs.html");

/// The documentation, rendered once at the start.
pub struct Documentation {
    /// The API, for programs.
    pub openapi: Document,
    /// The messages that the worker takes, for programs.
    pub asyncapi: Document,
    /// The API, for people, a page.
    pub html: Precompressed,
    schemas: [Document; EventType::ALL.len()],
}

impl Documentation {
    /// Renders the document for both readers, and the contract of a service whose amounts are in this currency.
    pub fn render(document: &OpenApi, currency: Currency) -> Self {
        let openapi = document.to_json().unwrap_or_default();
        let html = Scalar::new(document.clone())
            .title(document.info.title.clone())
            .custom_html(PAGE.replace("$script", SCRIPT_PATH))
            .to_html();
        Self {
            openapi: Document::new("application/json", openapi),
            asyncapi: Document::new("application/json", asyncapi::document(currency).to_string()),
            schemas: EventType::ALL.map(|event_type| {
                Document::new(
                    "application/schema+json",
                    schema(event_type, currency).to_string(),
                )
            }),
            html: Precompressed::new(html, Compression::default()),
        }
    }

    /// The JSON Schema of this type's messages.
    pub fn schema(&self, event_type: EventType) -> &Document {
        &self.schemas[event_type as usize]
    }
}

/// A document for programs, which changes only with the version of the service and its settings.
pub struct Document {
    content_type: &'static str,
    text: Precompressed,
    etag: String,
}

impl Document {
    fn new(content_type: &'static str, text: String) -> Self {
        Self {
            content_type,
            etag: format!("\"{:08x}\"", crc32fast::hash(text.as_bytes())),
            text: Precompressed::new(text, Compression::default()),
        }
    }

    /// The document, unless the caller has it.
    pub fn answer(&self, request: &HeaderMap) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.content_type)),
            // A cache asks again each time: the next version of the service may have another document.
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        // Weak: the same document has other bytes where it is compressed.
        let etag = [(header::ETAG, format!("W/{}", self.etag))];
        if is_known(request, self.etag.as_bytes()) {
            (StatusCode::NOT_MODIFIED, VARY, headers, etag).into_response()
        } else {
            (headers, etag, self.text.answer(request)).into_response()
        }
    }
}

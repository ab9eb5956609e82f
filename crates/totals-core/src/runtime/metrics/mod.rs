//! What both binaries' metrics have in common: how a scrape is answered, and what every process says of itself.
//!
//! A scraper names the format that it wants. Prometheus asks for OpenMetrics; whoever asks for nothing gets the older text
//! format, which every tool reads ([`format`]).

mod format;
mod log_lines;
mod process;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use self::log_lines::LogLines;
use self::process::ProcessFigures;

/// A registry that has what every process says of itself: the process's figures, and which version it is.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(ProcessFigures::of_this_process()));
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    let totals = registry.sub_registry_with_prefix("totals");
    totals.register("build", "The version that runs; always 1", version);
    registry
}

/// The answer to a scrape that came with these headers.
pub fn answer(registry: &Registry, request: &HeaderMap) -> Response {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = encode(&mut text, registry);
    if format::wants_openmetrics(request) {
        ([(header::CONTENT_TYPE, format::OPENMETRICS)], text).into_response()
    } else {
        let text = format::classic(&text);
        ([(header::CONTENT_TYPE, format::CLASSIC)], text).into_response()
    }
}

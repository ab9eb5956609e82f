//! Larger answers in gzip, for callers who take it, as every browser does: lists and documents. Never streams, whose events
//! would be held back, and not the answers about one campaign, which are too small to gain.
//!
//! Rejected: tower-http's `CompressionLayer`. Its answers have no length, so the connection could not tell one that is owed in
//! full from a stream (`totals_core::runtime::http`), and documents would be compressed for each caller anew. Rejected too:
//! brotli and Zstandard, which every caller can do without.

use std::io::Write as _;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::caching::items;

/// The size of a body, in bytes, above which it is compressed. A smaller one fills one packet either way.
const MIN_BYTES: usize = 1024;

/// Tells caches that callers may get other bytes. A 304 has it as well.
pub const VARY: [(HeaderName, &str); 1] = [(header::VARY, "accept-encoding")];

/// Says that a body is compressed.
pub const GZIP: [(HeaderName, &str); 1] = [(header::CONTENT_ENCODING, "gzip")];

/// A body that is the same for every caller, compressed once.
pub struct Precompressed {
    plain: Bytes,
    /// `None` if it is too small.
    gzip: Option<Bytes>,
}

impl Precompressed {
    /// Compresses the body as well as this says.
    pub fn new(body: impl Into<Bytes>, level: Compression) -> Self {
        let plain = body.into();
        let gzip = (plain.len() > MIN_BYTES).then(|| gzip(&plain, level).into());
        Self { plain, gzip }
    }

    /// The bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        self.plain.len() + self.gzip.as_ref().map_or(0, Bytes::len)
    }

    /// The body as this caller takes it.
    pub fn answer(&self, request: &HeaderMap) -> Response {
        match &self.gzip {
            Some(gzip) if accepts_gzip(request) => (VARY, GZIP, gzip.clone()).into_response(),
            _ => (VARY, self.plain.clone()).into_response(),
        }
    }
}

/// A body that was made for this caller, as the caller takes it: compressed fast rather than well.
pub fn answer(request: &HeaderMap, body: Vec<u8>) -> Response {
    if body.len() > MIN_BYTES && accepts_gzip(request) {
        (VARY, GZIP, gzip(&body, Compression::fast())).into_response()
    } else {
        (VARY, body).into_response()
    }
}

/// Returns true if the request's `Accept-Encoding` names gzip, by itself or among all, and does not prefer what is not
/// compressed.
pub fn accepts_gzip(request: &HeaderMap) -> bool {
    // What is named by itself does not count among all.
    let gzip = quality(request, "gzip").or_else(|| quality(request, "*"));
    gzip.is_some_and(|gzip| gzip > 0.0 && gzip >= quality(request, "identity").unwrap_or(0.0))
}

/// How much the caller wants this coding, from 0 (not at all) to 1; none if the request does not name it.
fn quality(request: &HeaderMap, coding: &str) -> Option<f32> {
    items(request, &header::ACCEPT_ENCODING).find_map(|item| {
        let (named, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight.trim().strip_prefix(['q', 'Q']);
        let weight = weight.and_then(|weight| weight.strip_prefix('=')?.parse().ok());
        let weight = weight.filter(|weight| (0.0..=1.0).contains(weight));
        named
            .trim()
            .eq_ignore_ascii_case(coding)
            .then(|| weight.unwrap_or(1.0))
    })
}

fn gzip(body: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), level);
    // Neither can fail: all of it writes to memory.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
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
            ("gzip;q=0, *", false),
            ("*;q=0, gzip", true),
            ("identity;q=1, gzip;q=0.5", false),
            ("gzip;Q=0.5, identity", false),
            ("identity, *;q=0.1", false),
            ("identity, gzip", true),
            ("identity;q=0.5, gzip;q=0.8", true),
            ("identity;q=0, gzip;q=0.1", true),
            ("identity", false),
            ("br", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, header.parse().unwrap());
            assert_eq!(accepts_gzip(&headers), expected, "{header}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}

//! The windows on the totals: pages, elements for other sites' pages, and an overlay for broadcasts, from `totals-web`.
//!
//! Nothing of them is made for a request: they are the same bytes for everyone, and read the API as anyone does. The content
//! security policies allow scripts and styles of this server alone, none of them inline. Rejected: a page with the number already
//! in it, which no cache could keep and which would be old when it is seen.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use totals_core::domain::excerpt;
use totals_web::Asset;

use crate::caching::{CACHE_ONE_SECOND, is_known};
use crate::compression::{GZIP, VARY, accepts_gzip};
use crate::error::ApiError;

/// The paths of the windows.
pub const HOME: &str = "/";
/// One campaign's page.
pub const CAMPAIGN: &str = "/campaigns/{campaignId}";
/// One campaign, for broadcasts.
pub const OVERLAY: &str = "/overlay/{campaignId}";
/// Where somebody has yet to name the campaign.
pub const OVERLAY_HELP: &str = "/overlay";
/// The same with a slash.
pub const OVERLAY_HELP_SLASH: &str = "/overlay/";
/// What browsers ask for where a page names no icon, as that of an error.
pub const FAVICON: &str = "/favicon.ico";
/// Nearly the first page.
pub const CAMPAIGNS: &str = "/campaigns";
/// The same with a slash.
pub const CAMPAIGNS_SLASH: &str = "/campaigns/";
/// Nearly one campaign's page.
pub const CAMPAIGN_SLASH: &str = "/campaigns/{campaignId}/";
/// Nearly one campaign's overlay.
pub const OVERLAY_SLASH: &str = "/overlay/{campaignId}/";
/// The script that brings the elements to other sites.
pub const EMBED: &str = "/embed/totals.js";
/// What the pages load, each file named by its content.
pub const ASSET: &str = "/assets/{file}";

/// All paths of the windows, for the metrics. Those that only lead to them are counted with all that has no route.
pub const PATHS: [&str; 5] = [HOME, CAMPAIGN, OVERLAY, EMBED, ASSET];

/// The query with which a campaign's page leads to the campaign's JSON, for those whose browser runs no script: the page is the same for
/// each campaign, so it cannot name the address.
const JSON: &str = "json";

/// Pages that nobody may put into a frame, so that no other site can pass them off as its own.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html",
);

/// The overlay: broadcasters' tools put it into frames.
const OVERLAY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors *; require-trusted-types-for 'script'; trusted-types lit-html",
);

/// A file whose name tells its content.
const CACHE_FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The script of other sites, and the icon: a new version is everywhere within five minutes, and nobody waits for it.
const CACHE_FIVE_MINUTES: HeaderValue =
    HeaderValue::from_static("public, max-age=300, stale-while-revalidate=86400");

/// What all have raised together.
pub async fn home(request: HeaderMap) -> Response {
    page("/home.html", PAGE_POLICY, &request)
}

/// The first page, from an address that people try for it.
pub async fn nearly_home(uri: Uri) -> Redirect {
    lead_to("/", uri.query())
}

/// One campaign's page or overlay, from its address with a slash behind it.
pub async fn without_slash(uri: Uri) -> Redirect {
    lead_to(uri.path().trim_end_matches('/'), uri.query())
}

/// Leads to this path, with the options of the address as they are.
fn lead_to(path: &str, query: Option<&str>) -> Redirect {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::temporary(&format!("{path}{query}"))
}

/// One campaign's page: the same for each, since the page itself looks up which one its address names.
pub async fn campaign(request: Request) -> Response {
    if request.uri().query() == Some(JSON) {
        return lead_to(&format!("/api/totals{}", request.uri().path()), None).into_response();
    }
    let page = page("/campaign.html", PAGE_POLICY, request.headers());
    (early_read(request.uri()), page).into_response()
}

/// One campaign over a broadcast's picture.
pub async fn overlay(request: Request) -> Response {
    let page = page("/overlay.html", OVERLAY_POLICY, request.headers());
    (early_read(request.uri()), page).into_response()
}

/// Says how an overlay's address names its campaign.
pub async fn overlay_help(request: HeaderMap) -> Response {
    page("/overlay-help.html", PAGE_POLICY, &request)
}

/// The icon of the pages. Every browser that shows them takes SVG here too.
pub async fn favicon(request: HeaderMap) -> Response {
    match totals_web::icon() {
        Some(icon) => answer(icon, CACHE_FIVE_MINUTES, &request),
        None => ApiError::NotFound(FAVICON.to_owned()).into_response(),
    }
}

/// Lets the browser read the campaign while it still loads the page, which asks for it in these words. An id that could be written in
/// several ways is left to the page.
fn early_read(page: &Uri) -> Option<[(HeaderName, String); 1]> {
    let (_, id) = page.path().rsplit_once('/')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let link = || format!("</api/totals/campaigns?ids={id}>; rel=preload; as=fetch; crossorigin");
    id.bytes().all(is_plain).then(|| [(header::LINK, link())])
}

/// The elements, for pages of any origin.
pub async fn embed(request: HeaderMap) -> Response {
    match totals_web::asset(EMBED) {
        Some(asset) => answer(asset, CACHE_FIVE_MINUTES, &request),
        None => ApiError::NotFound(EMBED.to_owned()).into_response(),
    }
}

/// What the pages load.
pub async fn asset(request: Request) -> Result<Response, ApiError> {
    let path = request.uri().path();
    let asset = totals_web::asset(path).ok_or_else(|| ApiError::NotFound(excerpt(path)))?;
    Ok(answer(asset, CACHE_FOR_EVER, request.headers()))
}

fn page(path: &str, policy: HeaderValue, request: &HeaderMap) -> Response {
    let Some(asset) = totals_web::asset(path) else {
        return ApiError::NotFound(path.to_owned()).into_response();
    };
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    // A page names files that the next version may not have, so nobody keeps it.
    (headers, answer(asset, CACHE_ONE_SECOND, request)).into_response()
}

fn answer(asset: &'static Asset, cache: HeaderValue, request: &HeaderMap) -> Response {
    // Weak: the file has other bytes where it is compressed.
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, cache),
    ];
    let etag = [(header::ETAG, format!("W/{}", asset.etag))];
    if is_known(request, asset.etag.as_bytes()) {
        (StatusCode::NOT_MODIFIED, VARY, headers, etag).into_response()
    } else if accepts_gzip(request) {
        (VARY, headers, etag, GZIP, asset.gzip).into_response()
    } else {
        (VARY, headers, etag, asset.plain).into_response()
    }
}

//! Badges: what a campaign has raised as a small picture for a README, and as JSON for shields.io, which draws it in its own way.
//!
//! A badge always answers 200 if its address is right, also where nobody knows the campaign or the totals cannot be read. It is shown
//! through proxies (GitHub's camo) that turn every other status into a broken image, so that only the picture itself can say what
//! is wrong. It says so in words and in grey; it never shows a zero that is none.

mod content;
mod options;
mod svg;
mod width;

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use totals_core::domain::{CampaignId, excerpt};
use utoipa::IntoParams;

use self::content::{Badge, ShieldsBadge, Shown};
use self::options::Options;
use super::parameters::Parameters;
use super::totals::JSON;
use crate::caching::{CACHE_ONE_SECOND, is_known};
use crate::error::{ApiError, ErrorBody};
use crate::state::AppState;

/// Badges are looked at more often than their numbers matter to the second.
const CACHE_ONE_MINUTE: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// A picture that is opened by itself is a document: it may do nothing.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// Pages that isolate themselves from other origins may show it too.
const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("cross-origin");

/// What a badge may look like.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Options` reads")]
pub struct BadgeQuery {
    /// What is on the left, in place of `raised`.
    #[param(required = false, min_length = 1, max_length = 60, example = "raised")]
    label: String,
    /// The colour of the right: 3 or 6 hexadecimal digits, or a name such as `blue`.
    #[param(required = false, example = "1a7348")]
    color: String,
    /// The colour of the left.
    #[param(required = false, rename = "labelColor", example = "444")]
    label_color: String,
}

/// The two kinds of badges.
enum Form {
    Svg,
    Json,
}

/// A campaign's badge
///
/// With `.svg` a picture for a README or a page, and with `.json` the same for shields.io
/// (its endpoint badge). Both answer 200 also where nobody knows the campaign or the totals cannot be read
/// right now, and say so in words and in grey, because image proxies show no picture of another status.
#[utoipa::path(get, path = "/badge/{badge}", tag = "totals",
    params(
        ("badge" = String, Path, description = "The campaign's id, percent-encoded, and `.svg` or `.json`", example = "camp_123.svg"),
        BadgeQuery,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the badge that the caller has"),
    ),
    responses(
        (status = 200, description = "The badge", content((String = "image/svg+xml"), (ShieldsBadge = "application/json")), headers(
            ("ETag" = String, description = "Names this badge"),
            ("Cache-Control" = String, description = "How long a cache may show it"))),
        (status = 304, description = "The badge that `If-None-Match` names is the newest"),
        (status = 400, description = "The id or a choice is not allowed", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "INVALID_REQUEST",
                "message": "label must be 1 to 60 characters, got 75"}})),
        (status = 404, description = "The path does not end with `.svg` or `.json`", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "NOT_FOUND",
                "message": "there is nothing at `/badge/camp_123`; see /docs for what there is"}})),
    ),
)]
pub async fn get_badge(State(state): State<Arc<AppState>>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let options = Options::of(&Parameters::of(&parts.uri)?)?;
    let Path(file) = Path::<String>::from_request_parts(&mut parts, &state)
        .await
        .map_err(|_| ApiError::Invalid("a badge's path must be percent-encoded UTF-8".to_owned()))?;
    let (id, form) = if let Some(id) = file.strip_suffix(".svg") {
        (id, Form::Svg)
    } else if let Some(id) = file.strip_suffix(".json") {
        (id, Form::Json)
    } else {
        return Err(ApiError::NotFound(excerpt(parts.uri.path())));
    };
    let campaign = CampaignId::try_from(id.to_owned())
        .map_err(|reason| ApiError::Invalid(format!("the campaign's id {reason}")))?;
    let (shown, cache) = match state.live.read(&campaign).await {
        Ok(Some(totals)) => (Shown::Totals(Some(totals)), CACHE_ONE_MINUTE),
        Ok(None) => (Shown::Totals(None), CACHE_ONE_SECOND),
        Err(error) if error.is_unavailable() => (Shown::Unavailable, CACHE_ONE_SECOND),
        Err(error) => return Err(error),
    };
    let badge = Badge::new(id, &shown, options, state.currency);
    let (content_type, body) = match form {
        Form::Svg => (
            HeaderValue::from_static("image/svg+xml; charset=utf-8"),
            badge.svg(),
        ),
        Form::Json => (JSON, json!(badge.shields()).to_string()),
    };
    let etag = format!("\"{:08x}\"", crc32fast::hash(body.as_bytes()));
    let is_known = is_known(&parts.headers, etag.as_bytes());
    let headers = [
        (header::CACHE_CONTROL, cache),
        (
            header::ETAG,
            HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")),
        ),
    ];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let about = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            ANY_ORIGIN,
        ),
    ];
    Ok((headers, about, body).into_response())
}

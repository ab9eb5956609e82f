//! What one campaign has raised.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use totals_core::domain::CampaignId;
use utoipa::IntoParams;

use crate::caching::{CACHE_ONE_SECOND, is_known};
use crate::error::{ApiError, ErrorBody};
use crate::openapi::{InvalidCampaignId, Unavailable};
use crate::representation::{Rendered, TotalsBody};
use crate::state::AppState;

/// The content type of answers.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The campaign that a path names.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct CampaignPath {
    /// The campaign's id, percent-encoded.
    #[param(value_type = String, min_length = 1, max_length = 256, example = "camp_123")]
    pub campaign_id: CampaignId,
}

impl<S: Send + Sync> FromRequestParts<S> for CampaignPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) =
            Path::<String>::from_request_parts(parts, state)
                .await
                .map_err(|_: PathRejection| {
                    ApiError::Invalid("campaignId must be percent-encoded UTF-8".to_owned())
                })?;
        let campaign_id =
            CampaignId::try_from(text).map_err(|reason| ApiError::Invalid(format!("campaignId {reason}")))?;
        Ok(Self { campaign_id })
    }
}

/// Totals of one campaign
///
/// From memory, and as of a moment ago: what is committed is shown within milliseconds. `ETag` names the version;
/// with `If-None-Match` the answer is 304 until there is another.
#[utoipa::path(
    get,
    path = "/api/totals/campaigns/{campaignId}",
    tag = "totals",
    params(
        CampaignPath,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the version that the caller has"),
    ),
    responses(
        (status = 200, description = "The campaign's totals", body = TotalsBody, headers(
            ("ETag" = String, description = "Names this version: its revision and the time of its change"),
            ("Cache-Control" = String, description = "How long a cache may show it"))),
        (status = 304, description = "The version that `If-None-Match` names is the newest"),
        InvalidCampaignId,
        (status = 404, description = "No event has told of this campaign: neither a donation nor the campaign itself", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "TOTALS_NOT_FOUND",
                "message": "no donation has been counted for campaign `camp_404` yet"}})),
        Unavailable,
    ),
)]
pub async fn get_totals(
    State(state): State<Arc<AppState>>,
    path: CampaignPath,
    request: HeaderMap,
) -> Result<Response, ApiError> {
    let view = state.live.read(&path.campaign_id).await?;
    let totals = view.ok_or(ApiError::TotalsNotFound(path.campaign_id))?;
    Ok(answer(Rendered::new(&totals, state.currency), &request))
}

/// The answer with a campaign's totals to a request with these headers.
pub fn answer(totals: Rendered, request: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    // One allocation for these headers and all that are added on the way out.
    headers.reserve(8);
    headers.insert(header::CACHE_CONTROL, CACHE_ONE_SECOND);
    let known = is_known(request, totals.etag.as_bytes());
    headers.insert(header::ETAG, totals.etag);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(header::CONTENT_TYPE, JSON);
        *response.body_mut() = totals.body.into();
    }
    response
}

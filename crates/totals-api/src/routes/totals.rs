//! What one campaign has raised.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use totals_core::domain::CampaignId;
use utoipa::IntoParams;

use crate::caching::{CACHE_ONE_SECOND, IfNoneMatch};
use crate::error::{ApiError, ErrorBody};
use crate::representation::{Rendered, TotalsBody};
use crate::state::AppState;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

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
        (status = 400, description = "The id is empty, longer than 256 bytes or no UTF-8", body = ErrorBody,
            example = json!({"success": false, "error": {
                "code": "INVALID_REQUEST", "message": "campaignId must be at most 256 bytes, got 300"}})),
        (status = 404, description = "No donation was ever counted for this campaign", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "TOTALS_NOT_FOUND",
                "message": "no donation has been counted for campaign `camp_404` yet"}})),
        (status = 500, description = "A defect of the service", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "INTERNAL_ERROR",
                "message": "something went wrong on our side; the x-request-id header identifies this request"}})),
        (status = 503, description = "The database cannot answer in time; never a made-up zero", body = ErrorBody,
            headers(("Retry-After" = u32, description = "Seconds after which to try again")),
            example = json!({"success": false, "error": {"code": "UNAVAILABLE",
                "message": "the totals cannot be read right now; try again in a moment"}})),
    ),
)]
pub async fn get_totals(
    State(state): State<AppState>,
    path: CampaignPath,
    known: IfNoneMatch,
) -> Result<Response, ApiError> {
    let view = state.live.read(&path.campaign_id).await?;
    let totals = view.ok_or(ApiError::TotalsNotFound(path.campaign_id))?;
    Ok(answer(Rendered::new(&totals, state.currency), &known))
}

/// The answer with a campaign's totals.
pub fn answer(totals: Rendered, known: &IfNoneMatch) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    // For these and all that is added on the way out, at once.
    headers.reserve(8);
    headers.insert(header::CACHE_CONTROL, CACHE_ONE_SECOND);
    let is_known = known.has(totals.etag.as_bytes());
    headers.insert(header::ETAG, totals.etag);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(header::CONTENT_TYPE, JSON);
        *response.body_mut() = totals.body.into();
    }
    response
}

//! What one campaign has raised.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use totals_core::domain::money::DecimalNumber;
use totals_core::domain::{CampaignId, Currency, Timestamp};
use totals_core::store;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::caching::{BRIEFLY, IfNoneMatch};
use crate::error::{ApiError, ErrorBody};
use crate::live::Rendered;
use crate::state::AppState;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One campaign's totals.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotalsBody {
    /// Always true.
    #[schema(default = true)]
    success: bool,
    data: CampaignTotals,
}

/// What one campaign has raised so far.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignTotals {
    #[schema(value_type = String, example = "camp_123")]
    campaign_id: CampaignId,
    /// Exact, in major units of the currency: a decimal number, never rounded.
    #[schema(schema_with = amount)]
    total_amount: DecimalNumber,
    /// Donations that were not wholly refunded.
    #[schema(minimum = 0, example = 42)]
    total_pledges: i64,
    /// Registered donors behind those donations, each counted once; guests are not counted.
    #[schema(minimum = 0, example = 35)]
    total_donors: i64,
    /// When the totals last changed.
    #[schema(value_type = String, format = DateTime, example = "2024-11-21T10:30:00.000Z")]
    last_updated: Timestamp,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    currency: &'static str,
    /// Grows with each change of the totals, and now and then without one: of two answers the one with the higher revision is newer.
    #[schema(minimum = 1, example = 57)]
    revision: i64,
}

/// A number without a format: `double` would promise less than there is.
fn amount() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(0))
        .description(Some(
            "Exact, in major units of the currency: a decimal number, never rounded.",
        ))
        .examples([5000.5])
        .build()
}

impl TotalsBody {
    /// The body of an answer.
    pub fn new(data: CampaignTotals) -> Self {
        Self { success: true, data }
    }
}

impl CampaignTotals {
    /// The totals as callers get them.
    pub fn new(found: &store::CampaignTotals, currency: Currency) -> Self {
        Self {
            campaign_id: found.campaign.clone(),
            total_amount: currency.format(found.totals.amount),
            total_pledges: found.totals.pledges,
            total_donors: found.totals.donors,
            last_updated: found.last_updated,
            currency: currency.code(),
            revision: found.revision,
        }
    }
}

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
    let shown = state.live.read(&path.campaign_id).await?;
    let totals = shown.totals.ok_or(ApiError::TotalsNotFound(path.campaign_id))?;
    Ok(answer(&totals, &known))
}

/// The answer with a campaign's totals.
pub fn answer(totals: &Rendered, known: &IfNoneMatch) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    // For these and all that is added on the way out, at once.
    headers.reserve(8);
    headers.insert(header::CACHE_CONTROL, BRIEFLY);
    headers.insert(header::ETAG, totals.etag.clone());
    if known.has(totals.etag.as_bytes()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(header::CONTENT_TYPE, JSON);
        *response.body_mut() = totals.body.clone().into();
    }
    response
}

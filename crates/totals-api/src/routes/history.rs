//! What was raised when, by one campaign or by all.

mod query;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use self::query::{HistoryParameters, HistoryQuery};
use super::totals::{CampaignPath, JSON};
use crate::caching::{CACHE_ONE_SECOND, is_known};
use crate::compression::VARY;
use crate::error::{ApiError, ErrorBody};
use crate::openapi::NoHistory;
use crate::representation::{HistoryAnswer, HistoryBody};
use crate::state::AppState;

/// What one campaign has raised over time
///
/// The intervals are whole ones, and follow each other without a gap; one in which nothing was raised has a point with 0. A
/// donation is in the interval of its own time, and its refunds are taken from there, whenever they come. So the points of all
/// times add up to the campaign's totals as of `revision`. `total` goes from the very beginning: at a point behind which
/// there is no donation it is `totalAmount`.
///
/// A day begins and ends by the clocks of `timeZone`, so it may have 23 or 25 hours. An hour that they show twice is two
/// intervals. Donations are counted by quarters of an hour of UTC, and each of these belongs to the interval in which it
/// begins: that is exact wherever clocks are whole quarters of an hour ahead of UTC or behind it, as all are since 1980.
#[utoipa::path(
    get,
    path = "/api/totals/campaigns/{campaignId}/history",
    tag = "totals",
    params(
        CampaignPath,
        HistoryParameters,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the answer that the caller has"),
    ),
    responses(
        (status = 200, description = "What was raised in each interval", body = HistoryBody, headers(
            ("ETag" = String, description = "Names this answer"),
            ("Cache-Control" = String, description = "How long a cache may show it"))),
        (status = 404, description = "No event has told of this campaign: neither a donation nor the campaign itself", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "TOTALS_NOT_FOUND",
                "message": "no donation has been counted for campaign `camp_404` yet"}})),
        NoHistory,
    ),
)]
pub async fn get_campaign_history(
    State(state): State<Arc<AppState>>,
    path: CampaignPath,
    HistoryQuery(intervals): HistoryQuery,
    request: HeaderMap,
) -> Result<Response, ApiError> {
    let id = path.campaign_id;
    let answer = state
        .live
        .campaign_history(&id, &intervals, state.currency)
        .await?;
    let answer = answer.ok_or(ApiError::TotalsNotFound(id))?;
    Ok(respond(&answer, &request))
}

/// What all campaigns have raised together over time
///
/// As of one campaign. What was raised is as of one moment.
#[utoipa::path(
    get,
    path = "/api/totals/history",
    tag = "totals",
    params(
        HistoryParameters,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the answer that the caller has"),
    ),
    responses(
        (status = 200, description = "What was raised in each interval", body = HistoryBody, headers(
            ("ETag" = String, description = "Names this answer"),
            ("Cache-Control" = String, description = "How long a cache may show it"))),
        NoHistory,
    ),
)]
pub async fn get_history(
    State(state): State<Arc<AppState>>,
    HistoryQuery(intervals): HistoryQuery,
    request: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = state.live.platform_history(&intervals, state.currency).await?;
    Ok(respond(&answer, &request))
}

/// The answer to a request with these headers.
fn respond(answer: &HistoryAnswer, request: &HeaderMap) -> Response {
    let caching = [(header::CACHE_CONTROL, CACHE_ONE_SECOND)];
    let etag = [(header::ETAG, answer.etag.clone())];
    let tag = answer.etag.trim_start_matches("W/");
    if is_known(request, tag.as_bytes()) {
        (StatusCode::NOT_MODIFIED, caching, etag, VARY).into_response()
    } else {
        let content = [(header::CONTENT_TYPE, JSON)];
        (caching, etag, content, answer.body.answer(request)).into_response()
    }
}

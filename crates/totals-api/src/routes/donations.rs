//! The latest donations to one campaign, if the operator shows them.

mod cursor;
pub mod stream;

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use totals_core::store::{LatestPage, LogPlace};
use utoipa::IntoParams;

use self::cursor::{encode, parse};
use super::parameters::Parameters;
use super::totals::{CampaignPath, JSON};
use crate::caching::CACHE_ONE_SECOND;
use crate::error::{ApiError, ErrorBody};
use crate::openapi::{InvalidCampaignId, Unavailable};
use crate::representation::{DonationsBody, DonationsData};
use crate::state::AppState;

/// Which of the latest donations to answer with.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct DonationsQuery {
    /// At most so many donations.
    #[param(required = false, minimum = 1, maximum = 100, default = 20, example = 20)]
    limit: u32,
    /// Behind another page: its `nextCursor`.
    #[param(required = false, value_type = String, pattern = "^[A-Za-z0-9_-]+$", max_length = 22)]
    cursor: Option<LogPlace>,
}

impl<S: Send + Sync> FromRequestParts<S> for DonationsQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let parameters = Parameters::of(&parts.uri)?;
        Ok(Self {
            limit: parameters.number("limit", 1..=100)?.unwrap_or(20),
            cursor: parameters.single("cursor")?.map(parse).transpose()?,
        })
    }
}

/// The latest donations to one campaign
///
/// Only where the operator shows them (`DONATION_FEED`, by default `off`): `amounts` shows amounts and times, `names` also the
/// names of donors who have agreed to it. They are listed in the order in which the service was told of them, the latest
/// first, each with the time at which it was made and with what refunds have left of it. A donation that was refunded wholly is not
/// listed, nor is one that the service was told of more than two days after it was made, such as one of a backfill.
///
/// Behind the last page there is no `nextCursor`. One answer looks at 2,000 events of the campaign at most: where many
/// donations in a row were refunded, a page may have fewer donations than its limit, or none, and a `nextCursor`.
#[utoipa::path(
    get,
    path = "/api/totals/campaigns/{campaignId}/donations",
    tag = "donations",
    params(CampaignPath, DonationsQuery),
    responses(
        (status = 200, description = "The donations", body = DonationsBody, headers(
            ("Cache-Control" = String, description = "How long a cache may show it"))),
        InvalidCampaignId,
        (status = 404, description = "No event has told of this campaign, or the operator does not show single donations", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "NOT_FOUND",
                "message": "single donations are not shown here: the operator has DONATION_FEED=off"}})),
        Unavailable,
    ),
)]
pub async fn list_donations(
    State(state): State<Arc<AppState>>,
    path: CampaignPath,
    query: DonationsQuery,
) -> Result<Response, ApiError> {
    let names = state.donation_feed.shows_names()?;
    let campaign = path.campaign_id;
    if state.live.read(&campaign).await?.is_none() {
        return Err(ApiError::TotalsNotFound(campaign));
    }
    let page = LatestPage {
        limit: query.limit,
        after: query.cursor,
        names,
    };
    let found = state.live.latest(&campaign, &page).await?;
    let data = DonationsData::new(campaign, &found, state.currency).with_cursor(found.next.map(encode));
    let headers = [
        (header::CACHE_CONTROL, CACHE_ONE_SECOND),
        (header::CONTENT_TYPE, JSON),
    ];
    Ok((headers, DonationsBody::json(data)).into_response())
}

//! What all campaigns have raised together, or those that the request names.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use totals_core::store::Sum;

use super::ids::Ids;
use super::totals::JSON;
use crate::caching::CACHE_ONE_SECOND;
use crate::error::{ApiError, ErrorBody};
use crate::openapi::Unavailable;
use crate::representation::{SumBody, SumData};
use crate::state::AppState;

/// The sum of all campaigns' totals, or of some
///
/// With `ids`, of those of the named campaigns that events have told of. Never a part of a sum: while one of the
/// campaigns cannot be read, the answer is 503. Campaigns that change together may be in the sum one after another, within
/// moments.
#[utoipa::path(
    get,
    path = "/api/totals",
    tag = "totals",
    params(Ids),
    responses(
        (status = 200, description = "The sum", body = SumBody),
        (status = 400, description = "`ids` is no list of 1 to 100 ids", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "INVALID_REQUEST", "message":
                "ids must be 1 to 100 campaign ids separated by commas, each of 1 to 256 bytes; got 101 of them"}})),
        Unavailable,
    ),
)]
pub async fn get_sum(State(state): State<Arc<AppState>>, ids: Option<Ids>) -> Result<Response, ApiError> {
    let sum = match ids {
        Some(ids) => sum_of(&state, ids).await?,
        None => state.live.sum().await?,
    };
    let headers = [
        (header::CACHE_CONTROL, CACHE_ONE_SECOND),
        (header::CONTENT_TYPE, JSON),
    ];
    let body = SumBody::json(SumData::new(&sum, state.currency));
    Ok((headers, body).into_response())
}

/// The sum of these campaigns. A campaign that nobody has told of adds nothing; one that cannot be read is a failure.
async fn sum_of(state: &AppState, Ids { ids }: Ids) -> Result<Sum, ApiError> {
    let found = state.live.read_all(&ids).await?;
    let mut sum = Sum::default();
    for (id, view) in ids.iter().zip(found) {
        let view = match view {
            Some(view) => view,
            // Tells what is wrong with it.
            None => state.live.read(id).await?,
        };
        if let Some(totals) = &view {
            sum.add(totals);
        }
    }
    Ok(sum)
}

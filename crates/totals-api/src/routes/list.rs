//! What many campaigns have raised: a page of them, or those that the request names.

mod cursor;
mod query;
mod sort;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use totals_core::domain::{CampaignId, Currency};
use totals_core::store;
use utoipa::ToSchema;

use self::query::{ListQuery, PageQuery};
use super::ids::Ids;
use super::totals::JSON;
use crate::caching::CACHE_ONE_SECOND;
use crate::compression;
use crate::error::{ApiError, ErrorBody};
use crate::openapi::Unavailable;
use crate::representation::{TotalsData, write_json};
use crate::state::AppState;

/// Some of the campaigns.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody {
    /// Always true.
    #[schema(default = true)]
    success: bool,
    data: TotalsPage,
}

/// Some of the campaigns, and how many there are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TotalsPage {
    totals: Vec<TotalsData>,
    /// Campaigns in all; of `ids`, those that have totals.
    #[schema(minimum = 0, example = 240)]
    total: u64,
    /// As asked for; of `ids`, how many different ones.
    #[schema(minimum = 1, maximum = 100, example = 20)]
    limit: u32,
    /// As asked for; otherwise 0.
    #[schema(minimum = 0, example = 0)]
    offset: u32,
    /// What to send as `cursor` for the page behind this one; not there on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "AAEAAAAAAAehUmNhbXBfMTIzCcKg5A")]
    next_cursor: Option<String>,
}

/// Totals of many campaigns, page by page or by their ids
///
/// Campaigns that are equal in what they are sorted by are ordered by id. Pages by `offset` neither overlap nor leave
/// gaps while nothing changes; pages by `cursor` do not while other campaigns change either.
///
/// With `ids`, which goes together with no other parameter, the answer has those of the campaigns that have totals, in
/// the order of the ids.
#[utoipa::path(
    get,
    path = "/api/totals/campaigns",
    tag = "totals",
    params(
        PageQuery,
        ("ids" = Option<Vec<String>>, Query, style = Form, explode = false, min_items = 1, max_items = 100,
            description = "Instead of a page: campaign ids separated by commas; one asked for twice is answered once. \
                Commas that are percent-encoded separate too, so a campaign with a comma in its id can only be asked \
                for by itself.",
            example = json!(["camp_123", "camp_124"])),
    ),
    responses(
        (status = 200, description = "The page, empty beyond the last campaign; or the campaigns of `ids`",
            body = PageBody),
        (status = 400, description = "A parameter is not allowed, or not together with another", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "INVALID_REQUEST",
                "message": "limit must be a whole number from 1 to 100, got `abc`"}})),
        Unavailable,
    ),
)]
pub async fn list_totals(
    State(state): State<Arc<AppState>>,
    request: HeaderMap,
    query: ListQuery,
) -> Result<Response, ApiError> {
    let body = match query {
        ListQuery::Page(query) => page(&state, query).await?,
        ListQuery::Ids(Ids { ids }) => named(&state, &ids).await?,
    };
    let headers = [
        (header::CACHE_CONTROL, CACHE_ONE_SECOND),
        (header::CONTENT_TYPE, JSON),
    ];
    Ok((headers, compression::answer(&request, body)).into_response())
}

/// The body of an answer with this page.
async fn page(state: &AppState, query: PageQuery) -> Result<Vec<u8>, ApiError> {
    let listing = state.live.page(&query.page()).await?;
    let totals = listing.totals.iter();
    let next = listing.next.clone();
    let data = TotalsPage {
        totals: totals
            .map(|found| TotalsData::new(found, state.currency))
            .collect(),
        total: listing.total,
        limit: query.limit,
        offset: query.offset,
        next_cursor: next.map(|position| query.next_cursor(position)),
    };
    // Cannot fail: all of it writes to memory.
    Ok(serde_json::to_vec(&PageBody { success: true, data }).unwrap_or_default())
}

/// The body of an answer with these campaigns. As on a page, documents that this service has not written are left out.
async fn named(state: &AppState, ids: &[CampaignId]) -> Result<Vec<u8>, ApiError> {
    let views = match state.live.all_in_memory(ids) {
        Some(views) => views,
        // This takes more time than an answer from memory alone does.
        None => state
            .live
            .read_all(ids)
            .await?
            .into_iter()
            .map(Option::flatten)
            .collect(),
    };
    let totals: Vec<_> = views.iter().flatten().collect();
    Ok(write_list(&totals, ids.len(), state.currency))
}

/// A [`PageBody`] with all of these totals, written without [`TotalsData`] in between.
fn write_list(totals: &[&store::CampaignTotals], limit: usize, currency: Currency) -> Vec<u8> {
    let mut body = Vec::with_capacity(64 + 256 * totals.len());
    body.extend_from_slice(br#"{"success":true,"data":{"totals":["#);
    for (number, totals) in totals.iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        write_json(&mut body, totals, currency);
    }
    let after = format!(r#"],"total":{},"limit":{limit},"offset":0}}}}"#, totals.len());
    body.extend_from_slice(after.as_bytes());
    body
}

#[cfg(test)]
mod tests {
    use totals_core::domain::{Money, Timestamp, Totals};

    use super::*;

    #[test]
    fn what_is_written_at_once_is_what_would_be_serialized() {
        let currency: Currency = "USD".parse().unwrap();
        let found = |number| store::CampaignTotals {
            campaign: CampaignId::try_from(format!("camp_{number}")).unwrap(),
            totals: Totals {
                amount: Money::from_minor(number),
                pledges: number,
                donors: 1,
            },
            revision: number,
            last_updated: Timestamp::from_unix_millis(number).unwrap(),
            facts: None,
        };
        for count in 0..3 {
            let found: Vec<_> = (0..count).map(found).collect();
            let totals = found.iter().map(|found| TotalsData::new(found, currency));
            let data = TotalsPage {
                totals: totals.collect(),
                total: found.len() as u64,
                limit: 5,
                offset: 0,
                next_cursor: None,
            };
            let serialized = serde_json::to_vec(&PageBody { success: true, data }).unwrap();
            let found: Vec<_> = found.iter().collect();
            assert_eq!(write_list(&found, 5, currency), serialized);
        }
    }
}

//! The latest donations to one campaign as they change, as Server-Sent Events.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use futures::StreamExt;
use futures::stream;
use totals_core::domain::{CampaignId, Currency};
use totals_core::store::LatestDonations;

use crate::error::{ApiError, ErrorBody};
use crate::live::View;
use crate::openapi::{DonationEvents, InvalidCampaignId, StreamUnavailable};
use crate::representation::DonationsData;
use crate::routes::stream::{event_id, events, is_last_event, without_totals};
use crate::routes::totals::CampaignPath;
use crate::state::AppState;

/// The latest donations to one campaign, as they change
///
/// Only where the operator shows them, as the list does. Each event is the whole list of the latest 20: first as it is now, then
/// as it is after every change, some times a second at most. `id` is the version of the campaign, as in its own stream, and
/// `data` the same object as `data` of the list. Who reads slowly is sent the newest list, not those in between. A campaign
/// without totals is `event: no-totals` with id 0. Heartbeats, `event: stale` and `event: current`, the stream's end and
/// `Last-Event-ID` are as those of the campaign's own stream.
#[utoipa::path(
    get,
    path = "/api/totals/campaigns/{campaignId}/donations/stream",
    tag = "donations",
    params(
        CampaignPath,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event of a stream that was lost"),
    ),
    responses(
        DonationEvents,
        InvalidCampaignId,
        (status = 404, description = "The operator does not show single donations", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "NOT_FOUND",
                "message": "single donations are not shown here: the operator has DONATION_FEED=off"}})),
        StreamUnavailable,
    ),
)]
pub async fn stream_donations(
    State(state): State<Arc<AppState>>,
    path: CampaignPath,
    request: HeaderMap,
) -> Result<Response, ApiError> {
    let names = state.donation_feed.shows_names()?;
    let places = state.live.stream_places(1)?;
    let mut watch = state.live.watch_latest(path.campaign_id, names);
    let (view, list) = watch.first().await?;
    let currency = state.currency;
    let is_known = is_last_event(&request, &view);
    let first = (!is_known).then(|| event(watch.campaign(), &view, &list, currency));
    let later = stream::unfold(watch, move |mut watch| async move {
        let (view, list) = watch.next().await;
        Some((event(watch.campaign(), &view, &list, currency), watch))
    });
    Ok(events(&state, places, first.into_iter().collect(), later.boxed()))
}

fn event(campaign: &CampaignId, view: &View, list: &LatestDonations, currency: Currency) -> Event {
    let event = Event::default().id(event_id(view));
    if view.is_none() {
        return without_totals(event, campaign);
    }
    let data = DonationsData::new(campaign.clone(), list, currency).json();
    event.data(String::from_utf8_lossy(&data))
}

//! Totals as they change, as Server-Sent Events (WHATWG HTML, "Server-sent events").

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use totals_core::domain::{CampaignId, Currency};
use totals_core::store::Sum;

use super::ids::Ids;
use super::totals::CampaignPath;
use crate::error::{ApiError, ErrorBody};
use crate::live::{StaleSince, View, Watch};
use crate::openapi::{EventStream, InvalidCampaignId, StreamUnavailable};
use crate::representation::{SumData, version, write_json};
use crate::state::AppState;

/// How often a comment is sent while nothing changes, so that no proxy takes the connection for dead. Some end an answer that
/// is silent for 10 seconds.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The share of `STREAM_LIFETIME` that a stream lasts: a random one, so that a crowd that came at once does not come back at
/// once.
const LIFETIME_SHARE: std::ops::Range<f64> = 0.8..1.0;

/// Keep proxies from holding events back, or the stream itself.
const PASSED_ON_AT_ONCE: [(HeaderName, HeaderValue); 3] = [
    // A few caches know `no-cache` alone. A proxy that compresses collects events until there is enough to compress.
    (
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store, no-transform"),
    ),
    // RFC 9110 advises against the word. But Caddy 2.6 and others compress all that names no encoding, `no-transform` or not.
    (header::CONTENT_ENCODING, HeaderValue::from_static("identity")),
    // Without it nginx would collect events before it passes them on.
    (
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    ),
];

/// How long a client waits before it connects again: a random time, so that a crowd does not come back all at once.
const RETRY_MILLIS: std::ops::RangeInclusive<u64> = 1000..=3000;

/// The id of an event that says that a campaign has no totals.
const NO_TOTALS: &str = "0";

/// Returns true if the last event that a returning client has shows just this version. A higher revision is no reason to be
/// silent: a campaign that was reset or restored has begun anew at a lower one.
pub(super) fn is_last_event(request: &HeaderMap, view: &View) -> bool {
    request
        .get("last-event-id")
        .is_some_and(|last| *last == event_id(view))
}

/// Totals of one campaign, as they change
///
/// Server-Sent Events: first what the campaign shows now, then every newer state. `id` is the version, as in
/// the `ETag` of a read; `data` the same object as `data` of a read. Who reads slowly is sent the newest state, not those
/// in between. A campaign without totals is `event: no-totals` with id 0, and the first event that tells of it the next one. Every 5
/// seconds a comment is sent. A client that comes back with `Last-Event-ID` is not sent the version that it has, and any
/// other at once. While the server has not heard from its database for 5 seconds, what was sent may be old: `event: stale` says so,
/// with the time in `asOf` until which it was right, and `event: current` that it is right again. The stream ends after an hour (`STREAM_LIFETIME`) or when the server stops; connect again then, as
/// `EventSource` does by itself.
#[utoipa::path(
    get,
    path = "/api/totals/campaigns/{campaignId}/stream",
    tag = "totals",
    params(
        CampaignPath,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event of a stream that was lost"),
    ),
    responses(
        EventStream,
        InvalidCampaignId,
        StreamUnavailable,
    ),
)]
pub async fn stream_totals(
    State(state): State<Arc<AppState>>,
    path: CampaignPath,
    request: HeaderMap,
) -> Result<Response, ApiError> {
    let places = state.live.stream_places(1)?;
    let mut watch = state.live.watch(path.campaign_id);
    let view = watch.first().await?;
    let first = (!is_last_event(&request, &view)).then_some(view);
    Ok(views(&state, places, vec![(watch, first)]))
}

/// Totals of several campaigns, or the sum of all, as they change
///
/// With `ids`, as the stream of one campaign, for up to 100 at once: first what each shows now, in the order of the ids, then
/// every newer state of any. `id` is the version of the campaign that the event tells of, so it says nothing of the others:
/// a client that comes back is sent all of them again. `event: stale` and `event: current` are as those of one campaign's stream.
///
/// Without `ids`, the sum of all campaigns, at most ten times a second: `data` is the same object as `data` of
/// /api/totals, and there is no `id`; `event: stale` and `event: current` as well.
#[utoipa::path(
    get,
    path = "/api/totals/stream",
    tag = "totals",
    params(Ids),
    responses(
        EventStream,
        (status = 400, description = "`ids` is no list of 1 to 100 ids", body = ErrorBody,
            example = json!({"success": false, "error": {"code": "INVALID_REQUEST", "message":
                "ids must be 1 to 100 campaign ids separated by commas, each of 1 to 256 bytes; got 101 of them"}})),
        StreamUnavailable,
    ),
)]
pub async fn stream_many(State(state): State<Arc<AppState>>, ids: Option<Ids>) -> Result<Response, ApiError> {
    let Some(Ids { ids }) = ids else {
        return sums(&state).await;
    };
    let places = state.live.stream_places(ids.len())?;
    let watches: Vec<_> = ids.iter().cloned().map(|id| state.live.watch(id)).collect();
    let found = state.live.read_all(&ids).await?;
    let opened = watches.into_iter().zip(found).map(|(mut watch, first)| {
        // Totals that cannot be read are sent as soon as somebody has mended them.
        if let Some(view) = first.clone() {
            watch.begin_after(view);
        }
        (watch, first)
    });
    Ok(views(&state, places, opened.collect()))
}

/// The stream of the sum of all campaigns.
async fn sums(state: &AppState) -> Result<Response, ApiError> {
    let places = state.live.stream_places(1)?;
    let mut watch = state.live.watch_sum();
    let currency = state.currency;
    let event = move |sum: &Sum| {
        let json = SumData::new(sum, currency).json();
        Event::default().data(String::from_utf8_lossy(&json))
    };
    let now = vec![event(&watch.first().await?)];
    let later = stream::unfold(watch, move |mut watch| async move {
        let sum = watch.next().await;
        Some((event(&sum), watch))
    });
    Ok(events(state, places, now, later.boxed()))
}

/// The stream of these campaigns, each with the state that is sent first, if any.
fn views(state: &AppState, places: OwnedSemaphorePermit, watches: Vec<(Watch, Option<View>)>) -> Response {
    let currency = state.currency;
    let now: Vec<_> = watches
        .iter()
        .filter_map(|(watch, first)| Some(event(watch.campaign(), first.as_ref()?, currency)))
        .collect();
    let later = watches.into_iter().map(|(watch, _)| {
        let states = stream::unfold(watch, move |mut watch| async move {
            let view = watch.next().await;
            Some((event(watch.campaign(), &view, currency), watch))
        });
        states.boxed()
    });
    events(state, places, now, stream::select_all(later).boxed())
}

/// The stream of these events: those there are now, and those to come. It holds its places until it ends.
pub(super) fn events(
    state: &AppState,
    places: OwnedSemaphorePermit,
    now: Vec<Event>,
    later: BoxStream<'static, Event>,
) -> Response {
    let lifetime = state.stream_lifetime.mul_f64(rand::random_range(LIFETIME_SHARE));
    let soft = state.shutdown.soft.clone();
    let end = async move {
        // A proxy may keep the stream of a client that has gone, and with it its place. So each ends some time.
        tokio::select! {
            () = soft.cancelled_owned() => {}
            () = tokio::time::sleep(lifetime) => {}
        }
    };
    let (stale_since, changes) = state.live.vouching();
    let later = stream::select(later, changes.map(vouching));
    let retry = Event::default().retry(Duration::from_millis(rand::random_range(RETRY_MILLIS)));
    let first = [retry]
        .into_iter()
        .chain(stale_since.map(|as_of| vouching(Some(as_of))));
    let events = stream::iter(first)
        .chain(stream::iter(now))
        .chain(later)
        .map(move |event| {
            let _until_it_ends = &places;
            Ok::<_, Infallible>(event)
        })
        .take_until(end);
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    (PASSED_ON_AT_ONCE, events).into_response()
}

/// The event that says that nobody can vouch for what was sent, or that it is right again.
fn vouching(stale: StaleSince) -> Event {
    let event = Event::default();
    match stale {
        Some(as_of) => event
            .event("stale")
            .data(json!({ "asOf": as_of.to_string() }).to_string()),
        None => event.event("current").data("{}"),
    }
}

fn event(campaign: &CampaignId, view: &View, currency: Currency) -> Event {
    let event = Event::default().id(event_id(view));
    match view {
        Some(totals) => {
            let mut json = Vec::new();
            write_json(&mut json, totals, currency);
            event.data(String::from_utf8_lossy(&json))
        }
        None => without_totals(event, campaign),
    }
}

/// The event that says that a campaign has no totals.
pub(super) fn without_totals(event: Event, campaign: &CampaignId) -> Event {
    event
        .event("no-totals")
        .data(json!({ "campaignId": campaign.as_str() }).to_string())
}

pub(super) fn event_id(view: &View) -> String {
    view.as_ref()
        .map_or_else(|| NO_TOTALS.to_owned(), |totals| version(totals).to_string())
}

//! The way in: a campaign that is in memory is answered here, and everything else by the router.
//!
//! A route, its handler and the layers around it cost a request about as much as all of the rest of its answer does:
//! axum clones and boxes them for each request. One kind of request, sent by everyone who looks at a campaign, needs
//! none of that: its answer is there before the request comes. Whatever is out of the ordinary goes to the router:
//! another method, an id that is percent-encoded, a request over the limits, one that leaves a line in the log or a span.
//!
//! Either way the answer is the same to the letter, headers included (`tests/e2e/live.rs` compares them).

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Bytes, HttpBody};
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::future::RouteFuture;
use futures::TryFutureExt as _;
use futures::future::{Either, MapOk};
use tokio::time::Instant;
use totals_core::domain::CampaignId;
use tower::Service;

use crate::access_log;
use crate::caching::without_a_body;
use crate::error::ApiError;
use crate::limits::{add_common_headers, refusal};
use crate::representation::Rendered;
use crate::request_id::{self, REQUEST_ID};
use crate::routes::totals;
use crate::state::AppState;

/// Where the campaigns are; an id follows.
const CAMPAIGNS: &str = "/api/totals/campaigns/";

/// Their route, as the router names it.
const ROUTE: &str = "/api/totals/campaigns/{campaignId}";

/// What the router makes of a request. It is mended out here, because axum adds a length after all layers.
type Routed = MapOk<RouteFuture<Infallible>, fn(Response) -> Response>;

/// Answers from memory what it can, and leaves the rest to a router.
#[derive(Clone)]
pub struct FastPath {
    router: Router,
    state: Arc<AppState>,
    /// The place of the campaigns' route among the metrics of all.
    place: usize,
    traced: bool,
}

impl FastPath {
    /// Stands before `router`. `traced` says whether spans are exported.
    pub fn new(router: Router, state: Arc<AppState>, traced: bool) -> Self {
        let place = state.metrics.place_of(ROUTE);
        Self {
            router,
            state,
            place,
            traced,
        }
    }

    fn answer<B: HttpBody>(&self, request: &Request<B>) -> Option<Response> {
        let started = Instant::now();
        let response = self.respond(request, started)?;
        let route = &self.state.metrics.routes()[self.place];
        route.answered(&Method::GET, Some(response.status()), started.elapsed());
        Some(response)
    }

    fn respond<B: HttpBody>(&self, request: &Request<B>, now: Instant) -> Option<Response> {
        let id = request.uri().path().strip_prefix(CAMPAIGNS)?;
        let plain = request.method() == Method::GET && !id.contains(['/', '%']);
        if !plain || self.traced || access_log::is_verbose() || refusal(request).is_some() {
            return None;
        }
        let mut response = match self.state.live.in_memory_at(id, now)? {
            Some(totals) => {
                let rendered = Rendered::of(totals, self.state.currency);
                totals::answer(rendered, request.headers())
            }
            None => ApiError::TotalsNotFound(CampaignId::try_from(id).ok()?).into_response(),
        };
        let headers = response.headers_mut();
        add_common_headers(headers);
        headers.insert(REQUEST_ID, request_id::of(request.headers()));
        Some(response)
    }
}

impl<B> Service<Request<B>> for FastPath
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, Routed>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // As every axum router always is.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.answer(&request) {
            Some(response) => Either::Left(ready(Ok(response))),
            None => Either::Right(self.router.call(request).map_ok(without_a_body)),
        }
    }
}

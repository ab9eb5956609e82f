//! The way in: a campaign that is in memory is answered here, and everything else by the router.
//!
//! A route, its handler and the layers around it cost a request about as much as all of the rest of its answer does:
//! they are cloned and boxed for each. One kind of request, sent by everyone who looks at a campaign, needs none of
//! that: its answer is there before it comes. Whatever is out of the ordinary goes to the router: another method, an id
//! that is encoded, a request that is refused, one that leaves a line in the log or a span.
//!
//! Either way the answer is the same to the letter, headers included (`tests/e2e/live.rs` compares them).

use std::convert::Infallible;
use std::future::ready;

use axum::Router;
use axum::body::{Bytes, HttpBody};
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use futures::future::Either;
use totals_core::domain::CampaignId;
use tower::Service;

use crate::caching::IfNoneMatch;
use crate::error::ApiError;
use crate::limits::{protect, refusal};
use crate::representation::Rendered;
use crate::request_id::{self, REQUEST_ID};
use crate::routes::totals;
use crate::state::AppState;
use crate::{access_log, router};

/// Where the campaigns are; an id follows.
const CAMPAIGNS: &str = "/api/totals/campaigns/";

/// Answers every request.
#[derive(Debug, Clone)]
pub struct FastPath {
    state: AppState,
    router: Router,
    traced: bool,
}

impl FastPath {
    /// The service. `traced` says whether spans go anywhere.
    pub fn new(state: AppState, traced: bool) -> Self {
        Self {
            router: router::router(state.clone(), traced),
            state,
            traced,
        }
    }

    /// The answer to a request.
    pub fn answer<B>(
        &self,
        request: Request<B>,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<B>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        match self.in_memory(&request) {
            Some(response) => Either::Left(ready(Ok(response))),
            None => Either::Right(self.router.clone().call(request)),
        }
    }

    fn in_memory<B: HttpBody>(&self, request: &Request<B>) -> Option<Response> {
        let id = request.uri().path().strip_prefix(CAMPAIGNS)?;
        let plain = request.method() == Method::GET && !id.contains(['/', '%']);
        if !plain || self.traced || access_log::logs_answers() || refusal(request).is_some() {
            return None;
        }
        let mut response = match self.state.live.in_memory(id)? {
            Some(totals) => {
                let rendered = Rendered::new(&totals, self.state.currency);
                totals::answer(rendered, &IfNoneMatch::of(request.headers()))
            }
            None => ApiError::TotalsNotFound(CampaignId::try_from(id).ok()?).into_response(),
        };
        let headers = response.headers_mut();
        protect(headers);
        headers.insert(REQUEST_ID, request_id::of(request.headers()));
        Some(response)
    }
}

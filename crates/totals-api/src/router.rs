//! Every route of the API, declared together with its documentation, and what all of them have in common.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, Method, header};
use axum::middleware::{self, Next};
use axum::routing::get;
use tower_http::cors::{Any, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, excerpt};
use crate::guard::guard;
use crate::observe::observe;
use crate::openapi;
use crate::request_id::REQUEST_ID;
use crate::routes::{docs, health, list, stream, totals};
use crate::state::AppState;

/// How long browsers may remember that they are welcome.
const CORS_MAX_AGE: Duration = Duration::from_hours(24);

/// The service: routes and all that surrounds them. `traced` says whether spans go anywhere.
pub fn router(state: AppState, traced: bool) -> Router {
    let (router, _document) = documented().split_for_parts();
    let router = router
        .route(docs::SCRIPT_PATH, get(docs::script))
        .with_state(state);
    surround(router, traced)
}

/// The routes that the OpenAPI document describes.
pub fn documented() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(totals::get_totals))
        .routes(routes!(list::list_totals))
        .routes(routes!(stream::stream_totals))
        .routes(routes!(stream::stream_many))
        .routes(routes!(health::get_health))
        .routes(routes!(docs::get_openapi))
        .routes(routes!(docs::get_openapi_json))
        .routes(routes!(docs::get_docs))
}

/// Adds what every route has: answers for what matches none, and, from the outside in, CORS, the record of each request
/// and the bounds that none may leave. Record and bounds are one layer, because a layer costs every request a
/// quarter of a microsecond.
pub fn surround(router: Router, traced: bool) -> Router {
    let around = middleware::from_fn(move |request: Request, next: Next| {
        observe(traced, request, |request| guard(request, next))
    });
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer((cors(), around))
}

/// Totals are public and reads carry no credentials: pages of any origin may read them.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([
            REQUEST_ID,
            header::IF_NONE_MATCH,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("tracestate"),
        ])
        .expose_headers([REQUEST_ID, header::RETRY_AFTER, header::ETAG])
        .max_age(CORS_MAX_AGE)
}

async fn not_found(request: Request) -> ApiError {
    ApiError::NotFound(excerpt(request.uri().path()))
}

async fn method_not_allowed(method: Method) -> ApiError {
    ApiError::MethodNotAllowed(excerpt(method.as_str()))
}

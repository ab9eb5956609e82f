//! Every route of the API, declared together with its documentation, and what all of them have in common.

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access_log::recorded;
use crate::documentation::SCRIPT_PATH;
use crate::error::{ApiError, excerpt};
use crate::limits::within_limits;
use crate::openapi;
use crate::routes::{docs, health, list, stream, totals};
use crate::state::AppState;

/// The service: routes and all that surrounds them. `traced` says whether spans go anywhere.
pub fn router(state: AppState, traced: bool) -> Router {
    let (router, _document) = documented().split_for_parts();
    let router = router.route(SCRIPT_PATH, get(docs::script)).with_state(state);
    surround(router, traced)
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    openapi::complete(documented().into_openapi())
}

/// The routes that the OpenAPI document describes.
fn documented() -> OpenApiRouter<AppState> {
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

/// Adds what every route has: answers for what matches none, and, from the outside in, the record of each request and the
/// bounds that none may leave. They are one layer, because a layer costs every request a quarter of a microsecond.
pub fn surround(router: Router, traced: bool) -> Router {
    let around = middleware::from_fn(move |request: Request, next: Next| {
        recorded(traced, request, |request| within_limits(request, next))
    });
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(around)
}

async fn not_found(request: Request) -> ApiError {
    ApiError::NotFound(excerpt(request.uri().path()))
}

async fn method_not_allowed(method: Method) -> ApiError {
    ApiError::MethodNotAllowed(excerpt(method.as_str()))
}

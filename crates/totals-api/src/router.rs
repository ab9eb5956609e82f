//! Every route of the API, declared together with its documentation, and the layers around all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::routing::get;
use totals_core::domain::excerpt;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documentation::SCRIPT_PATH;
use crate::error::ApiError;
use crate::fast_path::FastPath;
use crate::metrics::Metrics;
use crate::routes::{badge, docs, donations, health, history, list, probes, stream, sum, totals, web};
use crate::state::AppState;
use crate::{access_log, limits, openapi};

/// The API: what production serves and what its tests ask. `traced` says whether spans are exported.
pub fn service(state: Arc<AppState>, traced: bool) -> FastPath {
    let (router, _document) = documented().split_for_parts();
    let router = router
        .route(SCRIPT_PATH, get(docs::script))
        .route(web::HOME, get(web::home))
        .route(web::CAMPAIGN, get(web::campaign))
        .route(web::CAMPAIGNS, get(web::nearly_home))
        .route(web::CAMPAIGNS_SLASH, get(web::nearly_home))
        .route(web::CAMPAIGN_SLASH, get(web::without_slash))
        .route(web::OVERLAY_SLASH, get(web::without_slash))
        .route(web::OVERLAY, get(web::overlay))
        .route(web::OVERLAY_HELP, get(web::overlay_help))
        .route(web::OVERLAY_HELP_SLASH, get(web::overlay_help))
        .route(web::FAVICON, get(web::favicon))
        .route(web::EMBED, get(web::embed))
        .route(web::ASSET, get(web::asset))
        .with_state(state.clone());
    let metrics = state.metrics.clone();
    FastPath::new(with_layers(router, metrics, traced), state, traced)
}

/// The metrics of all routes, with nothing counted yet.
pub fn metrics(document: &OpenApi) -> Metrics {
    Metrics::new(
        document
            .paths
            .paths
            .keys()
            .map(String::as_str)
            .chain([SCRIPT_PATH])
            .chain(web::PATHS),
    )
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    openapi::complete(documented().into_openapi())
}

/// The routes that the OpenAPI document describes.
fn documented() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(totals::get_totals))
        .routes(routes!(list::list_totals))
        .routes(routes!(sum::get_sum))
        .routes(routes!(history::get_campaign_history))
        .routes(routes!(history::get_history))
        .routes(routes!(stream::stream_totals))
        .routes(routes!(stream::stream_many))
        .routes(routes!(donations::list_donations))
        .routes(routes!(donations::stream::stream_donations))
        .routes(routes!(badge::get_badge))
        .routes(routes!(probes::get_livez))
        .routes(routes!(probes::get_readyz))
        .routes(routes!(health::get_health))
        .routes(routes!(docs::get_openapi))
        .routes(routes!(docs::get_openapi_json))
        .routes(routes!(docs::get_asyncapi))
        .routes(routes!(docs::get_schema))
        .routes(routes!(docs::get_docs))
}

/// Adds what all routes have in common: the answers where no route or method matches, the log line of each request, and within
/// it the limits. The last two are one layer, because each layer costs every request a quarter of a microsecond.
pub fn with_layers(router: Router, metrics: Arc<Metrics>, traced: bool) -> Router {
    let around = middleware::from_fn(move |request: Request, next: Next| {
        let metrics = metrics.clone();
        access_log::log_request(traced, metrics, request, |request| limits::enforce(request, next))
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

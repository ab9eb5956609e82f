//! The OpenAPI document: its frame here, each route's part beside its handler.

use utoipa::OpenApi;

use crate::error::ErrorBody;
use crate::router;

/// What the document says of the API as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Totals API",
        description = "Live totals of donation campaigns: how much was raised, by how many pledges and donors.\n\n\
            Totals follow the donations within milliseconds and are exact: `totalAmount` is a decimal number in \
            major units that was never rounded. Any origin may read; nothing needs credentials.\n\n\
            Every failure has the body `{\"success\": false, \"error\": {\"code\", \"message\"}}`, and every \
            response the header `x-request-id`: the caller's own, or a new one.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/", description = "The server that this document came from")),
    tags(
        (name = "totals", description = "What campaigns have raised"),
        (name = "operation", description = "Whether the service works"),
        (name = "documentation", description = "This description"),
    ),
    components(schemas(ErrorBody)),
)]
struct Frame;

/// The document without its routes.
pub fn frame() -> utoipa::openapi::OpenApi {
    Frame::openapi()
}

/// The whole document.
pub fn document() -> utoipa::openapi::OpenApi {
    router::documented().into_openapi()
}

//! The OpenAPI document: its frame here, each route's part beside its handler.

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, OpenApi};

use crate::error::ErrorBody;

/// What every route may answer, because it comes from around the route: status, name and description.
const ANSWERS_OF_ALL: [(&str, &str, &str); 4] = [
    (
        "413",
        "BodyTooLarge",
        "A body of more than 64 KiB; nothing here reads one",
    ),
    ("414", "UriTooLong", "Path and query are longer than 8 KiB"),
    (
        "431",
        "HeadersTooLarge",
        "The headers are larger than 16 KiB in all",
    ),
    ("500", "InternalError", "A defect of the service"),
];

/// The id is empty, longer than 256 bytes or no UTF-8
#[derive(IntoResponses)]
#[response(status = 400, example = json!({"success": false, "error": {"code": "INVALID_REQUEST",
    "message": "campaignId must be at most 256 bytes, got 300"}}))]
#[expect(dead_code, reason = "describes an answer that `ApiError` makes")]
pub struct InvalidCampaignId(ErrorBody);

/// The database cannot answer in time; never a made-up zero
#[derive(IntoResponses)]
#[response(
    status = 503,
    headers(("Retry-After" = u32, description = "Seconds after which to try again")),
    example = json!({"success": false, "error": {"code": "UNAVAILABLE",
        "message": "the totals cannot be read right now; try again in a moment"}}),
)]
#[expect(dead_code, reason = "describes an answer that `ApiError` makes")]
pub struct Unavailable(ErrorBody);

/// What is answered instead of a history
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers that routes and `ApiError` make")]
pub enum NoHistory {
    /// The answer that `If-None-Match` names is the newest
    #[response(status = 304)]
    Known,
    /// A parameter is unknown or its value is not allowed, or there are more than 1,000 intervals
    #[response(status = 400, example = json!({"success": false, "error": {"code": "INVALID_REQUEST",
        "message": "interval must be one of quarter, hour, day, week, month, got `year`"}}))]
    Invalid(ErrorBody),
    /// The database cannot answer in time, or not all donations are in the history yet; never a part of a history
    #[response(
        status = 503,
        headers(("Retry-After" = u32, description = "Seconds after which to try again")),
        example = json!({"success": false, "error": {"code": "UNAVAILABLE",
            "message": "the history is not complete: `totals-worker rebuild` makes it so"}}),
    )]
    Unavailable(ErrorBody),
}

/// The database cannot answer in time, or too many streams are open
#[derive(IntoResponses)]
#[response(
    status = 503,
    headers(("Retry-After" = u32, description = "Seconds after which to try again")),
    example = json!({"success": false, "error": {"code": "UNAVAILABLE",
        "message": "too many event streams are open; try again in a moment"}}),
)]
#[expect(dead_code, reason = "describes an answer that `ApiError` makes")]
pub struct StreamUnavailable(ErrorBody);

/// The events
#[derive(IntoResponses)]
#[response(
    status = 200,
    content_type = "text/event-stream",
    example = json!("retry: 1734\n\nid: 57-1934e458840\ndata: {\"campaignId\":\"camp_123\",\"totalAmount\":5000.5,\"totalAmountMinor\":500050,\"totalPledges\":42,\
        \"totalDonors\":35,\"lastUpdated\":\"2024-11-21T10:30:00.000Z\",\"currency\":\"USD\",\"revision\":57}\n\n")
)]
#[expect(dead_code, reason = "describes an answer that axum's `Sse` makes")]
pub struct EventStream(String);

/// The lists
#[derive(IntoResponses)]
#[response(
    status = 200,
    content_type = "text/event-stream",
    example = json!("retry: 1734\n\nid: 57-1934e458840\ndata: {\"campaignId\":\"camp_123\",\"currency\":\"USD\",\"donations\":[{\"at\":\
        \"2024-11-21T10:30:00.000Z\",\"amount\":50.25,\"amountMinor\":5025,\"name\":\"Ada Lovelace\"}]}\n\n")
)]
#[expect(dead_code, reason = "describes an answer that axum's `Sse` makes")]
pub struct DonationEvents(String);

/// What the document says of the API as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Totals API",
        description = "Live totals of donation campaigns: how much was raised, by how many pledges and donors, and of which goal.\n\n\
            Totals follow the donations within milliseconds and are exact: `totalAmount` is a decimal number in \
            major units that was never rounded. Any origin may read; nothing needs credentials.\n\n\
            The events that totals come from, and where producers publish them: [/asyncapi.json](/asyncapi.json).\n\n\
            Every failure but those of /health and /readyz has the body `{\"success\": false, \"error\": {\"code\", \"message\"}}`, \
            and every response, a preflight's apart, the header `x-request-id`: the caller's own, or a new one.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/", description = "The server that this document came from")),
    tags(
        (name = "totals", description = "What campaigns have raised"),
        (name = "donations", description = "Single donations, where the operator shows them"),
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

/// The whole document, of one that has the routes: what every route may answer is written once.
pub fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let operations = document
        .paths
        .paths
        .values_mut()
        .filter_map(|path| path.get.as_mut());
    for operation in operations {
        for (status, name, _) in ANSWERS_OF_ALL {
            let answers = &mut operation.responses.responses;
            answers
                .entry(status.to_owned())
                .or_insert_with(|| RefOr::Ref(Ref::from_response_name(name)));
        }
    }
    let shared = ANSWERS_OF_ALL.map(|(_, name, description)| (name.to_owned(), failure(description).into()));
    document
        .components
        .get_or_insert_default()
        .responses
        .extend(shared);
    document
}

fn failure(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody")));
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content.build())
        .build()
}

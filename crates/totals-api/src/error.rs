//! Every way a request can fail, and the one place where each becomes a status and a body.
//!
//! What the caller can mend is told to the caller; the rest is told to the log (see `observe`), never to the caller.

use std::any::Any;
use std::sync::Arc;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use totals_core::domain::CampaignId;
use totals_core::store::ReadError;
use utoipa::ToSchema;

use crate::caching::BRIEFLY;

/// Seconds after which a read may be tried again; the value of `Retry-After`.
const RETRY_AFTER_SECONDS: &str = "1";

/// Why a request has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApiError {
    /// The caller sent something that is not allowed; the text says what is.
    #[error("{0}")]
    Invalid(String),
    /// No donation was ever counted for this campaign.
    #[error("no donation has been counted for campaign `{0}` yet")]
    TotalsNotFound(CampaignId),
    /// No such route.
    #[error("there is nothing at `{0}`; see /docs for what there is")]
    NotFound(String),
    /// The route has no such method.
    #[error("`{0}` is not allowed here; the Allow header lists what is")]
    MethodNotAllowed(String),
    /// The database cannot answer.
    #[error("the totals could not be read")]
    Unavailable(#[source] Arc<ReadError>),
    /// The database could not be opened yet.
    #[error("the database is not open yet")]
    NotOpen,
    /// More reads of the database are wanted than it may be asked for at once.
    #[error("too many reads of the database are under way")]
    Overloaded,
    /// All streams that may be open are.
    #[error("too many event streams are open")]
    TooManyStreams,
    /// A defect of ours.
    #[error("a handler panicked: {0}")]
    Panicked(String),
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        Self::Unavailable(Arc::new(error))
    }
}

/// What kind of failure it is, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// Status 400.
    InvalidRequest,
    /// Status 404: the route is right, the campaign has no totals.
    TotalsNotFound,
    /// Status 404: there is no such route.
    NotFound,
    /// Status 405.
    MethodNotAllowed,
    /// Status 500.
    InternalError,
    /// Status 503: try again after `Retry-After` seconds.
    Unavailable,
}

/// The body of every failure.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Always false.
    #[schema(default = false)]
    success: bool,
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    code: ErrorCode,
    /// What went wrong, for people.
    message: String,
}

/// A failure that the log should hear of, left with the response for whoever logs it.
#[derive(Debug, Clone)]
pub struct Failure(pub Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, message) = match &self {
            Self::Invalid(_) => (
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidRequest,
                self.to_string(),
            ),
            Self::TotalsNotFound(_) => (StatusCode::NOT_FOUND, ErrorCode::TotalsNotFound, self.to_string()),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, ErrorCode::NotFound, self.to_string()),
            Self::MethodNotAllowed(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                ErrorCode::MethodNotAllowed,
                self.to_string(),
            ),
            Self::Unavailable(_) | Self::NotOpen => (
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::Unavailable,
                "the totals cannot be read right now; try again in a moment".to_owned(),
            ),
            Self::Overloaded | Self::TooManyStreams => (
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::Unavailable,
                format!("{self}; try again in a moment"),
            ),
            Self::Panicked(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                ErrorCode::InternalError,
                "something went wrong on our side; the x-request-id header identifies this request"
                    .to_owned(),
            ),
        };
        let error = ErrorDetail { code, message };
        let mut response = (
            status,
            Json(ErrorBody {
                success: false,
                error,
            }),
        )
            .into_response();
        if code == ErrorCode::Unavailable {
            let seconds = header::HeaderValue::from_static(RETRY_AFTER_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if code == ErrorCode::TotalsNotFound {
            response.headers_mut().insert(header::CACHE_CONTROL, BRIEFLY);
        }
        if status.is_server_error() {
            response.extensions_mut().insert(Failure(Arc::new(self)));
        }
        response
    }
}

/// The response to a request whose handler panicked.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that CatchPanicLayer calls"
)]
pub fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    ApiError::Panicked(message.unwrap_or_else(|| "no message".to_owned())).into_response()
}

/// The start of what a caller sent, short enough to send back and to log.
pub fn excerpt(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

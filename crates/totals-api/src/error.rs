//! Every way a request can fail, and the one place where each becomes a status and a body.
//!
//! The caller is told what the caller can mend. Everything else goes to the log (see `access_log`), never to the caller.

use std::any::Any;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::task::JoinError;
use totals_core::domain::CampaignId;
use totals_core::store::StoreError;
use utoipa::ToSchema;

use crate::caching::CACHE_ONE_SECOND;

/// Seconds after which a read may be tried again; the value of `Retry-After`.
const RETRY_AFTER_SECONDS: &str = "1";

/// The same while an operator has to do something first.
const RETRY_LATER_SECONDS: &str = "60";

/// Why a request has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApiError {
    /// The caller sent something that is not allowed; the text says what is allowed.
    #[error("{0}")]
    Invalid(String),
    /// No event has told of this campaign.
    #[error("no donation has been counted for campaign `{0}` yet")]
    TotalsNotFound(CampaignId),
    /// `DONATION_FEED` is `off`.
    #[error("single donations are not shown here: the operator has DONATION_FEED=off")]
    FeedIsOff,
    /// There is no route of this path.
    #[error("there is nothing at `{0}`; see /docs for what there is")]
    NotFound(String),
    /// The route does not have this method.
    #[error("`{0}` is not allowed here; the Allow header lists what is")]
    MethodNotAllowed(String),
    /// The path and query are longer than this many bytes.
    #[error("path and query must be at most {0} bytes")]
    UriTooLong(usize),
    /// The headers are larger than this many bytes.
    #[error("headers must be at most {0} bytes in all")]
    HeadersTooLarge(usize),
    /// A body is announced that is larger than this many bytes.
    #[error("a body must be at most {0} bytes, and nothing here reads one")]
    BodyTooLarge(u64),
    /// The database cannot answer.
    #[error("the totals could not be read")]
    Unavailable(#[from] StoreError),
    /// The database does not answer in time.
    #[error("the database did not answer within {} s", .0.as_secs())]
    ReadTimedOut(Duration),
    /// The amounts in the database are in another currency than `CURRENCY`.
    #[error("the amounts in the database are in another currency than CURRENCY; /health says what to do")]
    WrongCurrency,
    /// Donations that an earlier version has stored are not in the history yet, or a part of it is missing.
    #[error("the history is not complete: `totals-worker rebuild` makes it so")]
    HistoryIncomplete,
    /// The database could not be opened yet.
    #[error("the database is not open yet")]
    NotOpen,
    /// The handler took longer than any answer may take.
    #[error("the answer took too long")]
    HandlerTimedOut,
    /// As many reads of the database are under way as are allowed.
    #[error("too many reads of the database are under way")]
    Overloaded,
    /// As many streams are open as are allowed.
    #[error("too many event streams are open")]
    TooManyStreams,
    /// A defect of this service.
    #[error("a handler panicked: {0}")]
    Panicked(String),
}

/// A task that reads the database has panicked.
impl From<JoinError> for ApiError {
    fn from(died: JoinError) -> Self {
        Self::Panicked(format!("a read died: {died}"))
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
    /// Status 404: there is no such route, or the operator has turned it off.
    NotFound,
    /// Status 405.
    MethodNotAllowed,
    /// Status 413.
    BodyTooLarge,
    /// Status 414.
    UriTooLong,
    /// Status 431.
    HeadersTooLarge,
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

/// A failure that belongs in the log. It travels to the access log as an extension of the response.
#[derive(Debug, Clone)]
pub struct ErrorForLog(pub Arc<ApiError>);

impl ApiError {
    /// The failure of a request whose handler panicked with this payload.
    pub fn from_panic(payload: &(dyn Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panicked(message.unwrap_or_else(|| "no message".to_owned()))
    }

    /// What a read found; `None` if this service has not written the campaign's document. An answer about several campaigns
    /// leaves such a document out, so that it does not hide the others.
    ///
    /// # Errors
    /// Every other failure.
    pub fn unless_foreign<T>(read: Result<T, Self>) -> Result<Option<T>, Self> {
        match read {
            Ok(found) => Ok(Some(found)),
            Err(Self::Unavailable(error)) if error.is_foreign_document() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns true if the caller should try again in a moment: something that the service needs does not work.
    pub fn is_unavailable(&self) -> bool {
        self.kind().1 == ErrorCode::Unavailable
    }

    fn kind(&self) -> (StatusCode, ErrorCode) {
        match self {
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest),
            Self::TotalsNotFound(_) => (StatusCode::NOT_FOUND, ErrorCode::TotalsNotFound),
            Self::NotFound(_) | Self::FeedIsOff => (StatusCode::NOT_FOUND, ErrorCode::NotFound),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed),
            Self::UriTooLong(_) => (StatusCode::URI_TOO_LONG, ErrorCode::UriTooLong),
            Self::HeadersTooLarge(_) => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                ErrorCode::HeadersTooLarge,
            ),
            Self::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::BodyTooLarge),
            Self::Unavailable(_)
            | Self::ReadTimedOut(_)
            | Self::NotOpen
            | Self::WrongCurrency
            | Self::HistoryIncomplete
            | Self::HandlerTimedOut
            | Self::Overloaded
            | Self::TooManyStreams => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable),
            Self::Panicked(_) => (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::InternalError),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.kind();
        let message = match code {
            ErrorCode::Unavailable if matches!(self, Self::Overloaded | Self::TooManyStreams) => {
                format!("{self}; try again in a moment")
            }
            ErrorCode::Unavailable if matches!(self, Self::HistoryIncomplete) => self.to_string(),
            ErrorCode::Unavailable => "the totals cannot be read right now; try again in a moment".to_owned(),
            ErrorCode::InternalError => {
                "something went wrong on our side; the x-request-id header identifies this request".to_owned()
            }
            ErrorCode::InvalidRequest
            | ErrorCode::TotalsNotFound
            | ErrorCode::NotFound
            | ErrorCode::MethodNotAllowed
            | ErrorCode::BodyTooLarge
            | ErrorCode::UriTooLong
            | ErrorCode::HeadersTooLarge => self.to_string(),
        };
        let body = ErrorBody {
            success: false,
            error: ErrorDetail { code, message },
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        if code == ErrorCode::Unavailable {
            let after = match self {
                Self::HistoryIncomplete => RETRY_LATER_SECONDS,
                _ => RETRY_AFTER_SECONDS,
            };
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(after));
        }
        if code == ErrorCode::BodyTooLarge {
            // The rest of the body is not waited for.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if code == ErrorCode::TotalsNotFound {
            headers.insert(header::CACHE_CONTROL, CACHE_ONE_SECOND);
        }
        if status.is_server_error() {
            response.extensions_mut().insert(ErrorForLog(Arc::new(self)));
        }
        response
    }
}

/// An error and its causes in one line.
pub fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

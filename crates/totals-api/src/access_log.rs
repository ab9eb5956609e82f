//! What is known of each request afterwards: one line in the access log, and one span where traces are exported.
//!
//! The line goes to the target `access`, at `debug` for what the service could answer, since a line costs about as
//! much as an answer does, and above for what it could not. So the failures are always there and
//! `LOG_LEVEL=info,access=debug` shows all. The chain of a failure's causes is logged here, once.
//!
//! Where nothing is logged or traced, a request pays for its id and some reference counts.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use tracing::{Instrument, Level, Span};

use crate::error::{ApiError, Failure, chain, excerpt};
use crate::{request_id, span};

/// Whether the log has a line for each answer, not only for those that failed.
pub fn logs_answers() -> bool {
    tracing::enabled!(target: "access", Level::DEBUG)
}

/// Has the request answered and records it.
pub async fn recorded(
    traced: bool,
    request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let mut record = Record {
        started: Instant::now(),
        method: request.method().clone(),
        route: request.extensions().get::<MatchedPath>().cloned(),
        uri: request.uri().clone(),
        id: request_id::of(request.headers()),
        answered: false,
    };
    let span = if traced {
        span::start(&record.method, record.route(), &record.path(), request.headers())
    } else {
        Span::none()
    };
    let mut response = answer(request).instrument(span.clone()).await;

    span::finish(&span, response.status());
    let failure = response.extensions_mut().remove::<Failure>();
    record.log(
        response.status(),
        failure.as_ref().map(|Failure(error)| error.as_ref()),
    );
    let id = std::mem::replace(&mut record.id, HeaderValue::from_static(""));
    response.headers_mut().insert(request_id::REQUEST_ID, id);
    response
}

/// One line of the access log in the making. Dropped without an answer, it says that the client hung up.
struct Record {
    started: Instant,
    method: Method,
    route: Option<MatchedPath>,
    uri: Uri,
    id: HeaderValue,
    answered: bool,
}

/// One event with the fields of a [`Record`]: a macro, because the level of an event is part of its code.
macro_rules! line {
    ($level:ident, $record:expr, $message:literal $(, $field:ident = $value:expr)*) => {
        tracing::$level!(
            target: "access",
            {
                http.method = %$record.method,
                http.route = $record.route(),
                url.path = $record.path(),
                $($field = $value,)*
                duration_ms = $record.elapsed_ms(),
                request.id = $record.id.to_str().unwrap_or_default(),
            },
            $message
        )
    };
}

impl Record {
    /// The route's pattern; empty where none matched.
    fn route(&self) -> &str {
        self.route.as_ref().map_or("", MatchedPath::as_str)
    }

    /// The path, short enough to log.
    fn path(&self) -> String {
        excerpt(self.uri.path())
    }

    /// Milliseconds since the request's head was read, to the microsecond.
    fn elapsed_ms(&self) -> f64 {
        (self.started.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }

    fn log(&mut self, status: StatusCode, failure: Option<&ApiError>) {
        self.answered = true;
        let status = status.as_u16();
        match failure {
            None => line!(debug, self, "answered", status = status),
            Some(
                error @ (ApiError::Unavailable(_)
                | ApiError::Silent(_)
                | ApiError::NotOpen
                | ApiError::WrongCurrency
                | ApiError::TimedOut
                | ApiError::Overloaded
                | ApiError::TooManyStreams),
            ) => {
                line!(warn, self, "unavailable", status = status, error = chain(error));
            }
            Some(error) => line!(error, self, "failed", status = status, error = chain(error)),
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.answered {
            line!(debug, self, "hung up before the answer");
        }
    }
}

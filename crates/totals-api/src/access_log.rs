//! The record of each request: one line in the access log, one more in the metrics, and one span if traces are exported.
//!
//! The line goes to the target `access`: at `debug` if the service could answer, because a line costs about as much as an
//! answer does, and at `warn` or `error` if it could not. So failures are always logged, and `LOG_LEVEL=info,access=debug`
//! logs all requests. The chain of a failure's causes is logged here, once.
//!
//! A request that is neither logged nor traced pays for its id and some reference counts.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use totals_core::domain::excerpt;
use tracing::{Instrument, Level, Span};

use crate::error::{ApiError, ErrorForLog, chain};
use crate::metrics::Metrics;
use crate::{request_id, span};

/// Returns true if every request is logged, not only those that fail.
pub fn is_verbose() -> bool {
    tracing::enabled!(target: "access", Level::DEBUG)
}

/// Runs `answer`, and logs and traces how it ended.
pub async fn log_request(
    traced: bool,
    metrics: Arc<Metrics>,
    request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let mut record = AccessRecord {
        started: Instant::now(),
        method: request.method().clone(),
        route: request.extensions().get::<MatchedPath>().cloned(),
        uri: request.uri().clone(),
        id: request_id::of(request.headers()),
        span: Span::none(),
        metrics,
        answered: false,
    };
    if traced {
        record.span = span::start(&record.method, record.route(), &record.path(), request.headers());
    }
    let mut response = answer(request).instrument(record.span.clone()).await;

    span::finish(&record.span, response.status());
    let failure = response.extensions_mut().remove::<ErrorForLog>();
    record.log(
        response.status(),
        failure.as_ref().map(|ErrorForLog(error)| error.as_ref()),
    );
    let headers = response.headers_mut();
    headers.insert(request_id::REQUEST_ID, record.id.clone());
    response
}

/// One line of the access log in the making. If it is dropped without an answer, the client has hung up.
struct AccessRecord {
    started: Instant,
    method: Method,
    route: Option<MatchedPath>,
    uri: Uri,
    id: HeaderValue,
    /// Its line names it, where it is traced.
    span: Span,
    metrics: Arc<Metrics>,
    answered: bool,
}

/// One event with the fields of an [`AccessRecord`]: a macro, because an event's level must be known to the compiler.
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

impl AccessRecord {
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

    fn count(&self, status: Option<StatusCode>) {
        let place = self.metrics.place_of(self.route());
        self.metrics.routes()[place].answered(&self.method, status, self.started.elapsed());
    }

    fn log(&mut self, status: StatusCode, failure: Option<&ApiError>) {
        self.answered = true;
        self.count(Some(status));
        let _traced = span::named_in_lines(&self.span);
        let status = status.as_u16();
        match failure {
            None => line!(debug, self, "answered", status = status),
            Some(error) if error.is_unavailable() => {
                line!(warn, self, "unavailable", status = status, error = chain(error));
            }
            Some(error) => line!(error, self, "failed", status = status, error = chain(error)),
        }
    }
}

impl Drop for AccessRecord {
    fn drop(&mut self) {
        if !self.answered {
            self.count(None);
            let _traced = span::named_in_lines(&self.span);
            line!(debug, self, "hung up before the answer");
        }
    }
}

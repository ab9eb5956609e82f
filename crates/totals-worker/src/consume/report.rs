//! A line in the log for dead letters, at most one a second: a flood of poison must not become a flood of lines.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use tokio::time::{Instant, sleep_until};
use totals_core::domain::{EventId, without_excerpts};

use crate::broker::message::Reason;

/// The least time between two lines.
const BETWEEN_LINES: Duration = Duration::from_secs(1);

/// The dead letters that no line has told of yet, and when the next line may be written.
#[derive(Debug, Default)]
pub struct Report {
    count: u64,
    first: Option<First>,
    next: Option<Instant>,
}

/// The dead letter that a line names.
#[derive(Debug)]
struct First {
    event_id: Option<EventId>,
    reason: String,
    trace: Option<SpanContext>,
}

impl Report {
    /// Counts a dead letter; `trace` is its producer's.
    pub fn add(&mut self, reason: &Reason, trace: impl FnOnce() -> Option<SpanContext>) {
        self.count += 1;
        self.first.get_or_insert_with(|| First {
            event_id: reason.subject.event_id.clone(),
            // The letter has all of it.
            reason: without_excerpts(&reason.text),
            trace: trace(),
        });
    }

    /// Waits until it is time for a line; for ever if there is no dead letter to tell of.
    pub async fn due(&self) {
        match (&self.first, self.next) {
            (Some(_), Some(next)) => sleep_until(next).await,
            (Some(_), None) => {}
            (None, _) => std::future::pending().await,
        }
    }

    /// Writes the line, if there is a dead letter to tell of.
    pub fn write(&mut self) {
        let Some(first) = self.first.take() else {
            return;
        };
        let trace = first
            .trace
            .map(|trace| Context::new().with_remote_span_context(trace));
        let _traced = trace.map(Context::attach);
        // Not within the macro, which evaluates nothing where the log's level leaves the line out.
        let count = std::mem::take(&mut self.count);
        tracing::warn!(
            count,
            first.event.id = first.event_id.as_ref().map(tracing::field::display),
            first.reason = first.reason,
            "dead-lettered"
        );
        self.next = Some(Instant::now() + BETWEEN_LINES);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use totals_core::domain::Subject;

    use super::*;

    #[tokio::test]
    async fn a_line_a_second_tells_of_all_since_the_last() {
        let reason = Reason {
            code: "C",
            text: "bad".to_owned(),
            subject: Subject::default(),
        };
        let mut report = Report::default();
        assert!(report.due().now_or_never().is_none(), "nothing to tell");
        report.add(&reason, || None);
        assert!(report.due().now_or_never().is_some(), "the first at once");
        report.write();
        report.add(&reason, || None);
        report.add(&reason, || None);
        assert!(
            report.due().now_or_never().is_none(),
            "not within the same second"
        );
        assert_eq!(report.count, 2, "and none is forgotten");
        report.next = report.next.map(|next| next - BETWEEN_LINES);
        let started = Instant::now();
        report.due().await;
        assert!(started.elapsed() < BETWEEN_LINES);
    }
}

//! The worker's metrics, as Prometheus scrapes them.

mod queue_length;

use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::Response;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};
use totals_core::domain::{Event, EventType, Outcome, Timestamp};
use totals_core::runtime::metrics::{self, LogLines};
use totals_core::runtime::telemetry::DroppedLines;

pub use self::queue_length::QueueLength;

/// What the worker's own metrics begin with.
const PREFIX: &str = "totals_worker";

/// Upper bounds of the age of events, in seconds: from one that is committed at once to one that waited for a week.
const AGES: [f64; 14] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 86_400.0, 604_800.0,
];

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settled {
    /// Logged, with its effect in the totals.
    Applied,
    /// Seen before, and ignored.
    Duplicate,
    /// Moved to the dead-letter queue.
    DeadLettered,
}

impl EncodeLabelValue for Settled {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        match self {
            Self::Applied => "applied",
            Self::Duplicate => "duplicate",
            Self::DeadLettered => "dead_lettered",
        }
        .encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    r#type: &'static str,
    outcome: Settled,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

/// The worker's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    events: Family<EventLabels, Counter>,
    batch_size: Histogram,
    commit_seconds: Histogram,
    event_age_seconds: Histogram,
    /// How many messages are ready in the worker's queue.
    pub queue_length: QueueLength,
    /// How many dead letters are ready in theirs.
    pub dead_letter_queue_length: QueueLength,
    retries: Family<OperationLabels, Counter>,
    dead_letters: Family<ReasonLabels, Counter>,
    dead_letters_refused: Gauge,
    in_hand: Gauge,
    broker_connected: Gauge,
    broker_connections: Counter,
    renewed: Counter,
    upkeep: Counter,
    stalled_seconds: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = metrics::registry();
        let all = registry.sub_registry_with_prefix(PREFIX);
        let help = "Events settled, by type and by what became of them";
        let events = register(all, "events", help, Family::default());
        let help = "Events committed in one transaction";
        let batch_size = Histogram::new(exponential_buckets(1.0, 2.0, 14));
        let batch_size = register(all, "batch_size_events", help, batch_size);
        let help = "Time from the start of a transaction to its commit, retries not included";
        let commit_seconds = Histogram::new(exponential_buckets(0.001, 2.0, 14));
        let commit_seconds = register(all, "commit_duration_seconds", help, commit_seconds);
        let help = "Time from when an event happened, by its producer's clock, to its commit; duplicates not included";
        let event_age_seconds = register(all, "event_age_seconds", help, Histogram::new(AGES));
        let help = "Messages that are ready in the worker's queue, in nobody's hands";
        let queue_length = register(all, "queue_messages_ready", help, QueueLength::default());
        let help = "Messages that are ready in the dead-letter queue";
        let dead_letter_queue_length = register(all, "dead_letters_ready", help, QueueLength::default());
        let help = "Attempts that failed and are made again, by operation";
        let retries = register(all, "retries", help, Family::default());
        let help = "Messages moved to the dead-letter queue, by reason";
        let dead_letters = register(all, "dead_letters", help, Family::default());
        let help =
            "Messages that the dead-letter queue does not take; they stay unacknowledged and are tried again";
        let dead_letters_refused = register(all, "dead_letters_refused", help, Gauge::default());
        let help = "Messages delivered and not yet settled";
        let in_hand = register(all, "deliveries_in_hand", help, Gauge::default());
        let help = "1 while the worker consumes or stands by, else 0";
        let broker_connected = register(all, "broker_connected", help, Gauge::default());
        let help = "Times the worker started to consume";
        let broker_connections = register(all, "broker_connections", help, Counter::default());
        let help = "Messages delivered so often that a fresh copy took their place in the queue";
        let renewed = register(all, "deliveries_renewed", help, Counter::default());
        let help = "Looks at whether exchange, queues, bindings, collections and indexes are there";
        let upkeep = register(all, "upkeep", help, Counter::default());
        let help = "0 while all is well, else how long the task that waits longest has had work in hand and finished none of it";
        let stalled_seconds = register(all, "stalled_seconds", help, Gauge::default());
        Self {
            registry,
            events,
            batch_size,
            commit_seconds,
            event_age_seconds,
            queue_length,
            dead_letter_queue_length,
            retries,
            dead_letters,
            dead_letters_refused,
            in_hand,
            broker_connected,
            broker_connections,
            renewed,
            upkeep,
            stalled_seconds,
        }
    }
}

fn register<M: Metric + Clone>(all: &mut Registry, name: &str, help: &str, metric: M) -> M {
    all.register(name, help, metric.clone());
    metric
}

impl Metrics {
    /// Has the lines reported that the log has dropped, too.
    pub fn report_log(&mut self, dropped: DroppedLines) {
        let all = self.registry.sub_registry_with_prefix(PREFIX);
        all.register_collector(Box::new(LogLines(dropped)));
    }

    /// A message arrived.
    pub fn delivered(&self) {
        self.in_hand.inc();
    }

    /// A batch was committed, with these outcomes. Quarantined events are counted where they are parked.
    pub fn committed<'a>(&self, took: Duration, outcomes: impl Iterator<Item = (&'a Event, &'a Outcome)>) {
        let (now, mut size) = (Timestamp::now(), 0_u32);
        for (event, outcome) in outcomes {
            size += 1;
            let event_type = event.event_type().as_str();
            match outcome {
                Outcome::Applied { .. } => {
                    self.settled(event_type, Settled::Applied);
                    let age = now.since(event.occurred_at);
                    self.event_age_seconds.observe(age.as_secs_f64());
                }
                Outcome::Duplicate => self.settled(event_type, Settled::Duplicate),
                Outcome::Quarantined(_) => {}
            }
        }
        self.batch_size.observe(f64::from(size));
        self.commit_seconds.observe(took.as_secs_f64());
    }

    /// A message was moved to the dead-letter queue.
    pub fn dead_lettered(&self, event_type: Option<&str>, reason: &'static str) {
        self.settled(type_label(event_type), Settled::DeadLettered);
        self.dead_letters.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// A message is in the dead-letter queue already, from an earlier delivery.
    pub fn dead_lettered_before(&self, event_type: Option<&str>) {
        self.settled(type_label(event_type), Settled::Duplicate);
    }

    /// This many messages wait for the dead-letter queue to take them.
    pub fn dead_letters_refused(&self, count: usize) {
        self.dead_letters_refused
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// This many messages are in the queue again as fresh copies, and the old ones are settled.
    pub fn renewed(&self, count: usize) {
        self.renewed.inc_by(count as u64);
        self.in_hand.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// The upkeep has found everything to be there.
    pub fn upkeep_done(&self) {
        self.upkeep.inc();
    }

    /// An operation failed and will be tried again.
    pub fn retried(&self, operation: &'static str) {
        self.retries.get_or_create(&OperationLabels { operation }).inc();
    }

    /// The worker consumes.
    pub fn connected(&self) {
        self.broker_connected.set(1);
        self.broker_connections.inc();
    }

    /// The worker does not consume.
    pub fn disconnected(&self) {
        self.broker_connected.set(0);
    }

    /// An epoch is over: the broker has the messages again that it did not settle.
    pub fn released(&self) {
        self.in_hand.set(0);
        self.dead_letters_refused.set(0);
    }

    /// The answer to a scrape that came with these headers. `stalled` is how long the task that waits longest has made no
    /// progress.
    pub fn answer(&self, request: &HeaderMap, stalled: Duration) -> Response {
        self.stalled_seconds
            .set(i64::try_from(stalled.as_secs()).unwrap_or(i64::MAX));
        metrics::answer(&self.registry, request)
    }

    fn settled(&self, r#type: &'static str, outcome: Settled) {
        self.events.get_or_create(&EventLabels { r#type, outcome }).inc();
        self.in_hand.dec();
    }
}

/// The label of an event type. The types that a hostile producer makes up share one, because each label is a time series
/// for ever.
fn type_label(event_type: Option<&str>) -> &'static str {
    event_type
        .and_then(EventType::from_name)
        .map_or("unknown", EventType::as_str)
}

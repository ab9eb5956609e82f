//! What the worker counts, in Prometheus' text format.

use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder,
};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use totals_core::domain::{EventType, Outcome};
use totals_core::runtime::telemetry::DroppedLines;

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
        let mut registry = Registry::with_prefix("totals_worker");
        let events = Family::default();
        registry.register(
            "events",
            "Events settled, by type and by what became of them",
            events.clone(),
        );
        let batch_size = Histogram::new(exponential_buckets(1.0, 2.0, 14));
        registry.register(
            "batch_size_events",
            "Events committed in one transaction",
            batch_size.clone(),
        );
        let commit_seconds = Histogram::new(exponential_buckets(0.001, 2.0, 14));
        let help = "Time from the start of a transaction to its commit, retries not included";
        registry.register("commit_duration_seconds", help, commit_seconds.clone());
        let retries = Family::default();
        registry.register(
            "retries",
            "Attempts that failed and are made again, by operation",
            retries.clone(),
        );
        let dead_letters = Family::default();
        registry.register(
            "dead_letters",
            "Messages moved to the dead-letter queue, by reason",
            dead_letters.clone(),
        );
        let dead_letters_refused = Gauge::default();
        registry.register(
            "dead_letters_refused",
            "Messages that the dead-letter queue does not take; they stay unacknowledged and are tried again",
            dead_letters_refused.clone(),
        );
        let in_hand = Gauge::default();
        registry.register(
            "deliveries_in_hand",
            "Messages delivered and not yet settled",
            in_hand.clone(),
        );
        let broker_connected = Gauge::default();
        registry.register(
            "broker_connected",
            "1 while the worker consumes, else 0",
            broker_connected.clone(),
        );
        let broker_connections = Counter::default();
        registry.register(
            "broker_connections",
            "Times the worker started to consume",
            broker_connections.clone(),
        );
        let renewed = Counter::default();
        registry.register(
            "deliveries_renewed",
            "Messages delivered so often that a fresh copy took their place in the queue",
            renewed.clone(),
        );
        let upkeep = Counter::default();
        registry.register(
            "upkeep",
            "Looks at whether exchange, queues, bindings, collections and indexes are there",
            upkeep.clone(),
        );
        let stalled_seconds = Gauge::default();
        registry.register(
            "stalled_seconds",
            "0 while all is well, else how long the task that waits longest has had work in hand and finished none of it",
            stalled_seconds.clone(),
        );
        Self {
            registry,
            events,
            batch_size,
            commit_seconds,
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

/// The log's own count.
#[derive(Debug)]
struct LogLines(DroppedLines);

impl Collector for LogLines {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let counter = ConstCounter::new(self.0.count());
        let help = "Lines of the log that were dropped, because standard output was not read in time";
        let metric = encoder.encode_descriptor("log_lines_dropped", help, None, counter.metric_type())?;
        counter.encode(metric)
    }
}

impl Metrics {
    /// Reports the lines that the log has dropped, too.
    pub fn report_log(&mut self, dropped: DroppedLines) {
        self.registry.register_collector(Box::new(LogLines(dropped)));
    }

    /// A message arrived.
    pub fn delivered(&self) {
        self.in_hand.inc();
    }

    /// A batch was committed, with these outcomes. Quarantined events are counted where they are parked.
    pub fn committed<'a>(&self, took: Duration, outcomes: impl Iterator<Item = (EventType, &'a Outcome)>) {
        let mut size = 0_u32;
        for (event_type, outcome) in outcomes {
            size += 1;
            match outcome {
                Outcome::Applied { .. } => self.settled(event_type.as_str(), Settled::Applied),
                Outcome::Duplicate => self.settled(event_type.as_str(), Settled::Duplicate),
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

    /// So many messages wait for the dead-letter queue to take them.
    pub fn dead_letters_refused(&self, count: usize) {
        self.dead_letters_refused
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// So many messages are in the queue again as fresh copies, and settled.
    pub fn renewed(&self, count: usize) {
        self.renewed.inc_by(count as u64);
        self.in_hand.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A look at whether everything is there came to its end.
    pub fn looked_after(&self) {
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

    /// An epoch is over: what it had in hand and did not settle is the broker's again.
    pub fn released(&self) {
        self.in_hand.set(0);
        self.dead_letters_refused.set(0);
    }

    /// Everything, as Prometheus scrapes it, while no task has been stalled for longer than this.
    pub fn render(&self, stalled: Duration) -> String {
        self.stalled_seconds
            .set(i64::try_from(stalled.as_secs()).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn settled(&self, r#type: &'static str, outcome: Settled) {
        self.events.get_or_create(&EventLabels { r#type, outcome }).inc();
        self.in_hand.dec();
    }
}

/// The types a hostile producer makes up share one label: each label is a time series for ever.
fn type_label(event_type: Option<&str>) -> &'static str {
    event_type
        .and_then(EventType::from_name)
        .map_or("unknown", EventType::as_str)
}

//! The labels of the worker's metrics. None is a text that a producer can choose, because each is a time series for ever.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use totals_core::domain::EventType;

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

/// Of events.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct EventLabels {
    /// The event's, or `unknown`.
    pub r#type: &'static str,
    /// What became of it.
    pub outcome: Settled,
}

/// Of dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabels {
    /// One of [`Reason::codes`](crate::broker::message::Reason::codes).
    pub reason: &'static str,
}

/// What is tried again when it has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A batch is committed.
    Commit,
    /// A fresh copy takes a message's place in the queue.
    RenewMessages,
    /// Dead letters are published.
    PublishDeadLetters,
    /// It is looked whether the dead-letter queue is empty.
    CountDeadLetters,
    /// The log is asked which messages were dead-lettered before.
    FindFailures,
    /// The log takes down what was dead-lettered.
    RecordFailures,
    /// It is looked whether exchange, queues and bindings are there.
    CheckTopology,
    /// It is looked whether collections and indexes are there.
    CheckCollections,
}

impl Operation {
    /// Each of them.
    pub const ALL: [Self; 8] = [
        Self::Commit,
        Self::RenewMessages,
        Self::PublishDeadLetters,
        Self::CountDeadLetters,
        Self::FindFailures,
        Self::RecordFailures,
        Self::CheckTopology,
        Self::CheckCollections,
    ];

    /// Its name in metrics and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::RenewMessages => "renew_messages",
            Self::PublishDeadLetters => "publish_dead_letters",
            Self::CountDeadLetters => "count_dead_letters",
            Self::FindFailures => "find_failures",
            Self::RecordFailures => "record_failures",
            Self::CheckTopology => "check_topology",
            Self::CheckCollections => "check_collections",
        }
    }
}

/// Of attempts that failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OperationLabels {
    /// An [`Operation`]'s name.
    pub operation: &'static str,
}

/// The label of an event type. The types that a hostile producer makes up share one, because each label is a time series
/// for ever.
pub fn type_label(event_type: Option<&str>) -> &'static str {
    event_type
        .and_then(EventType::from_name)
        .map_or("unknown", EventType::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The operation after this one. Without a `_` arm, so that a new operation has to be named here.
    fn next(operation: Operation) -> Option<Operation> {
        match operation {
            Operation::Commit => Some(Operation::RenewMessages),
            Operation::RenewMessages => Some(Operation::PublishDeadLetters),
            Operation::PublishDeadLetters => Some(Operation::CountDeadLetters),
            Operation::CountDeadLetters => Some(Operation::FindFailures),
            Operation::FindFailures => Some(Operation::RecordFailures),
            Operation::RecordFailures => Some(Operation::CheckTopology),
            Operation::CheckTopology => Some(Operation::CheckCollections),
            Operation::CheckCollections => None,
        }
    }

    #[test]
    fn all_operations_are_listed() {
        let all: Vec<_> = std::iter::successors(Some(Operation::Commit), |it| next(*it)).collect();
        assert_eq!(all, Operation::ALL);
    }
}

//! Why a message is no event.

use crate::domain::{CampaignId, DonationId, EventId};

/// The class of a reason, for metrics and for selecting dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvalidCode {
    /// The body is larger than [`MAX_BODY_BYTES`](super::MAX_BODY_BYTES).
    BodyTooLarge,
    /// The body is not UTF-8.
    NotUtf8,
    /// The body is not a JSON object of either shape.
    InvalidJson,
    /// No such event type.
    UnknownEventType,
    /// The body and the routing key name two different event types.
    EventTypeMismatch,
    /// A required field is absent.
    MissingField,
    /// A field has the wrong type or form.
    InvalidField,
    /// The amount is not one that can be counted.
    InvalidAmount,
    /// The payload is in another currency.
    WrongCurrency,
}

impl InvalidCode {
    /// Each of them.
    pub const ALL: [Self; 9] = [
        Self::BodyTooLarge,
        Self::NotUtf8,
        Self::InvalidJson,
        Self::UnknownEventType,
        Self::EventTypeMismatch,
        Self::MissingField,
        Self::InvalidField,
        Self::InvalidAmount,
        Self::WrongCurrency,
    ];

    /// The code's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BodyTooLarge => "BODY_TOO_LARGE",
            Self::NotUtf8 => "NOT_UTF8",
            Self::InvalidJson => "INVALID_JSON",
            Self::UnknownEventType => "UNKNOWN_EVENT_TYPE",
            Self::EventTypeMismatch => "EVENT_TYPE_MISMATCH",
            Self::MissingField => "MISSING_FIELD",
            Self::InvalidField => "INVALID_FIELD",
            Self::InvalidAmount => "INVALID_AMOUNT",
            Self::WrongCurrency => "WRONG_CURRENCY",
        }
    }
}

/// Why a message is no event, and what of it could be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The reason's class.
    pub code: InvalidCode,
    /// The reason as a sentence that names the field.
    pub message: String,
    /// What the message is about, as far as it could be read.
    pub subject: Box<Subject>,
}

/// What a message is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The event's id.
    pub event_id: Option<EventId>,
    /// The event's type, known or not.
    pub event_type: Option<String>,
    /// The campaign it names.
    pub campaign: Option<CampaignId>,
    /// The donation it names.
    pub donation: Option<DonationId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code after this one. Without a `_` arm, so that a new code has to be named here.
    fn next(code: InvalidCode) -> Option<InvalidCode> {
        match code {
            InvalidCode::BodyTooLarge => Some(InvalidCode::NotUtf8),
            InvalidCode::NotUtf8 => Some(InvalidCode::InvalidJson),
            InvalidCode::InvalidJson => Some(InvalidCode::UnknownEventType),
            InvalidCode::UnknownEventType => Some(InvalidCode::EventTypeMismatch),
            InvalidCode::EventTypeMismatch => Some(InvalidCode::MissingField),
            InvalidCode::MissingField => Some(InvalidCode::InvalidField),
            InvalidCode::InvalidField => Some(InvalidCode::InvalidAmount),
            InvalidCode::InvalidAmount => Some(InvalidCode::WrongCurrency),
            InvalidCode::WrongCurrency => None,
        }
    }

    #[test]
    fn all_codes_are_listed_and_each_has_a_name_of_its_own() {
        let all: Vec<_> = std::iter::successors(Some(InvalidCode::ALL[0]), |code| next(*code)).collect();
        assert_eq!(all, InvalidCode::ALL);
        let names: std::collections::HashSet<_> = all.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), all.len());
    }
}

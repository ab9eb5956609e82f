//! Why a message is dead-lettered, and what it is about.

use totals_core::domain::{Event, Invalid, InvalidCode, Quarantine, Subject};
use totals_core::store::StoreError;

/// Why a message is dead-lettered.
#[derive(Debug, Clone)]
pub struct Reason {
    /// Its class, for metrics and for selecting dead letters.
    pub code: &'static str,
    /// A sentence that a person understands.
    pub text: String,
    /// What the message is about, as far as the worker could read it.
    pub subject: Subject,
}

impl From<Invalid> for Reason {
    fn from(invalid: Invalid) -> Self {
        Self {
            code: InvalidCode::as_str(invalid.code),
            text: invalid.message,
            subject: *invalid.subject,
        }
    }
}

/// The class of an event that needs a document which cannot be read.
const DAMAGED_DOCUMENT: &str = "DAMAGED_DOCUMENT";
/// The class of an event that the database refuses.
const DATABASE_REFUSED: &str = "DATABASE_REFUSED";

impl Reason {
    /// Every class that a reason may have.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        let invalid = InvalidCode::ALL.into_iter().map(InvalidCode::as_str);
        let refused = [DAMAGED_DOCUMENT, DATABASE_REFUSED];
        invalid.chain(Quarantine::CODES).chain(refused)
    }

    /// An event in conflict with an earlier one.
    pub fn quarantined(event: &Event, quarantine: &Quarantine) -> Self {
        Self {
            code: quarantine.code(),
            text: quarantine.to_string(),
            subject: subject(event),
        }
    }

    /// An event that the database refuses even when it is alone, or that needs a document that cannot be read.
    pub fn refused(event: &Event, error: &StoreError) -> Self {
        Self {
            code: if error.is_damaged_document() {
                DAMAGED_DOCUMENT
            } else {
                DATABASE_REFUSED
            },
            text: error.to_string(),
            subject: subject(event),
        }
    }
}

/// What an event is about.
pub fn subject(event: &Event) -> Subject {
    Subject {
        event_id: Some(event.id.clone()),
        event_type: Some(event.event_type().to_string()),
        campaign: event.campaign().cloned(),
        donation: event.donation().cloned(),
    }
}

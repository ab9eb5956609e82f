//! What a schema cannot say, in one place: the messages that a schema accepts and the decoder refuses.

use crate::domain::InvalidCode;

/// A reason for which the decoder refuses messages that their schema accepts.
#[derive(Debug, Clone, Copy)]
pub struct Unsaid {
    /// The reason's class.
    pub code: InvalidCode,
    /// A part of the reason's sentence, which tells it from others of its class.
    pub words: &'static str,
    /// What producers have to know, as a sentence.
    pub what: &'static str,
}

/// All of them.
pub const UNSAID: &[Unsaid] = &[
    Unsaid {
        code: InvalidCode::BodyTooLarge,
        words: "more than the 262144 allowed",
        what: "A message has at most 262144 bytes.",
    },
    Unsaid {
        code: InvalidCode::InvalidJson,
        words: "duplicate field",
        what: "A member that is read stands in its object once.",
    },
    Unsaid {
        code: InvalidCode::InvalidField,
        words: "must be at most 256 bytes",
        what: "An id has at most 256 bytes of UTF-8; a schema counts characters.",
    },
    Unsaid {
        code: InvalidCode::InvalidField,
        words: "timestamp must be",
        what: "A timestamp is a day that the calendar has, unlike February 30, in the years 0 to 9999.",
    },
    Unsaid {
        code: InvalidCode::InvalidAmount,
        words: "decimals in",
        what: "An amount has no more decimals than its currency, but for the noise of floating point.",
    },
    Unsaid {
        code: InvalidCode::InvalidAmount,
        words: "minor units",
        what: "An amount that is a text is no larger than one that is a number.",
    },
];

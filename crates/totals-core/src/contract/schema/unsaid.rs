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
        words: "allowed",
        what: "A message has at most 262144 bytes.",
    },
    Unsaid {
        code: InvalidCode::InvalidJson,
        words: "duplicate field",
        what: "A member that is read stands in its object only once.",
    },
    Unsaid {
        code: InvalidCode::InvalidField,
        words: "must be at most 256 bytes",
        what: "An id has at most 256 bytes of UTF-8, or 256 digits; a schema counts characters.",
    },
    Unsaid {
        code: InvalidCode::InvalidField,
        words: "must be at most 1024 bytes",
        what: "A fact of a campaign has at most 1024 bytes of UTF-8; a schema counts characters.",
    },
    Unsaid {
        code: InvalidCode::InvalidField,
        words: "must be a string or a whole number",
        what: "A number that is an id is whole to its last digit, also where a program does not keep all of them. So is the \
               refundId of a refund that has no id of its own, or it is a text.",
    },
    Unsaid {
        code: InvalidCode::InvalidField,
        words: "half of a surrogate pair",
        what: "A text that is read has no half of a surrogate pair alone, such as \\ud800, which is no character.",
    },
    Unsaid {
        code: InvalidCode::InvalidJson,
        words: "hex escape",
        what: "The names of an object's members have no half of a surrogate pair alone, if any member of it is read.",
    },
    Unsaid {
        code: InvalidCode::InvalidField,
        words: "must be an RFC 3339 time",
        what: "A timestamp is a moment of the years 0 to 9999 that there is: on no February 30, and with a second 60 only \
               where a leap second may be.",
    },
    Unsaid {
        code: InvalidCode::InvalidAmount,
        words: "decimals in",
        what: "An amount has no more decimals than its currency, but for the noise of floating point; or, with \
               AMOUNT_PRECISION=half-even, it is not rounded to nothing.",
    },
    Unsaid {
        code: InvalidCode::InvalidAmount,
        words: "minor units",
        what: "An amount that is a text is no larger than one that is a number.",
    },
    Unsaid {
        code: InvalidCode::InvalidField,
        words: "must be a JSON object in Base64",
        what: "What data_base64 holds is the payload, by the rules for data.",
    },
];

//! The log rows of failures, which the audit leaves out.

use mongodb::bson::{Document, doc};

use super::problem::Problem;

/// Matches the rows that are not those of failures. The row of a failure has none of these fields: a processed event's
/// row replaces it as a whole, and a failure never takes the place of a processed event.
pub(super) fn not_failed() -> Document {
    let none = doc! { "$exists": false };
    doc! { "$nor": [{ "status": "FAILED", "committedAt": &none, "effect": &none, "early": none }] }
}

/// What is wrong with a row whose status is FAILED and that [`not_failed`] matches.
pub(super) fn failed(has_payload: bool) -> Problem {
    Problem {
        sentence:
            "its status is FAILED, and it has committedAt, effect or early, which only a processed event has"
                .to_owned(),
        // The row of a failure has a body in its place.
        update: has_payload.then_some(r#"{$set: {status: "PROCESSED"}}"#),
    }
}

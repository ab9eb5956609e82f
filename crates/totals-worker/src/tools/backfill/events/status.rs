//! What a row says of its own state: a row that was never paid, or that was refunded and does not tell how much, is no
//! donation to count.
//!
//! Exports have such rows because their tables do. A state that is not known here may be either, so the row is a reject.

use totals_core::domain::EventType;

use super::members::Members;
use super::reason;
use crate::broker::message::Reason;

/// Members that name the state in a word.
const STATES: [&str; 2] = ["status", "paymentStatus"];

/// Members that say that the donation was refunded: in a word, or with the time.
const REFUNDED: [&str; 3] = ["refunded", "isRefunded", "refundedAt"];

/// States of what was paid.
const PAID: [&str; 9] = [
    "PAID",
    "COMPLETE",
    "COMPLETED",
    "SUCCESS",
    "SUCCESSFUL",
    "SUCCEEDED",
    "CONFIRMED",
    "CAPTURED",
    "SETTLED",
];

/// States of what was paid and then given back.
const GIVEN_BACK: [&str; 2] = ["REFUNDED", "PARTIALLYREFUNDED"];

/// States of what was not paid, or not kept.
const NOT_PAID: [&str; 17] = [
    "FAILED",
    "FAILURE",
    "PENDING",
    "PROCESSING",
    "INITIATED",
    "CREATED",
    "NEW",
    "AUTHORIZED",
    "CANCELLED",
    "CANCELED",
    "DECLINED",
    "REJECTED",
    "EXPIRED",
    "ABANDONED",
    "VOIDED",
    "UNPAID",
    "ERROR",
];

/// Checks that a row of this type says nothing of its state that keeps it from counting as that.
///
/// # Errors
/// [`Reason`] with the member, its value and the remedy.
pub fn counts(members: &Members<'_>, event_type: EventType) -> Result<(), Box<Reason>> {
    if event_type.is_of_campaign() {
        // The status is the campaign's.
        return Ok(());
    }
    for name in STATES {
        let Some(text) = members.text(name)? else { continue };
        let state = word(&text);
        if NOT_PAID.contains(&state.as_str()) {
            let text = format!("{name} says {text}, so nothing was paid: leave the row out");
            return Err(reason("NOT_PAID", text));
        } else if GIVEN_BACK.contains(&state.as_str()) {
            tells_how_much(members, event_type, name, &text)?;
        } else if !PAID.contains(&state.as_str()) {
            let text = format!(
                "{name} says `{text}`, which does not tell if the row was paid: leave the row out if it was not, else \
                 leave {name} out or call it otherwise"
            );
            return Err(reason("AMBIGUOUS_ROW", text));
        }
    }
    for name in REFUNDED {
        let Some(value) = members.raw(name) else { continue };
        let text = value.get().trim_matches('"');
        match word(text).as_str() {
            "FALSE" | "F" | "NO" | "N" | "0" if name != "refundedAt" => {}
            "TRUE" | "T" | "YES" | "Y" | "1" => tells_how_much(members, event_type, name, text)?,
            _ if name == "refundedAt" => tells_how_much(members, event_type, name, text)?,
            _ => {
                let text = format!(
                    "{name} must be true or false, got {text}: an amount is a refundedAmount, and anything else has \
                     another name"
                );
                return Err(reason("AMBIGUOUS_ROW", text));
            }
        }
    }
    Ok(())
}

/// Checks that a refunded donation says how much of it was given back. A refund is one, and a payment moves no total.
fn tells_how_much(
    members: &Members<'_>,
    event_type: EventType,
    name: &str,
    value: &str,
) -> Result<(), Box<Reason>> {
    if event_type != EventType::DonationCreated || members.refunded_amount().is_some() {
        return Ok(());
    }
    let text = format!(
        "{name} says {value}, and the row has no refundedAmount: add what was refunded, or leave the row out if nothing \
         is left of the donation"
    );
    Err(reason("CONTRADICTORY_ROW", text))
}

/// A word without its case and its separators.
fn word(text: &str) -> String {
    let letters = text.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_uppercase).collect()
}

//! What a row says of its own state: a row that was never paid, or that was refunded and does not tell how much, is no
//! donation to count.
//!
//! Exports have such rows because their tables do. A state that is not known here may be either, so the row is a reject.

use totals_core::domain::EventType;

use super::members::{Members, text_of};
use super::reason;
use crate::broker::message::Reason;

/// Members that say that the donation was refunded: in a word, or with the time.
const REFUNDED: [&str; 3] = ["refunded", "isRefunded", "refundedAt"];

/// Members that say that the donation was not paid if they are false, by their letters and without an `is` before them.
const DONE: [&str; 3] = ["paid", "success", "successful"];

/// Members that say that the donation was not paid, or not kept, if they are true or a time, by their letters and without an
/// `is` before them or an `at` behind them.
const UNDONE: [&str; 6] = [
    "cancelled",
    "canceled",
    "voided",
    "deleted",
    "failed",
    "chargeback",
];

/// How a member tells the row's state.
enum Teller {
    /// In a word.
    State,
    Refunded,
    Done,
    Undone,
}

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

/// Returns true if a row's member of this name tells the row's state.
pub fn tells_state(name: &str) -> bool {
    teller(name).is_some()
}

/// How a member of this name tells the row's state. Exports name such members as they like, and a name that is not known
/// here would count what was never paid. `state` is not among them: it may be a part of an address.
fn teller(name: &str) -> Option<Teller> {
    if REFUNDED.contains(&name) {
        return Some(Teller::Refunded);
    }
    let letters = name.chars().filter(|letter| letter.is_alphabetic());
    let letters: String = letters.flat_map(char::to_lowercase).collect();
    let done = letters.strip_prefix("is").unwrap_or(&letters);
    let undone = done.strip_suffix("at").unwrap_or(done);
    if letters.ends_with("status") {
        Some(Teller::State)
    } else if DONE.contains(&done) {
        Some(Teller::Done)
    } else {
        UNDONE.contains(&undone).then_some(Teller::Undone)
    }
}

/// Checks that a row of this type says nothing of its state that keeps it from counting as that.
///
/// # Errors
/// [`Reason`] with the member, its value and the remedy.
pub fn counts(members: &Members<'_>, event_type: EventType) -> Result<(), Box<Reason>> {
    if event_type.is_of_campaign() {
        // The status is the campaign's.
        return Ok(());
    }
    for (name, value) in members.all() {
        let text = value.get().trim_matches('"').trim();
        match teller(name) {
            Some(_) if text.is_empty() => {}
            Some(Teller::State) => state(members, event_type, name, &text_of(name, value)?)?,
            Some(Teller::Refunded) => refunded(members, event_type, name, text)?,
            Some(Teller::Done) if is_no(text) || NOT_PAID.contains(&word(text).as_str()) => {
                return Err(not_paid(name, text));
            }
            Some(Teller::Undone) if !is_no(text) => return Err(not_paid(name, text)),
            None | Some(Teller::Done | Teller::Undone) => {}
        }
    }
    Ok(())
}

/// Checks a state in a word.
fn state(members: &Members<'_>, event_type: EventType, name: &str, text: &str) -> Result<(), Box<Reason>> {
    let state = word(text);
    if NOT_PAID.contains(&state.as_str()) {
        return Err(not_paid(name, text));
    }
    if GIVEN_BACK.contains(&state.as_str()) {
        return tells_how_much(members, event_type, name, text);
    }
    if PAID.contains(&state.as_str()) {
        return Ok(());
    }
    let text = format!(
        "{name} says `{text}`, which does not tell if the row was paid: leave the row out if it was not, else leave \
         {name} out or call it otherwise"
    );
    Err(reason("AMBIGUOUS_ROW", text))
}

/// Checks a member that says if the donation was refunded, or when.
fn refunded(members: &Members<'_>, event_type: EventType, name: &str, text: &str) -> Result<(), Box<Reason>> {
    match word(text).as_str() {
        "FALSE" | "F" | "NO" | "N" | "0" if name != "refundedAt" => Ok(()),
        "TRUE" | "T" | "YES" | "Y" | "1" => tells_how_much(members, event_type, name, text),
        _ if name == "refundedAt" => tells_how_much(members, event_type, name, text),
        _ => {
            let text = format!(
                "{name} must be true or false, got {text}: an amount is a refundedAmount, and anything else has \
                 another name"
            );
            Err(reason("AMBIGUOUS_ROW", text))
        }
    }
}

fn not_paid(name: &str, text: &str) -> Box<Reason> {
    let text = format!(
        "{name} says {text}, so nothing was paid, or nothing was kept: leave the row out; or if {name} tells \
         something else, call it otherwise"
    );
    reason("NOT_PAID", text)
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

/// Returns true for false and for zero, as numbers and times are zero.
fn is_no(text: &str) -> bool {
    let is_zero = text.contains('0')
        && text
            .chars()
            .all(|digit| matches!(digit, '0' | '.' | ':' | '-' | ' '));
    is_zero || matches!(word(text).as_str(), "FALSE" | "F" | "NO" | "N")
}

/// A word without its case and its separators. Any other character makes another word of it: `!PAID` is not `PAID`.
fn word(text: &str) -> String {
    let letters = text.chars().filter(|letter| !matches!(letter, '_' | '-' | ' '));
    letters.flat_map(char::to_uppercase).collect()
}

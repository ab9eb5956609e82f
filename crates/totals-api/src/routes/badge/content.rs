//! What is on a badge, whoever draws it.

use std::fmt::Write as _;

use serde::Serialize;
use totals_core::domain::{Currency, Money, is_blank};
use utoipa::ToSchema;

use super::options::{Colour, Options};
use crate::live::View;

const RAISED: Colour = Colour::new(0x1a, 0x73, 0x48);
/// The goal is reached.
const REACHED: Colour = Colour::new(0x8a, 0x5a, 0x00);
/// There is no number to show.
const NOTHING: Colour = Colour::new(0x66, 0x66, 0x66);

/// How long shields.io is asked to show it, in seconds; it takes no less.
const SHIELDS_CACHE_SECONDS: u32 = 300;

/// What a badge is about.
pub enum Shown {
    /// What is known of the campaign.
    Totals(View),
    /// The totals cannot be read right now.
    Unavailable,
}

/// A badge, ready to be drawn.
#[derive(Debug, PartialEq)]
pub struct Badge {
    /// The campaign's title, or its id.
    pub(super) about: String,
    pub(super) label: String,
    pub(super) message: String,
    pub(super) colour: Colour,
    pub(super) label_colour: Colour,
    is_error: bool,
}

/// A badge in the endpoint format of shields.io
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShieldsBadge {
    /// Always 1.
    schema_version: u8,
    /// What is on the left.
    #[schema(example = "raised")]
    label: String,
    /// What is on the right.
    #[schema(example = "5,000.50 USD · 50%")]
    message: String,
    /// The colour of the right.
    #[schema(example = "1a7348")]
    color: String,
    /// The colour of the left.
    #[schema(example = "444444")]
    label_color: String,
    /// Returns true if there is no number to show.
    is_error: bool,
    /// How long it may be shown, in seconds.
    cache_seconds: u32,
}

impl Badge {
    /// The badge of the campaign with this id.
    pub fn new(id: &str, shown: &Shown, options: Options, currency: Currency) -> Self {
        let (message, colour, is_error) = match shown {
            Shown::Totals(Some(totals)) => {
                let (raised, goal) = (
                    totals.totals.amount,
                    totals.facts.as_ref().and_then(|facts| facts.goal),
                );
                let reached = goal.is_some_and(|goal| raised >= goal);
                let colour = if reached { REACHED } else { RAISED };
                (message(raised, goal, currency), colour, false)
            }
            Shown::Totals(None) => ("unknown campaign".to_owned(), NOTHING, true),
            Shown::Unavailable => ("not available right now".to_owned(), NOTHING, true),
        };
        let title = match shown {
            Shown::Totals(Some(totals)) => totals.facts.as_ref().and_then(|facts| facts.title.as_deref()),
            Shown::Totals(None) | Shown::Unavailable => None,
        };
        Self {
            about: title.filter(|title| !is_blank(title)).unwrap_or(id).to_owned(),
            label: options.label,
            message,
            // What is wrong is never in the colour of a number.
            colour: options.colour.filter(|_| !is_error).unwrap_or(colour),
            label_colour: options.label_colour,
            is_error,
        }
    }

    /// As JSON for shields.io.
    pub fn shields(self) -> ShieldsBadge {
        ShieldsBadge {
            schema_version: 1,
            label: self.label,
            message: self.message,
            color: self.colour.to_string(),
            label_color: self.label_colour.to_string(),
            is_error: self.is_error,
            cache_seconds: SHIELDS_CACHE_SECONDS,
        }
    }
}

/// What is raised, and how far that is towards the goal: whole percents, rounded down, so that 100 means that it is reached.
fn message(raised: Money, goal: Option<Money>, currency: Currency) -> String {
    if raised.minor() == 0 {
        return "no donations yet".to_owned();
    }
    let amount = format!("{} {}", amount(raised, currency), currency.code());
    match goal {
        Some(goal) => {
            let percent = i128::from(raised.minor()) * 100 / i128::from(goal.minor().max(1));
            format!("{amount} · {percent}%")
        }
        None => amount,
    }
}

/// The exact amount, its thousands apart, and its minor units if it has any.
fn amount(amount: Money, currency: Currency) -> String {
    let unit = 10_i64.pow(currency.decimals().into());
    let (whole, minor) = (amount.minor() / unit, amount.minor() % unit);
    let digits = whole.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if minor > 0 {
        let places = usize::from(currency.decimals());
        // Cannot fail: it writes to memory.
        let _ = write!(text, ".{minor:0places$}");
    }
    text
}

#[cfg(test)]
mod tests;

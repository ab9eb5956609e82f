//! What is known of a campaign beside its totals, and which event has said it, as the tools show it.

use std::fmt;

use serde::Serialize;
use totals_core::domain::facts::Register;
use totals_core::domain::{Currency, Fact, FactValue, Facts, Timestamp};

use super::output::Line;

/// One fact and the event that has said it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownFact {
    fact: &'static str,
    /// As a text; `None` if the event has said that there is none.
    value: Option<String>,
    event_id: String,
    occurred_at: Timestamp,
}

impl ShownFact {
    fn new(fact: Fact, register: &Register, currency: Currency) -> Self {
        let value = register.value.as_ref().map(|value| match value {
            FactValue::Amount(amount) => currency.format(*amount).to_string(),
            FactValue::Text(_) | FactValue::Moment(_) => value.to_string(),
        });
        Self {
            fact: fact.name(),
            value,
            event_id: register.by.to_string(),
            occurred_at: register.at,
        }
    }

    /// Those of these facts that events have said something of.
    pub fn of(wanted: &[Fact], facts: &Facts, currency: Currency) -> Vec<Self> {
        let known = wanted
            .iter()
            .filter_map(|fact| Some((*fact, facts.register(*fact)?)));
        known
            .map(|(fact, register)| Self::new(fact, register, currency))
            .collect()
    }
}

impl fmt::Display for ShownFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.as_deref().unwrap_or("none");
        let (value, event) = (Line(value), Line(&self.event_id));
        write!(
            f,
            "{} {value}, said by {event} of {}",
            self.fact, self.occurred_at
        )
    }
}

/// Several facts in one line.
pub struct InOneLine<'a>(pub &'a [ShownFact]);

impl fmt::Display for InOneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (number, fact) in self.0.iter().enumerate() {
            let separator = if number > 0 { "; " } else { "" };
            write!(f, "{separator}{fact}")?;
        }
        Ok(())
    }
}

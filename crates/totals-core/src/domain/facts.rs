//! What is known of a campaign beside its totals: title, goal, status, start, end and category.
//!
//! Each fact is a register that the last writer wins: of all events that say something of it, the one with the latest
//! timestamp counts, and of equal timestamps the one with the greater event id. So any order and any duplication of events
//! end in the same facts. The registers keep who wrote them: a later event cannot be told from an earlier one without it.

use std::fmt;

use super::{CampaignId, EventId, Money, Timestamp};

/// The most bytes of a fact that is a text.
pub const MAX_FACT_BYTES: usize = 1024;

/// One of the things that are known of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// What it is called.
    Title,
    /// The amount that it wants to raise.
    Goal,
    /// Its status, in the platform's own words.
    Status,
    /// When it starts.
    StartsAt,
    /// When it ends.
    EndsAt,
    /// What kind of campaign it is, in the platform's own words.
    Category,
}

impl Fact {
    /// All facts, in the order of their declaration.
    pub const ALL: [Self; 6] = [
        Self::Title,
        Self::Goal,
        Self::Status,
        Self::StartsAt,
        Self::EndsAt,
        Self::Category,
    ];

    /// The fact's name, as it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Goal => "goal",
            Self::Status => "status",
            Self::StartsAt => "startsAt",
            Self::EndsAt => "endsAt",
            Self::Category => "category",
        }
    }
}

/// What a fact is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactValue {
    /// A text of 1 to [`MAX_FACT_BYTES`] bytes.
    Text(String),
    /// An amount above zero.
    Amount(Money),
    /// A moment.
    Moment(Timestamp),
}

impl fmt::Display for FactValue {
    /// Amounts are in minor units.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Amount(amount) => amount.minor().fmt(f),
            Self::Moment(moment) => moment.fmt(f),
        }
    }
}

/// What an event says of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsUpdate {
    /// Which campaign.
    pub campaign: CampaignId,
    /// The facts that the event names, in the order of [`Fact::ALL`], each with its value; `None` if there is none any more.
    pub facts: Vec<(Fact, Option<FactValue>)>,
}

/// A fact and the event that has said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// `None` if the event has said that there is none.
    pub value: Option<FactValue>,
    /// When the event happened, by its own word.
    pub at: Timestamp,
    /// The event.
    pub by: EventId,
}

/// All that is known of a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts([Option<Register>; Fact::ALL.len()]);

impl Facts {
    /// Takes in what an event says. Returns true if anything is known otherwise now.
    pub fn apply(&mut self, update: &FactsUpdate, at: Timestamp, by: &EventId) -> bool {
        let mut changed = false;
        for (fact, value) in &update.facts {
            let register = &mut self.0[*fact as usize];
            if register
                .as_ref()
                .is_none_or(|last| (last.at, &last.by) < (at, by))
            {
                let (value, by) = (value.clone(), by.clone());
                *register = Some(Register { value, at, by });
                changed = true;
            }
        }
        changed
    }

    /// Puts a register back as it was read.
    pub fn restore(&mut self, fact: Fact, register: Register) {
        self.0[fact as usize] = Some(register);
    }

    /// The register of a fact, if any event has said something of it.
    pub fn register(&self, fact: Fact) -> Option<&Register> {
        self.0[fact as usize].as_ref()
    }

    /// What is known of a fact.
    pub fn value(&self, fact: Fact) -> Option<&FactValue> {
        self.register(fact)?.value.as_ref()
    }

    /// Returns true if no event has said anything.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// What readers see of a campaign beside its totals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CampaignFacts {
    /// See [`Fact::Title`].
    pub title: Option<String>,
    /// See [`Fact::Goal`].
    pub goal: Option<Money>,
    /// See [`Fact::Status`].
    pub status: Option<String>,
    /// See [`Fact::StartsAt`].
    pub starts_at: Option<Timestamp>,
    /// See [`Fact::EndsAt`].
    pub ends_at: Option<Timestamp>,
    /// See [`Fact::Category`].
    pub category: Option<String>,
}

impl From<&Facts> for CampaignFacts {
    fn from(facts: &Facts) -> Self {
        let text = |fact| match facts.value(fact) {
            Some(FactValue::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let moment = |fact| match facts.value(fact) {
            Some(FactValue::Moment(moment)) => Some(*moment),
            _ => None,
        };
        let goal = match facts.value(Fact::Goal) {
            Some(FactValue::Amount(goal)) => Some(*goal),
            _ => None,
        };
        Self {
            title: text(Fact::Title),
            goal,
            status: text(Fact::Status),
            starts_at: moment(Fact::StartsAt),
            ends_at: moment(Fact::EndsAt),
            category: text(Fact::Category),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An event: when it happened, its id, and what it says.
    type Said = (i64, u8, Vec<(Fact, Option<FactValue>)>);

    fn said() -> impl Strategy<Value = Vec<Said>> {
        let fact = (0..Fact::ALL.len(), proptest::option::of("[a-c]"));
        let fact = fact.prop_map(|(fact, text)| (Fact::ALL[fact], text.map(FactValue::Text)));
        // Few moments, so that many events share one.
        let event = (0..4_i64, proptest::collection::vec(fact, 0..4));
        proptest::collection::vec(event, 0..9).prop_map(|events| {
            let numbered = events.into_iter().enumerate();
            let said = numbered.map(|(number, (at, mut facts))| {
                facts.sort_by_key(|(fact, _)| *fact);
                facts.dedup_by_key(|(fact, _)| *fact);
                (at, u8::try_from(number).unwrap(), facts)
            });
            said.collect()
        })
    }

    fn applied<'a>(events: impl IntoIterator<Item = &'a Said>) -> Facts {
        let mut facts = Facts::default();
        for (at, id, said) in events {
            let update = FactsUpdate {
                campaign: "c".try_into().unwrap(),
                facts: said.clone(),
            };
            let id = EventId::try_from(format!("e{id}")).unwrap();
            facts.apply(&update, Timestamp::from_unix_millis(*at).unwrap(), &id);
        }
        facts
    }

    proptest! {
        #[test]
        fn any_order_and_any_duplication_end_in_what_the_latest_events_say(
            events in said(), seed in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let facts = applied(&events);
            if !events.is_empty() {
                let again = seed.iter().map(|index| index.get(&events));
                let shuffled: Vec<&Said> = again.chain(events.iter().rev()).collect();
                prop_assert_eq!(&facts, &applied(shuffled));
            }
            for fact in Fact::ALL {
                let latest = events.iter().filter(|(_, _, said)| said.iter().any(|(named, _)| *named == fact));
                let latest = latest.max_by_key(|(at, id, _)| (*at, *id));
                let value = latest.and_then(|(_, _, said)| said.iter().find(|(named, _)| *named == fact)?.1.as_ref());
                prop_assert_eq!(facts.value(fact), value);
            }
        }
    }
}

//! The faults: what is taken away or damaged, for how long, and what of it is given back.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use totals_core::domain::EventType;

/// The indexes, each with its collection.
pub const INDEXES: [(&str, &str); 5] = [
    ("donations", "by_campaign_and_donor"),
    ("donations", "untimed"),
    ("event_log", "by_campaign"),
    ("event_log", "early"),
    ("event_log", "payments"),
];

/// In one of so many rounds a fault that is given back lasts long enough that `/health` must tell of it.
const LONG_ROUNDS: u32 = 5;

/// Longer than `/health` may go on saying 200.
const LONG: Duration = Duration::from_secs(50);

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An index of this collection is dropped, and not given back.
    IndexDropped(&'static str, &'static str),
    /// A collection that can be made from the log is dropped; later it is rebuilt.
    CollectionDropped(&'static str),
    /// Documents of this collection are damaged.
    Damaged(&'static str),
    /// MongoDB is locked, as for a backup of its files, and unlocked.
    WritesLocked,
    /// The queue is deleted while nothing is in it, and not given back.
    QueueDeleted,
    /// The dead-letter queue is deleted after it was emptied, and not given back.
    DeadLettersDeleted,
    /// The queue's binding by this key is removed, and not given back.
    Unbound(&'static str),
    /// The exchange is deleted with its bindings, and not given back.
    ExchangeDeleted,
    /// A policy keeps dead letters out of their queue, and is cleared.
    LettersRefused,
    /// RabbitMQ ends the worker's connections and gives it no rights, and gives them back.
    RightsTaken,
}

/// A fault, and how it goes on.
#[derive(Debug)]
pub struct Trouble {
    pub fault: Fault,
    /// Time from the fault until what is given back is given back. Then the service has to count.
    pub hold: Duration,
    /// True if damaged documents are mended at the end of this fault. Otherwise a later one mends them, before a rebuild.
    pub mended: bool,
}

impl Fault {
    /// Its kind, for the report.
    pub fn kind(self) -> String {
        match self {
            Self::IndexDropped(..) => "index dropped".to_owned(),
            Self::CollectionDropped(collection) => format!("{collection} dropped"),
            Self::Damaged(collection) => format!("{collection} damaged"),
            Self::WritesLocked => "writes locked".to_owned(),
            Self::QueueDeleted => "queue deleted".to_owned(),
            Self::DeadLettersDeleted => "dead-letter queue deleted".to_owned(),
            Self::Unbound(_) => "binding removed".to_owned(),
            Self::ExchangeDeleted => "exchange deleted".to_owned(),
            Self::LettersRefused => "dead letters refused".to_owned(),
            Self::RightsTaken => "rights taken".to_owned(),
        }
    }

    /// Returns true if something cannot be done while the fault lasts, so that `/health` must say so in time.
    pub fn stops_something(self) -> bool {
        matches!(
            self,
            Self::WritesLocked | Self::LettersRefused | Self::RightsTaken
        )
    }
}

impl Trouble {
    /// Every kind once, in random order. `number` counts the rounds from 0.
    pub fn round(random: &mut StdRng, number: u32) -> Vec<Self> {
        let (collection, index) = INDEXES.choose(random).copied().unwrap_or(INDEXES[0]);
        let mut faults = vec![
            // That by which the donors are looked up, without which nothing goes on.
            Fault::IndexDropped(INDEXES[0].0, INDEXES[0].1),
            Fault::IndexDropped(collection, index),
            Fault::CollectionDropped("campaign_totals"),
            Fault::CollectionDropped("donations"),
            Fault::CollectionDropped("campaign_history"),
            Fault::CollectionDropped("platform_history"),
            Fault::Damaged("donations"),
            Fault::Damaged("event_log"),
            Fault::Damaged("campaign_totals"),
            Fault::WritesLocked,
            Fault::QueueDeleted,
            Fault::DeadLettersDeleted,
            Fault::Unbound(
                EventType::ALL
                    .choose(random)
                    .unwrap_or(&EventType::ALL[0])
                    .as_str(),
            ),
            Fault::ExchangeDeleted,
            Fault::LettersRefused,
            Fault::RightsTaken,
        ];
        faults.shuffle(random);
        let long = number % LONG_ROUNDS == LONG_ROUNDS - 1;
        let troubles = faults.into_iter().map(|fault| {
            let hold = if long && fault.stops_something() {
                LONG
            } else {
                Duration::from_secs_f64(random.random_range(0.5..3.0))
            };
            Self {
                fault,
                hold,
                mended: random.random_bool(0.5),
            }
        });
        troubles.collect()
    }

    /// Its kind, and whether the damage stays, for the line in the output.
    pub fn description(&self) -> String {
        let kind = self.fault.kind();
        match self.fault {
            Fault::IndexDropped(_, name) | Fault::Unbound(name) => format!("{kind} ({name})"),
            Fault::Damaged(_) if !self.mended => format!("{kind}, not mended"),
            _ => kind,
        }
    }
}

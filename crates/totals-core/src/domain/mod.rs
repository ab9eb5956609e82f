//! The rules of donations, refunds, totals and what is known of campaigns: pure functions of events, with no I/O and no async.
//!
//! The one promise of the service is kept here: whatever the order, duplication or batching in which events
//! arrive, [`fold::Fold`] arrives at the same totals.

pub mod amount;
pub mod donation;
pub mod erase;
pub mod event;
pub mod facts;
pub mod fold;
pub mod history;
pub mod id;
pub mod money;
mod number_text;
pub mod recount;
pub mod shown_name;
pub mod timestamp;
pub mod totals;

mod decode;
mod excerpt;

pub use amount::{AmountRules, InvalidAmount, Precision};
pub use decode::{
    CloudEventHeaders, Field, FieldKind, HeaderValue, Invalid, InvalidCode, MAX_ATTRIBUTE_BYTES,
    MAX_BODY_BYTES, Member, Need, Received, Subject, declared, decode, decode_payload,
};
pub use donation::{Creation, Donation};
pub use erase::{Pseudonym, Tells};
pub use event::{ContentHash, Event, EventKind, EventType, Refund};
pub use excerpt::{excerpt, without_excerpts};
pub use facts::{CampaignFacts, Fact, FactValue, Facts, FactsUpdate};
pub use fold::{Fold, Outcome, Quarantine};
pub use history::{Booking, History, Slot};
pub use id::{CampaignId, DonationId, DonorId, EventId, InvalidId};
pub use money::{Currency, InvalidCurrency, Money};
pub use recount::{Contradiction, Recount};
pub use shown_name::{is_blank, shown_name};
pub use timestamp::Timestamp;
pub use totals::{Effect, Totals};

//! The ids of events whose messages name none.
//!
//! Such an id follows from what the event says, not from how it is written. So the same event in another spelling (`30`,
//! `30.0`, other keys' order, one more member that nothing reads) has the same id, and so has the one that is sent again with
//! other words around it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::declared::Field;
use super::fields::{Fault, parse_id};
use crate::domain::event::ContentHasher;
use crate::domain::{DonationId, EventId, EventKind, EventType, Timestamp};

/// The id of an event whose message names none. The refund's own id tells refunds of a donation apart; without one, all that
/// the fold reads and the moment that the message itself states. When the message came is no part of it: it comes again.
pub(super) fn derived(
    kind: &EventKind,
    refund_id: Option<&str>,
    stated: Option<Timestamp>,
) -> Result<EventId, Fault> {
    let event_type = kind.event_type();
    let mut hash = ContentHasher::default();
    if let Some(refund_id) = refund_id {
        hash.field("refund");
        hash.field(kind.donation().map_or("", DonationId::as_str));
        hash.field(refund_id);
    } else {
        hash.field("content");
        hash.field(&kind.content_hash().to_string());
        let moment = stated.map(|stated| stated.unix_millis().to_string());
        hash.optional(moment.as_deref());
    }
    parse_id(Field::EventId, format!("{event_type}_{}", hash.finish()))
}

/// The id that an earlier version has derived, from the spelling of the payload's members. Events are in logs under such
/// ids, and their messages may come again.
pub(super) fn of_spelling(event_type: EventType, payload: &str) -> Option<EventId> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(payload).ok()?;
    let mut hash = ContentHasher::default();
    for (name, value) in members {
        hash.field(&name);
        hash.field(value.get());
    }
    EventId::try_from(format!("{event_type}_{}", hash.finish())).ok()
}

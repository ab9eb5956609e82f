//! Personal data out of what producers have sent: of a donor's events only the fields that the service reads are left, and the
//! donor's id gives way to a random one.
//!
//! The fields that stay keep their text, digit for digit, so what is left says the same to whoever counts it. Nothing else
//! stays, whatever its name: nobody knows all the members in which producers put names and addresses.
//!
//! Events of others may name the donor as well: a campaign that the donor owns, a donation that the donor has asked for. There
//! the id alone is replaced ([`others`]). Events of campaigns are never a donor's.
//!
//! What is no JSON object, and what names neither a donation nor a campaign's event, is the donor's if the id stands in it, or
//! that of one of the donor's donations as that ([`readings`]). [`whose`] puts these rules in order.
//!
//! Erasing once is erasing: none of these rules depends on what an earlier run has replaced.

mod json;
mod others;
mod readings;
mod whose;

use serde_json::value::RawValue;

use super::decode::declared::{Field, FieldKind, Member, payload};
use super::{DonationId, DonorId, EventType};
use json::{Members, members, object, quoted, text};
use whose::event_type_of;

/// The id that takes a donor's place, and how the donor is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pseudonym {
    /// The donor's id; `None` if events are recognised by their donation alone.
    pub donor: Option<DonorId>,
    /// What takes its place.
    pub random: DonorId,
}

/// What a message, or its payload, tells of a donor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// Nothing.
    Nothing,
    /// It is another's, and names the donor.
    Names,
    /// It is one of the donor's: all that nothing reads has to go.
    IsOf,
}

/// What stands in place of a word that cannot be what is read there.
const ERASED: &str = "erased";

/// The members around a payload that are read.
const AROUND: [Field; 11] = [
    Field::EventId,
    Field::EventType,
    Field::Timestamp,
    Field::SpecVersion,
    Field::Id,
    Field::Source,
    Field::Type,
    Field::Time,
    Field::Payload,
    Field::Data,
    Field::DataBase64,
];

/// The types of events that are a donor's.
const OF_DONORS: [EventType; 4] = [
    EventType::DonationCreated,
    EventType::DonationRefunded,
    EventType::PaymentCompleted,
    EventType::PaymentRefunded,
];

impl Pseudonym {
    /// A payload without what nothing reads in an event of this type, and with the random id in place of its donor's.
    pub fn erased_payload(&self, event_type: EventType, payload: &str) -> Option<String> {
        let read: Vec<Field> = self::payload(event_type)
            .iter()
            .map(|member: &Member| member.field)
            .collect();
        Some(self.kept(&members(payload)?, |name| {
            read.iter().any(|field| field.name() == name)
        }))
    }

    /// The erased copy of a message's body, however it wraps its payload; `None` if it is no JSON object.
    pub fn erased_body(&self, body: &str) -> Option<String> {
        let outer = members(body)?;
        Some(self.kept(&outer, |name| {
            AROUND.iter().any(|field| field.name() == name) || is_read_of_donors(name)
        }))
    }

    /// Another's body without the donor; `None` if it does not name the donor. `event_type` is that of the routing key.
    pub fn renamed(&self, body: &str, event_type: Option<EventType>) -> Option<String> {
        let layers = layers(body);
        let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
        self.renamed_body(event_type_of(&layers).or(event_type), body)
    }

    /// Returns true if the text is the donor's id.
    pub fn is_donor(&self, text: &str) -> bool {
        self.donor.as_ref().is_some_and(|donor| donor.as_str() == text)
    }

    /// Returns true if the donor's id stands in the text.
    pub fn stands_in(&self, text: &str) -> bool {
        let own = self.donor.as_ref().map(DonorId::as_str);
        own.is_some_and(|own| text == own || readings::names(text.as_bytes(), own))
    }

    /// The members that are `read`, each with its text; within a payload those of donors' events.
    fn kept(&self, members: &Members<'_>, read: impl Fn(&str) -> bool) -> String {
        let kept = members.iter().filter(|(name, _)| read(name));
        object(kept.filter_map(|(name, value)| Some((name.as_str(), self.kept_value(name, value)?))))
    }

    fn kept_value(&self, name: &str, value: &RawValue) -> Option<String> {
        let is = |field: Field| field.name() == name;
        let json = value.get();
        if is(Field::Payload) || is(Field::Data) {
            return Some(self.kept(&members(json)?, is_read_of_donors));
        }
        if is(Field::DataBase64) {
            let payload = json::decoded(value)?;
            return Some(json::encoded(&self.kept(&members(&payload)?, is_read_of_donors)));
        }
        if is(Field::DonorId) {
            // The id of a guest's donation gets a random one in each run: one that is there already tells of nobody, and stays.
            let tells_nobody = |text: &str| text.is_empty() || DonorId::is_forgotten_text(text);
            let stays = json == "null" || text(value).is_some_and(|text| tells_nobody(&text));
            return Some(if stays {
                json.to_owned()
            } else {
                quoted(self.random.as_str())
            });
        }
        // What is read is one value, and no word where a flag or a moment is wanted: the event stays as it was, refused.
        let is_word = json.starts_with('"')
            && text(value).is_some_and(|text| text.chars().any(|it| !is_of_a_moment(it)));
        match Field::from_name(name).map(Field::kind) {
            _ if json.starts_with(['{', '[']) => None,
            Some(FieldKind::Flag) if json.starts_with('"') => Some(quoted(ERASED)),
            Some(FieldKind::Moment) if is_word => Some(quoted(ERASED)),
            _ => Some(json.to_owned()),
        }
    }
}

impl DonorId {
    /// What the random ids of donors who are forgotten begin with.
    const FORGOTTEN: &str = "forgotten_";

    /// The random id of a donor who is forgotten.
    pub fn forgotten(random: u128) -> Self {
        let id = format!("{}{random:032x}", Self::FORGOTTEN);
        Self::try_from(id).unwrap_or_else(|error| unreachable!("it is short: {error}"))
    }

    /// Returns true if the id took the place of another one.
    pub fn is_forgotten(&self) -> bool {
        Self::is_forgotten_text(self.as_str())
    }

    fn is_forgotten_text(text: &str) -> bool {
        let random = text.strip_prefix(Self::FORGOTTEN);
        random.is_some_and(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

/// The donation and the donor that a payload names, if it names both.
pub fn donation_of_donor(payload: &str) -> Option<(DonationId, DonorId)> {
    let members = members(payload)?;
    let donation = DonationId::try_from(text_of(&members, Field::DonationId)?).ok()?;
    Some((
        donation,
        DonorId::try_from(text_of(&members, Field::DonorId)?).ok()?,
    ))
}

/// The text of a field, or the digits of a whole number.
fn text_of(members: &Members<'_>, field: Field) -> Option<String> {
    let mut found = members.iter().filter(|(name, _)| name == field.name());
    found.find_map(|(_, value)| Some(text(value)?.into_owned()))
}

/// The objects of a body that may be a payload: itself, and what it wraps.
fn layers(body: &str) -> Vec<String> {
    let Some(outer) = members(body) else {
        return Vec::new();
    };
    let within = outer.iter().filter_map(|(name, value)| {
        let is = |field: Field| field.name() == name;
        if is(Field::Payload) || is(Field::Data) {
            Some(value.get().to_owned())
        } else if is(Field::DataBase64) {
            json::decoded(value)
        } else {
            None
        }
    });
    let within: Vec<String> = within.filter(|text| members(text).is_some()).collect();
    std::iter::once(body.to_owned()).chain(within).collect()
}

/// Returns true if the character stands in texts that are moments.
fn is_of_a_moment(character: char) -> bool {
    character.is_ascii_digit() || "TZtz:+-. ".contains(character)
}

/// Returns true if a member of this name is read in some event of a donor's.
fn is_read_of_donors(name: &str) -> bool {
    let mut members = OF_DONORS.into_iter().flat_map(payload);
    members.any(|member| member.field.name() == name)
}

#[cfg(test)]
mod tests;

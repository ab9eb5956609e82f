//! Personal data out of what producers have sent: of a donor's events only the fields that the service reads are left, and the
//! donor's id gives way to a random one.
//!
//! The fields that stay keep their text, digit for digit, so what is left says the same to whoever counts it. Nothing else
//! stays, whatever its name: nobody knows all the members in which producers put names and addresses.
//!
//! Events of others may name the donor as well: a campaign that the donor owns, a donation that the donor has asked for. There
//! the id alone is replaced, and only where it stands for a person by the name of its member. The same digits elsewhere may be
//! an order's number, or an amount.

mod json;

use serde_json::value::RawValue;

use super::decode::declared::{Field, FieldKind, Member, payload};
use super::{DonationId, DonorId, EventType};
use json::{Members, members, object, quoted, rewritten, text};

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
    /// What a payload tells of the donor, in an event of this type. `is_theirs` tells of a donation if it is the donor's.
    pub fn in_payload(
        &self,
        event_type: Option<EventType>,
        payload: &str,
        is_theirs: impl Fn(&str) -> bool,
    ) -> Tells {
        let Some(members) = members(payload) else {
            return Tells::Nothing;
        };
        let value = |field: Field| members.iter().find(|(name, _)| name == field.name());
        let text_of = |field| value(field).and_then(|(_, value)| text(value));
        let is_of_campaign = event_type.is_some_and(EventType::is_of_campaign);
        let donor = text_of(Field::DonorId).filter(|donor| !donor.is_empty());
        let is_of = match (&donor, &self.donor) {
            _ if is_of_campaign => false,
            (Some(donor), Some(own)) if donor == own.as_str() => true,
            (Some(donor), Some(_)) if donor != self.random.as_str() => false,
            _ => text_of(Field::DonationId).is_some_and(|donation| is_theirs(&donation)),
        };
        let names = self.names(payload);
        // What nothing reads of a payment is about who pays, and a payment has no donor.
        let is_payment = value(Field::PaymentId).is_some();
        match (is_of || (names && is_payment && !is_of_campaign), names) {
            (true, _) => Tells::IsOf,
            (false, true) => Tells::Names,
            (false, false) => Tells::Nothing,
        }
    }

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

    /// Another's payload with the random id where it names the donor.
    pub fn renamed(&self, payload: &str) -> Option<String> {
        let donor = self.donor.as_ref()?;
        rewritten(payload, &|name, value| {
            let is_donor = is_a_person(name) && text(value).is_some_and(|text| text == donor.as_str());
            is_donor.then(|| quoted(self.random.as_str()))
        })
    }

    /// Returns true if the JSON text names the donor, by a member that stands for a person.
    fn names(&self, json: &str) -> bool {
        self.renamed(json).is_some()
    }

    /// The erased copy of a message's body, however it wraps its payload; `None` if it is no JSON object.
    pub fn erased_body(&self, body: &str) -> Option<String> {
        let outer = members(body)?;
        Some(self.kept(&outer, |name| {
            AROUND.iter().any(|field| field.name() == name) || is_read_of_donors(name)
        }))
    }

    /// What a body tells of the donor, however it wraps its payload. A body of which no donation's id can be read is the
    /// donor's if the id stands in it as a word of its own.
    pub fn in_body(&self, body: &[u8], is_theirs: impl Fn(&str) -> bool) -> Tells {
        let text = std::str::from_utf8(body).ok();
        let layers = text.map(layers).unwrap_or_default();
        let has_donation = |layer: &String| {
            let found = members(layer).unwrap_or_default();
            let mut donation = found.iter().filter(|(name, _)| name == Field::DonationId.name());
            donation.any(|(_, value)| json::text(value).is_some())
        };
        if !layers.iter().any(has_donation) && layers.iter().all(|layer| !self.names(layer)) {
            let word = self
                .donor
                .as_ref()
                .is_some_and(|donor| has_word(body, donor.as_str()));
            return if word { Tells::IsOf } else { Tells::Nothing };
        }
        let type_of = |layer: &String| {
            let found = members(layer)?;
            let named = |field: Field| found.iter().find(|(name, _)| name == field.name());
            let told = named(Field::EventType).or_else(|| named(Field::Type))?;
            let told = json::text(told.1)?.into_owned();
            EventType::ALL
                .into_iter()
                .find(|known| told.ends_with(known.as_str()))
        };
        let event_type = layers.iter().find_map(type_of);
        let found = layers
            .iter()
            .map(|layer| self.in_payload(event_type, layer, &is_theirs));
        found.max_by_key(|tells| *tells as u8).unwrap_or(Tells::Nothing)
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
            let is_none = json == "null" || text(value).is_some_and(|text| text.is_empty());
            return Some(if is_none {
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
        let random = self.as_str().strip_prefix(Self::FORGOTTEN);
        random.is_some_and(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

/// The donation and the donor that a payload names, if it names both.
pub fn donation_of_donor(payload: &str) -> Option<(DonationId, DonorId)> {
    let members = members(payload)?;
    let text_of = |field: Field| {
        let found = members.iter().find(|(name, _)| name == field.name());
        found.and_then(|(_, value)| Some(text(value)?.into_owned()))
    };
    let donation = DonationId::try_from(text_of(Field::DonationId)?).ok()?;
    Some((donation, DonorId::try_from(text_of(Field::DonorId)?).ok()?))
}

/// As [`donation_of_donor`], of the payload within a body.
pub fn donation_of_donor_in(body: &[u8]) -> Option<(DonationId, DonorId)> {
    let body = std::str::from_utf8(body).ok()?;
    layers(body).iter().find_map(|layer| donation_of_donor(layer))
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

/// Returns true if a member of this name stands for a person.
fn is_a_person(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "donor",
        "user",
        "owner",
        "creator",
        "author",
        "organizer",
        "organiser",
        "person",
        "member",
        "account",
        "customer",
        "contact",
    ];
    let lower = name.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word)) || lower.ends_with("by")
}

/// Returns true if these bytes have the word, and not as a part of a longer one.
fn has_word(bytes: &[u8], word: &str) -> bool {
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
    let word = word.as_bytes();
    let mut places =
        (0..bytes.len().saturating_sub(word.len() - 1)).filter(|at| bytes[*at..].starts_with(word));
    places.any(|at| {
        !is_part(at.checked_sub(1).and_then(|at| bytes.get(at))) && !is_part(bytes.get(at + word.len()))
    })
}

#[cfg(test)]
mod tests;

//! Whose event a message is, and if it names the donor.
//!
//! The field of the donor decides, then the donation. An event of a campaign is nobody's. What names neither a donation nor a
//! campaign's event is searched as text for both, and its headers for the donor.

use super::json::{self, Members, members, text};
use super::others::{is_a_person, plain};
use super::{Pseudonym, Tells, layers, readings, text_of};
use crate::domain::decode::declared::Field;
use crate::domain::{DonationId, DonorId, EventType};

impl Pseudonym {
    /// What a payload tells of the donor, in an event of this type. `is_theirs` tells of a donation if it is the donor's.
    pub fn in_payload(
        &self,
        event_type: Option<EventType>,
        payload: &str,
        is_theirs: impl Fn(&str) -> bool,
    ) -> Tells {
        let names = || self.renamed_payload(event_type, payload).is_some();
        self.in_layers(event_type, &[payload], names, is_theirs)
    }

    /// What the objects of an event tell, the payload last. `names` says if it names the donor, in case that it is another's.
    fn in_layers(
        &self,
        event_type: Option<EventType>,
        layers: &[&str],
        names: impl Fn() -> bool,
        is_theirs: impl Fn(&str) -> bool,
    ) -> Tells {
        let read: Vec<_> = layers.iter().filter_map(|layer| members(layer)).collect();
        let is_of = || {
            let by_donor = read.iter().rev().find_map(|members| self.is_by_donor(members));
            by_donor.unwrap_or_else(|| {
                let mut donations = read
                    .iter()
                    .filter_map(|members| text_of(members, Field::DonationId));
                donations.any(|donation| is_theirs(&donation))
                    || read.iter().any(|members| self.has_donor(members))
                    // What nothing reads of a payment is about who pays, and a payment has no donor.
                    || read.iter().any(|members| has(members, Field::PaymentId) && self.has_payer(members))
            })
        };
        if !event_type.is_some_and(EventType::is_of_campaign) && is_of() {
            Tells::IsOf
        } else if names() {
            Tells::Names
        } else {
            Tells::Nothing
        }
    }

    /// Returns true if these members name the donor as the one who has donated, false if they name another one, and `None` if
    /// they name nobody, or the random id, which does not tell whose it is.
    fn is_by_donor(&self, members: &Members<'_>) -> Option<bool> {
        let own = self.donor.as_ref()?;
        let donors = members.iter().filter(|(name, _)| name == Field::DonorId.name());
        let named = donors.filter_map(|(_, value)| match text(value) {
            Some(donor) if donor.is_empty() || donor == self.random.as_str() => None,
            Some(donor) => Some(donor == own.as_str()),
            None => {
                let is_nested = value.get().starts_with(['{', '[']);
                (is_nested && readings::names(value.get().as_bytes(), own.as_str())).then_some(true)
            }
        });
        // The field may stand there twice.
        named.reduce(|one, other| one || other)
    }

    /// Returns true if there is a donor with the donor's id at any depth.
    fn has_donor(&self, members: &Members<'_>) -> bool {
        let is_donor = |name: &str| ["donor", "donorid"].contains(&plain(name).as_str());
        self.has_own(members, &is_donor, 0)
    }

    /// Returns true if there is a person with the donor's id at any depth.
    fn has_payer(&self, members: &Members<'_>) -> bool {
        self.has_own(members, &is_a_person, 0)
    }

    /// Returns true if a member of such a name has the donor's id, at this depth or below.
    fn has_own(&self, members: &Members<'_>, is_such: &dyn Fn(&str) -> bool, depth: u32) -> bool {
        let Some(own) = self.donor.as_ref().map(DonorId::as_str) else {
            return false;
        };
        members.iter().any(|(name, value)| match value.get().as_bytes() {
            [b'{' | b'[', ..] if is_such(name) => readings::names(value.get().as_bytes(), own),
            [b'{' | b'[', ..] => json::objects(value, depth + 1)
                .iter()
                .any(|(within, depth)| self.has_own(within, is_such, *depth)),
            _ => is_such(name) && text(value).is_some_and(|text| text == own),
        })
    }

    /// The donation of a payload that names the donor as the one who has donated, also under the random id.
    pub fn donation_in_payload(&self, payload: &str) -> Option<DonationId> {
        let members = members(payload)?;
        let donor = text_of(&members, Field::DonorId);
        let is_random = donor.is_some_and(|donor| donor == self.random.as_str());
        if !is_random && self.is_by_donor(&members) != Some(true) {
            return None;
        }
        DonationId::try_from(text_of(&members, Field::DonationId)?).ok()
    }

    /// As [`Pseudonym::donation_in_payload`], of the payload within a body.
    pub fn donation_in_body(&self, body: &[u8]) -> Option<DonationId> {
        let body = std::str::from_utf8(body).ok()?;
        layers(body)
            .iter()
            .find_map(|layer| self.donation_in_payload(layer))
    }

    /// What a body tells of the donor, however it wraps its payload. `event_type` is that of the routing key, in case that the
    /// body names none. The texts of its headers count where the body does not say whose event it is.
    pub fn in_body(
        &self,
        body: &[u8],
        event_type: Option<EventType>,
        headers: &[String],
        is_theirs: impl Fn(&str) -> bool,
    ) -> Tells {
        let text = std::str::from_utf8(body).unwrap_or_default();
        let layers = layers(text);
        let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
        let event_type = event_type_of(&layers).or(event_type);
        let names = || self.renamed_body(event_type, text).is_some();
        let tells = self.in_layers(event_type, &layers, names, &is_theirs);
        let mut found = layers.iter().filter_map(|layer| members(layer));
        let is_known = event_type.is_some_and(EventType::is_of_campaign) && !layers.is_empty()
            || found.any(|members| text_of(&members, Field::DonationId).is_some());
        if is_known || tells == Tells::IsOf {
            return tells;
        }
        let stands = |own: &DonorId| {
            let mut headers = headers.iter();
            readings::names(body, own.as_str())
                || headers
                    .any(|header| header == own.as_str() || readings::names(header.as_bytes(), own.as_str()))
        };
        let is_of_donation = || readings::gives(body, Field::DonationId.name(), &is_theirs);
        if self.donor.as_ref().is_some_and(stands) || is_of_donation() {
            Tells::IsOf
        } else {
            tells
        }
    }
}

fn has(members: &Members<'_>, field: Field) -> bool {
    members.iter().any(|(name, _)| name == field.name())
}

/// The type that a body names.
pub(super) fn event_type_of(layers: &[&str]) -> Option<EventType> {
    layers.iter().find_map(|layer| {
        let members = members(layer)?;
        let told = text_of(&members, Field::EventType).or_else(|| text_of(&members, Field::Type))?;
        EventType::ALL
            .into_iter()
            .find(|known| told.ends_with(known.as_str()))
    })
}

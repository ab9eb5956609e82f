//! Another's event without the donor: the id gives way to the random one, and all else stays.
//!
//! A string that is the id is replaced wherever it stands, except in a field that the service reads: there it is the id of
//! a donation or a campaign, or a title. An object that stands for the donor has the donor's name and address beside the id, so only
//! the id is left of it. What stands under the id as its name is about the donor, and gives way to `null`. An id of digits
//! alone may be the number of anything: it is replaced where the name of its member stands for a person. A value that is nested
//! too deep to be taken apart gives way to `null` if it has the id.

use serde_json::value::RawValue;

use super::json::{self, members, object, quoted, text};
use super::{AROUND, Pseudonym, readings};
use crate::domain::EventType;
use crate::domain::decode::declared::{Field, UPDATES, payload};

/// What the list of the latest donations shows of a creation, beside the fields that are counted.
const SHOWN: &str = "donorName";

/// Where an object stands in a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is the message.
    Around,
    /// It is the payload.
    Payload,
    /// It is what a campaign's update changes.
    Updates,
    /// It is somewhere within.
    Deep,
}

/// One donor taken out of others' events of one type.
struct Renaming<'a> {
    donor: &'a str,
    random: &'a str,
    event_type: Option<EventType>,
    is_number: bool,
}

impl Pseudonym {
    /// Another's payload with the random id where it names the donor; `None` if it does not.
    pub fn renamed_payload(&self, event_type: Option<EventType>, payload: &str) -> Option<String> {
        self.renaming(event_type)?.object(Place::Payload, "", payload, 0)
    }

    /// The same of a message's body, however it wraps its payload.
    pub fn renamed_body(&self, event_type: Option<EventType>, body: &str) -> Option<String> {
        self.renaming(event_type)?.object(Place::Around, "", body, 0)
    }

    fn renaming(&self, event_type: Option<EventType>) -> Option<Renaming<'_>> {
        let donor = self.donor.as_ref()?.as_str();
        Some(Renaming {
            donor,
            random: self.random.as_str(),
            event_type,
            is_number: donor.bytes().all(|byte| byte.is_ascii_digit()),
        })
    }
}

impl Renaming<'_> {
    fn value(&self, place: Place, name: &str, value: &RawValue, depth: u32) -> Option<String> {
        let json = value.get();
        if depth > json::MAX_DEPTH {
            readings::names(json.as_bytes(), self.donor).then(|| "null".to_owned())
        } else if json.starts_with('{') {
            self.object(place, name, json, depth)
        } else if json.starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            let new = items
                .iter()
                .map(|item| self.value(Place::Deep, name, item, depth + 1));
            let new: Vec<_> = new.collect();
            new.iter().any(Option::is_some).then(|| {
                let all = items.iter().zip(new);
                let all = all.map(|(item, new)| new.unwrap_or_else(|| item.get().to_owned()));
                format!("[{}]", all.collect::<Vec<_>>().join(","))
            })
        } else {
            self.is_donor(name, value).then(|| quoted(self.random))
        }
    }

    fn object(&self, place: Place, name: &str, json: &str, depth: u32) -> Option<String> {
        let members = members(json)?;
        if place == Place::Deep {
            let own = members
                .iter()
                .find(|(own, value)| self.is_own_id(name, own, value));
            if let Some((own, _)) = own {
                return Some(object(std::iter::once((own.as_str(), quoted(self.random)))));
            }
        }
        let new = members
            .iter()
            .map(|(name, value)| self.member(place, name, value, depth + 1));
        let new: Vec<_> = new.collect();
        let key = |name: &String| !self.is_number && name == self.donor && !self.reads(place, name);
        if !new.iter().any(Option::is_some) && !members.iter().any(|(name, _)| key(name)) {
            return None;
        }
        let all = members.iter().zip(new);
        Some(object(all.map(|((name, value), new)| {
            if key(name) {
                return (self.random, "null".to_owned());
            }
            (name, new.unwrap_or_else(|| value.get().to_owned()))
        })))
    }

    fn member(&self, place: Place, name: &str, value: &RawValue, depth: u32) -> Option<String> {
        let is = |field: Field| field.name() == name;
        match place {
            Place::Around if is(Field::Payload) || is(Field::Data) => {
                self.value(Place::Payload, name, value, depth)
            }
            Place::Around if is(Field::DataBase64) => {
                let renamed = self.object(Place::Payload, name, &json::decoded(value)?, depth)?;
                Some(json::encoded(&renamed))
            }
            Place::Around | Place::Payload if is(Field::Updates) && self.reads(place, name) => {
                self.value(Place::Updates, name, value, depth)
            }
            _ if !value.get().starts_with(['{', '[']) && self.reads(place, name) => None,
            _ => self.value(Place::Deep, name, value, depth),
        }
    }

    /// Returns true if the service reads the member. No donor of another's event has the id, and no campaign has a donor.
    fn reads(&self, place: Place, name: &str) -> bool {
        let in_payload = || {
            let types = EventType::ALL
                .into_iter()
                .filter(|one| self.event_type.is_none_or(|own| own == *one));
            name == SHOWN
                || types
                    .flat_map(payload)
                    .any(|member| member.field != Field::DonorId && member.field.name() == name)
        };
        match place {
            Place::Around => AROUND.iter().any(|field| field.name() == name) || in_payload(),
            Place::Payload => in_payload(),
            Place::Updates => UPDATES.iter().any(|member| member.field.name() == name),
            Place::Deep => false,
        }
    }

    /// Returns true if the value, which is no object and no array, is the donor's id.
    fn is_donor(&self, name: &str, value: &RawValue) -> bool {
        let is_text = value.get().starts_with('"') && !self.is_number;
        (is_text || is_a_person(name)) && text(value).is_some_and(|text| text == self.donor)
    }

    /// Returns true if the member says that its object, which is the value of the member `of`, stands for the donor.
    fn is_own_id(&self, of: &str, name: &str, value: &RawValue) -> bool {
        let is_own = match plain(name).as_str() {
            "userid" | "donorid" => true,
            "id" => !self.is_number || is_a_person(of),
            _ => false,
        };
        is_own && !value.get().starts_with(['{', '[']) && text(value).is_some_and(|text| text == self.donor)
    }
}

/// A member's name without what producers write differently.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|character| character.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Returns true if a member of this name stands for a person.
pub(super) fn is_a_person(name: &str) -> bool {
    const WORDS: [&str; 17] = [
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
        "payer",
        "buyer",
        "holder",
        "referrer",
        "friend",
    ];
    let lower = name.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word)) || lower.ends_with("by")
}

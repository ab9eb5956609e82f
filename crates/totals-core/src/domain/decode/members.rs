//! The members of a JSON object that decoding reads, each as its own JSON text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::declared::Field;

/// The members of an object, found by their field. `null` is absent.
#[derive(Default)]
pub(super) struct Members<'a> {
    values: [Option<&'a RawValue>; Field::ALL.len()],
    seen: u32,
    twice: u32,
}

impl<'a> Members<'a> {
    /// The first member of this name.
    pub(super) fn get(&self, field: Field) -> Option<&'a RawValue> {
        self.values[field as usize]
    }

    /// Returns true if the object has a member of this name, be it `null`.
    pub(super) fn names(&self, field: Field) -> bool {
        self.seen & bit(field) != 0
    }

    /// Returns true if the object has several members of this name: nobody knows which of them is meant.
    pub(super) fn has_twice(&self, field: Field) -> bool {
        self.twice & bit(field) != 0
    }
}

const fn bit(field: Field) -> u32 {
    1 << (field as u32)
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members::default();
        while let Some(Name(field)) = map.next_key()? {
            let Some(field) = field else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value()?;
            if members.seen & bit(field) != 0 {
                members.twice |= bit(field);
            } else {
                members.seen |= bit(field);
                members.values[field as usize] = value;
            }
        }
        Ok(members)
    }
}

/// A member's name, which is not copied: the field, if it is one.
struct Name(Option<Field>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(Field::from_name(name)))
            }
        }
        deserializer.deserialize_identifier(NameVisitor)
    }
}

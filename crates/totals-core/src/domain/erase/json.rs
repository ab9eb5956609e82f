//! JSON texts taken apart and put together again without changing a digit of what stays.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::decode::text_of;

/// How deep values are taken apart. What is nested deeper, which nobody sends but to do harm, is looked at as a text: each level takes a
/// part of the stack.
pub(super) const MAX_DEPTH: u32 = 64;

/// The members of an object in their order, as often as they are there.
#[derive(Default)]
pub(super) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, &'a RawValue)> {
        self.0.iter()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// The members of an object; `None` if the text is none. Decoding passes over a byte order mark as well.
pub(super) fn members(text: &str) -> Option<Members<'_>> {
    serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()
}

/// An object of these members, each with its JSON text.
pub(super) fn object<'a>(members: impl Iterator<Item = (&'a str, String)>) -> String {
    let members: Vec<String> = members
        .map(|(name, value)| format!("{}:{value}", quoted(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The text as a JSON text.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text that a value is, or the digits of a whole number, as decoding reads ids.
pub(super) fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    text_of(value)
}

/// The text in a value in Base64.
pub(super) fn decoded(value: &RawValue) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(text_of(value)?.as_bytes()).ok()?;
    String::from_utf8(bytes).ok()
}

/// A JSON text with this text in Base64.
pub(super) fn encoded(text: &str) -> String {
    quoted(&BASE64_STANDARD.encode(text))
}

/// The objects that a value at this depth is or has, if it is an object or an array: itself, or those among its items. Each with its
/// depth.
pub(super) fn objects(value: &RawValue, depth: u32) -> Vec<(Members<'_>, u32)> {
    let json = value.get();
    if depth > MAX_DEPTH {
        Vec::new()
    } else if json.starts_with('{') {
        members(json)
            .into_iter()
            .map(|members| (members, depth))
            .collect()
    } else if json.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
        let within = items.into_iter().flat_map(|item| objects(item, depth + 1));
        within.collect()
    } else {
        Vec::new()
    }
}

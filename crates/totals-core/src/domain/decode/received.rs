//! A message as it came, whatever has brought it.

use std::borrow::Cow;

use super::declared::Field;
use crate::domain::Timestamp;

/// What the name of a header begins with that holds an attribute of a CloudEvent. The AMQP binding names both.
const CLOUD_EVENT_PREFIXES: [&str; 2] = ["cloudEvents:", "cloudEvents_"];

/// The longest attribute of a CloudEvent that is read from a header, in bytes. Real ones have some hundred at most.
pub const MAX_ATTRIBUTE_BYTES: usize = 4096;

/// A message as it came: its content, and what stands around it.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The content.
    pub body: &'a [u8],
    /// The routing key; empty if there is none.
    pub routing_key: &'a str,
    /// The property `message_id`.
    pub message_id: Option<&'a str>,
    /// The header `eventId`.
    pub event_id: Option<HeaderValue<'a>>,
    /// The property `timestamp`: seconds since the Unix epoch by the standard, milliseconds by many producers.
    pub sent_at: Option<u64>,
    /// The property `content_type`.
    pub content_type: Option<&'a str>,
    /// The attributes of a CloudEvent in its headers.
    pub cloud_event: CloudEventHeaders<'a>,
    /// When it came: the moment of an event of which nothing else states one.
    pub received_at: Timestamp,
}

impl<'a> Received<'a> {
    /// A message that comes now, with nothing around its content but a routing key, which may be empty.
    pub fn new(body: &'a [u8], routing_key: &'a str) -> Self {
        Self {
            body,
            routing_key,
            message_id: None,
            event_id: None,
            sent_at: None,
            content_type: None,
            cloud_event: CloudEventHeaders::default(),
            received_at: Timestamp::now(),
        }
    }

    /// When it was sent, by its property.
    pub(super) fn sent(&self) -> Option<Timestamp> {
        let units = i64::try_from(self.sent_at?).ok()?;
        Timestamp::from_epoch_thousandths(units.checked_mul(1000)?)
    }
}

/// The value of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    /// A text in UTF-8.
    Text(&'a str),
    /// A whole number, which names the same as its digits.
    Whole(i64),
    /// Any other value, which names nothing.
    Other,
}

impl<'a> From<&'a str> for HeaderValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> HeaderValue<'a> {
    /// The text, or the digits of the number.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Whole(number) => Some(Cow::Owned(number.to_string())),
            Self::Other => None,
        }
    }
}

/// The attributes of a CloudEvent in the headers of a message.
#[derive(Debug, Clone, Copy, Default)]
pub struct CloudEventHeaders<'a> {
    spec_version: Option<HeaderValue<'a>>,
    id: Option<HeaderValue<'a>>,
    source: Option<HeaderValue<'a>>,
    event_type: Option<HeaderValue<'a>>,
    time: Option<HeaderValue<'a>>,
}

impl<'a> CloudEventHeaders<'a> {
    /// Finds the attributes among the headers.
    pub fn find(headers: impl Iterator<Item = (&'a str, HeaderValue<'a>)>) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            let place = match attribute(name) {
                Some(Field::SpecVersion) => &mut found.spec_version,
                Some(Field::Id) => &mut found.id,
                Some(Field::Source) => &mut found.source,
                Some(Field::Type) => &mut found.event_type,
                Some(Field::Time) => &mut found.time,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        found
    }

    /// The name of the attribute that a header of this name holds.
    pub fn attribute(name: &str) -> Option<&str> {
        let mut prefixes = CLOUD_EVENT_PREFIXES.iter();
        prefixes.find_map(|prefix| name.strip_prefix(prefix))
    }

    /// Returns true if a header of this name holds an attribute that is read.
    pub fn reads(name: &str) -> bool {
        use Field::{Id, Source, SpecVersion, Time, Type};

        matches!(attribute(name), Some(SpecVersion | Id | Source | Type | Time))
    }

    pub(super) fn get(&self, attribute: Field) -> Option<HeaderValue<'a>> {
        match attribute {
            Field::SpecVersion => self.spec_version,
            Field::Id => self.id,
            Field::Source => self.source,
            Field::Type => self.event_type,
            Field::Time => self.time,
            _ => None,
        }
    }

    /// Returns true if the headers have any attribute: then the message is a CloudEvent in binary mode.
    pub(super) fn has_any(&self) -> bool {
        [
            self.spec_version,
            self.id,
            self.source,
            self.event_type,
            self.time,
        ]
        .iter()
        .any(Option::is_some)
    }
}

/// The field that a header of this name holds as an attribute.
fn attribute(name: &str) -> Option<Field> {
    Field::from_name(CloudEventHeaders::attribute(name)?)
}

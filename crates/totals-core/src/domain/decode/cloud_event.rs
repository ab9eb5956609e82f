//! CloudEvents 1.0, in both modes: attributes in the body (structured) or in the message's headers (binary).
//!
//! The same event in either mode is one event. Its `source` and `id` together name it, as the specification says. Its payload
//! is its data, and its type is the end of its `type`, so that `org.example.donation.created` is a `donation.created`.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::declared::{CLOUD_EVENT, Field, Need};
use super::fields::{Fault, complete, invalid, missing, moment, moment_of_text, optional_string};
use super::members::Members;
use super::received::{CloudEventHeaders, MAX_ATTRIBUTE_BYTES};
use super::{InvalidCode, MAX_BODY_BYTES};
use crate::domain::event::ContentHasher;
use crate::domain::{EventId, EventType, Timestamp, excerpt};

/// The version of the specification that is read. Its later minor versions call themselves `1.0` as well.
const SPEC_VERSION: &str = "1.0";

/// The media type of a message in structured mode.
const MEDIA_TYPE: &str = "application/cloudevents+json";

/// Where the attributes of a CloudEvent are.
#[derive(Clone, Copy)]
pub(super) enum CloudEvent<'m, 'a> {
    Structured(&'m Members<'a>),
    Binary(CloudEventHeaders<'a>),
}

/// Returns true if a message with this content type is in structured mode.
pub(super) fn is_structured(content_type: Option<&str>) -> bool {
    let media_type = content_type.and_then(|text| text.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(MEDIA_TYPE))
}

impl<'a> CloudEvent<'_, 'a> {
    fn get(self, attribute: Field) -> Result<Option<Cow<'a, str>>, Fault> {
        match self {
            Self::Structured(members) => optional_string(members, attribute),
            Self::Binary(headers) => {
                let Some(value) = headers.get(attribute) else {
                    return Ok(None);
                };
                let refused = |expected: &str, got: &str| Err(invalid(attribute, expected, got));
                match value.text() {
                    None => refused("must be a string or a whole number", "another value of AMQP"),
                    Some(text) if text.len() > MAX_ATTRIBUTE_BYTES => refused(
                        &format!("must have at most {MAX_ATTRIBUTE_BYTES} bytes in a header"),
                        &text,
                    ),
                    text => Ok(text),
                }
            }
        }
    }

    fn required(self, attribute: Field) -> Result<Cow<'a, str>, Fault> {
        let text = self.get(attribute)?.ok_or_else(|| missing(attribute))?;
        if text.is_empty() {
            return Err(invalid(attribute, "must not be empty", ""));
        }
        Ok(text)
    }

    /// Checks what makes it a CloudEvent.
    pub(super) fn check(self) -> Result<(), Fault> {
        let mut absent = Vec::new();
        for attribute in CLOUD_EVENT.iter().filter(|it| it.need == Need::Required) {
            if self.get(attribute.field)?.is_none() {
                absent.push(attribute.field.name());
            }
        }
        if !absent.is_empty() {
            let message = format!("the CloudEvent lacks {}", absent.join(", "));
            return Err(Fault(InvalidCode::MissingField, message));
        }
        if let Self::Structured(members) = self {
            complete(members, CLOUD_EVENT)?;
        }
        let version = self.required(Field::SpecVersion)?;
        if version != SPEC_VERSION {
            return Err(invalid(Field::SpecVersion, "must be 1.0", &version));
        }
        Ok(())
    }

    /// The event's id: source and id, so that no two sources share one. Longer ones are hashed.
    pub(super) fn identity(self) -> Result<EventId, Fault> {
        let (source, id) = (self.required(Field::Source)?, self.required(Field::Id)?);
        // With the length, since either may have a `_`.
        let text = format!("cloudevent_{}_{source}_{id}", source.len());
        EventId::try_from(text).or_else(|_| {
            let mut hash = ContentHasher::default();
            hash.field(&source);
            hash.field(&id);
            let short = format!("cloudevent_{}", hash.finish());
            EventId::try_from(short)
                .map_err(|error| Fault(InvalidCode::InvalidField, format!("{} {error}", Field::Id.name())))
        })
    }

    /// The type as it stands.
    pub(super) fn type_text(self) -> Option<Cow<'a, str>> {
        self.get(Field::Type).ok().flatten()
    }

    /// The event's type.
    pub(super) fn event_type(self) -> Result<EventType, Fault> {
        let text = self.required(Field::Type)?;
        known_type(&text).ok_or_else(|| {
            let known = EventType::ALL.map(EventType::as_str).join(", ");
            let message = format!(
                "{} of the CloudEvent must be one of {known}, or end with a dot and one of them, got `{}`",
                Field::Type.name(),
                excerpt(&text)
            );
            Fault(InvalidCode::UnknownEventType, message)
        })
    }

    /// The moment that it states.
    pub(super) fn time(self) -> Result<Option<Timestamp>, Fault> {
        match self {
            Self::Structured(members) => moment(members, Field::Time),
            Self::Binary(_) => self
                .get(Field::Time)?
                .map_or(Ok(None), |text| moment_of_text(Field::Time, &text)),
        }
    }
}

/// The type that a `type` ends with, at a dot.
pub(super) fn known_type(text: &str) -> Option<EventType> {
    EventType::ALL.into_iter().find(|known| {
        let before = text.strip_suffix(known.as_str());
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// The JSON text of the payload of a CloudEvent in structured mode.
pub(super) fn data<'a>(members: &Members<'a>) -> Result<Cow<'a, str>, Fault> {
    match (members.get(Field::Data), members.get(Field::DataBase64)) {
        (Some(_), Some(other)) => Err(invalid(Field::DataBase64, "must not be beside data", other.get())),
        (Some(data), None) => Ok(data.get().into()),
        (None, Some(_)) => decoded(members).map(Cow::Owned),
        (None, None) => Err(missing(Field::Data)),
    }
}

fn decoded(members: &Members<'_>) -> Result<String, Fault> {
    let encoded = optional_string(members, Field::DataBase64)?.unwrap_or_default();
    let text = BASE64_STANDARD.decode(encoded.as_bytes()).ok();
    // Shorter than the message, whose size is bounded.
    debug_assert!(text.as_ref().is_none_or(|text| text.len() <= MAX_BODY_BYTES));
    text.and_then(|text| String::from_utf8(text).ok())
        .ok_or_else(|| invalid(Field::DataBase64, "must be a JSON object in Base64", &encoded))
}

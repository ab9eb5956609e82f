//! In which shape a message comes, and what it says of itself in that shape.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::cloud_event::{CloudEvent, data, is_structured, known_type};
use super::declared::{self, Field};
use super::fields::{Fault, complete, id, moment, optional_string, required_string, string};
use super::members::Members;
use super::received::Received;
use super::{InvalidCode, identity, types};
use crate::domain::{EventId, EventType, Timestamp};

/// The shape of a message.
#[derive(Clone, Copy)]
pub(super) enum Shape<'m, 'a> {
    /// An envelope around this payload.
    Envelope(&'a RawValue),
    /// The payload alone.
    Bare,
    /// A CloudEvent.
    CloudEvent(CloudEvent<'m, 'a>),
    /// None of them.
    Unknown,
}

impl<'m, 'a> Shape<'m, 'a> {
    /// The shape of a message with these members. An envelope stays one whatever stands around it. A bare payload may have a
    /// member `payload` that is no object, such as an export's column.
    pub(super) fn of(received: &Received<'a>, outer: &'m Members<'a>) -> Self {
        let has_donation = outer.get(Field::DonationId).is_some();
        // What is said of a campaign names no donation.
        let has_subject = has_donation || outer.get(Field::CampaignId).is_some();
        let has_version = outer.get(Field::SpecVersion).is_some();
        if let Some(payload) = outer.get(Field::Payload)
            && (payload.get().starts_with('{') || !(has_subject || has_version))
        {
            return Self::Envelope(payload);
        }
        if !has_donation && (has_version || is_structured(received.content_type)) {
            return Self::CloudEvent(CloudEvent::Structured(outer));
        }
        if received.cloud_event.has_any() {
            return Self::CloudEvent(CloudEvent::Binary(received.cloud_event));
        }
        if has_subject { Self::Bare } else { Self::Unknown }
    }

    /// The JSON text of the payload, in a message with this body.
    pub(super) fn payload(self, body: &'a str) -> Result<Cow<'a, str>, Fault> {
        match self {
            Self::Envelope(payload) => Ok(payload.get().into()),
            Self::CloudEvent(CloudEvent::Structured(members)) => data(members),
            Self::CloudEvent(CloudEvent::Binary(_)) | Self::Bare | Self::Unknown => Ok(body.into()),
        }
    }

    /// What it calls its type, for people, if it says so itself.
    pub(super) fn type_text(self, outer: &Members<'a>) -> Option<Cow<'a, str>> {
        match self {
            Self::CloudEvent(event) => {
                let text = event.type_text()?;
                let known = known_type(&text).map(|known| Cow::Borrowed(known.as_str()));
                Some(known.unwrap_or(text))
            }
            _ => string(outer.get(Field::EventType)?),
        }
    }

    /// The event's id, if the message names it.
    pub(super) fn id(self, outer: &Members<'a>, received: &Received<'a>) -> Result<Option<EventId>, Fault> {
        match self {
            Self::Envelope(_) => id(outer, Field::EventId).map(Some),
            Self::Bare => match outer.get(Field::EventId) {
                Some(_) => id(outer, Field::EventId).map(Some),
                None => beside(received),
            },
            // All that is missing is named at once.
            Self::CloudEvent(event) => match event.identity() {
                Ok(id) => Ok(Some(id)),
                Err(fault) => event.check().and(Err(fault)),
            },
            Self::Unknown => Ok(id(outer, Field::EventId)
                .ok()
                .or_else(|| beside(received).ok().flatten())),
        }
    }

    /// The event's type, of which nothing says another.
    pub(super) fn event_type(self, outer: &Members<'a>, routing_key: &str) -> Result<EventType, Fault> {
        let event_type = match self {
            Self::Envelope(_) => {
                complete(outer, declared::ENVELOPE)?;
                types::named(Some(&required_string(outer, Field::EventType)?), routing_key)?
            }
            Self::Bare => types::named(optional_string(outer, Field::EventType)?.as_deref(), routing_key)?,
            Self::CloudEvent(event) => {
                event.check()?;
                event.event_type()?
            }
            Self::Unknown => {
                let message = "the message has neither a payload (an envelope) nor a donationId or campaignId (a bare payload), and is no CloudEvent";
                return Err(Fault(InvalidCode::MissingField, message.to_owned()));
            }
        };
        types::agrees_with_key(event_type, routing_key)?;
        Ok(event_type)
    }

    /// The moment that it states beside its payload.
    pub(super) fn moment(self, outer: &Members<'a>) -> Result<Option<Timestamp>, Fault> {
        match self {
            Self::Envelope(_) => moment(outer, Field::Timestamp),
            Self::CloudEvent(event) => event.time(),
            Self::Bare | Self::Unknown => Ok(None),
        }
    }

    /// The id that an earlier version gave a bare payload that names none itself: it did not know the header `eventId`.
    pub(super) fn former_id(
        self,
        outer: &Members<'a>,
        received: &Received<'a>,
        event_type: EventType,
        payload: &str,
    ) -> Option<EventId> {
        let named = outer.get(Field::EventId).is_some()
            || received
                .message_id
                .is_some_and(|id| EventId::try_from(id).is_ok());
        match self {
            // No earlier version knew of campaigns.
            Self::Bare if !(named || event_type.is_of_campaign()) => {
                identity::of_spelling(event_type, payload)
            }
            _ => None,
        }
    }
}

/// The id that stands around a body. A header that is there and cannot be one is refused: the event is somebody's, and an id
/// that followed from what it says could be that of another one.
fn beside(received: &Received<'_>) -> Result<Option<EventId>, Fault> {
    if let Some(id) = received.message_id.and_then(|id| EventId::try_from(id).ok()) {
        return Ok(Some(id));
    }
    let Some(header) = received.event_id else {
        return Ok(None);
    };
    let refused = |problem: &dyn std::fmt::Display| {
        Fault(InvalidCode::InvalidField, format!("the header eventId {problem}"))
    };
    let text = header
        .text()
        .ok_or_else(|| refused(&"must be a string or a whole number"))?;
    EventId::try_from(text.into_owned())
        .map(Some)
        .map_err(|error| refused(&error))
}

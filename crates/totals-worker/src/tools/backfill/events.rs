//! From a row to the events that it stands for.

use serde::Serialize;
use serde_json::value::RawValue;
use totals_core::domain::{
    AmountRules, CampaignId, DonationId, Event, EventId, EventType, Received, Subject, decode,
};

use super::row::{Object, Row};
use crate::broker::message::Reason;

use members::Members;
pub use status::tells_state;

pub mod members;
mod status;

/// A row in the envelope of the event that it says it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, P> {
    event_id: &'a str,
    event_type: &'static str,
    payload: P,
}

/// The payload of the refund that a donation's row tells of.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundPayload<'a> {
    donation_id: Option<&'a RawValue>,
    campaign_id: Option<&'a RawValue>,
    amount: &'a RawValue,
    reason: &'static str,
    timestamp: Option<&'a RawValue>,
}

/// Decodes a row by the rules for messages. Returns the event and, if the row is a refunded donation, the refund that is due
/// after it.
///
/// # Errors
/// The reason why the row is no event. Nothing of it is applied then.
pub fn events(row: &Row, amounts: AmountRules) -> Result<(Event, Option<Event>), Box<Reason>> {
    let object = match &row.object {
        Object::Made(object) => object.as_bytes(),
        Object::Line => &row.original,
        Object::Unreadable(code, text) => return Err(reason(code, text.clone())),
    };
    // No routing key: the row alone says what it is.
    let as_message =
        || decode(&Received::new(object, ""), amounts).map_err(|invalid| Box::new(Reason::from(invalid)));
    let members = serde_json::from_slice::<Members<'_>>(object);
    let (Ok(members), Ok(payload)) = (members, serde_json::from_slice::<&RawValue>(object)) else {
        // Decoding names the problem better.
        return Ok((as_message()?, None));
    };
    // A table's columns were asked about when its header was read.
    if matches!(row.object, Object::Line) {
        if !is_bare(&members) {
            return Ok((as_message()?, None));
        }
        members.none_spelled_otherwise()?;
    }
    let event_type = members.event_type()?;
    status::counts(&members, event_type)?;
    let event = in_envelope(event_type, payload, amounts)?;
    let event = Event {
        id: own_id(&event, &members)?,
        ..event
    };
    let Some(amount) = members.refunded_amount() else {
        return Ok((event, None));
    };
    let refund = RefundPayload {
        donation_id: members.raw("donationId"),
        campaign_id: members.raw("campaignId"),
        amount,
        reason: "refunded before the backfill",
        timestamp: members.raw("timestamp"),
    };
    let refund = in_envelope(EventType::DonationRefunded, refund, amounts).map_err(|mut reason| {
        reason.text.insert_str(0, "refundedAmount: ");
        reason
    })?;
    let donation = refund.donation().map_or("", DonationId::as_str);
    let refund = Event {
        // Not `backfill_…_refund`: another donation may have that id.
        id: event_id("donationId", &format!("backfill-refund_{donation}"))?,
        ..refund
    };
    Ok((event, Some(refund)))
}

/// Returns true if the row is a bare one, and no envelope. A bare row may have a member `payload` of its own.
fn is_bare(members: &Members<'_>) -> bool {
    let payload = members.raw("payload");
    let has_envelope =
        payload.is_some_and(|payload| payload.get().starts_with('{')) && members.raw("eventId").is_some();
    let names_its_subject = members.raw("donationId").is_some() || members.raw("campaignId").is_some();
    names_its_subject && !has_envelope
}

/// Decodes a row's members as the payload of an envelope, so that decoding takes none of them for the envelope's.
fn in_envelope(
    event_type: EventType,
    payload: impl Serialize,
    amounts: AmountRules,
) -> Result<Event, Box<Reason>> {
    let envelope = Envelope {
        // The caller replaces it by the event's own id, which depends on the decoded event.
        event_id: "backfill",
        event_type: event_type.as_str(),
        payload,
    };
    let body = serde_json::to_vec(&envelope).map_err(|error| reason("UNREADABLE_ROW", error.to_string()))?;
    decode(&Received::new(&body, ""), amounts).map_err(|invalid| Box::new(Reason::from(invalid)))
}

/// The id that follows from the donation and refund of the row, or from the campaign and the time. An id that followed from the
/// row's content would count a row again that the next export spells otherwise.
fn own_id(event: &Event, members: &Members<'_>) -> Result<EventId, Box<Reason>> {
    let donation = event.donation().map_or("", DonationId::as_str);
    if event.event_type() == EventType::DonationCreated {
        return event_id("donationId", &format!("backfill_{donation}"));
    }
    if let Some(id) = members.text("eventId")? {
        return EventId::try_from(id.as_ref())
            .map_err(|error| reason("INVALID_FIELD", format!("eventId {error}")));
    }
    let missing = |text: &str| reason("MISSING_FIELD", text.to_owned());
    match (event.event_type(), members.text("refundId")?) {
        // With the length, since either id may have a `_`: two refunds never get one id.
        (EventType::DonationRefunded, Some(refund)) => event_id(
            "donationId",
            &format!("backfill-refund-{}_{donation}_{refund}", donation.len()),
        ),
        (EventType::DonationRefunded, None) => Err(missing(
            "a donation may have several refunds, so each needs an id of its own: add an eventId or a refundId \
             (a CSV column with --column refundId=COLUMN)",
        )),
        (EventType::CampaignCreated, _) if members.raw("timestamp").is_none() => Err(missing(
            "what is said of a campaign counts from a moment on: add the timestamp at which the row was last changed (a CSV column \
             with --column timestamp=COLUMN)",
        )),
        // A later export of the same campaign says something else, at a later time.
        (EventType::CampaignCreated, _) => {
            let campaign = event.campaign().map_or("", CampaignId::as_str);
            event_id(
                "campaignId",
                &format!("backfill-campaign-{}_{campaign}", event.occurred_at.unix_millis()),
            )
        }
        (EventType::CampaignUpdated | EventType::CampaignStatusChanged, _) => Err(missing(
            "a change of a campaign needs an id of its own: add an eventId",
        )),
        _ => Err(missing("a payment needs an id of its own: add an eventId")),
    }
}

fn event_id(field: &str, id: &str) -> Result<EventId, Box<Reason>> {
    EventId::try_from(id).map_err(|error| {
        let text = format!(
            "{field} is too long: the event id {id} {error}; bring it in as an event in its envelope, with an \
             eventId of its own"
        );
        reason("INVALID_FIELD", text)
    })
}

fn reason(code: &'static str, text: String) -> Box<Reason> {
    Box::new(Reason {
        code,
        text,
        subject: Subject::default(),
    })
}

#[cfg(test)]
mod tests;

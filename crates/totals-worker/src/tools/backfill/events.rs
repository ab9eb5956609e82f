//! From a row to the events it stands for.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use totals_core::domain::{Currency, Event, EventId, EventType, Subject, decode};

use super::rows::{Object, Original, Row};
use crate::message::Reason;

/// What tells an envelope from a donation without one.
#[derive(Deserialize)]
struct Shape {
    payload: Option<IgnoredAny>,
}

/// A donation without an envelope, as far as its event ids and its refund need it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bare<'a> {
    #[serde(borrow)]
    donation_id: Cow<'a, str>,
    #[serde(borrow)]
    campaign_id: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    refunded_amount: Option<&'a RawValue>,
}

/// The payload of the refund that a donation's row tells of.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refund<'a> {
    donation_id: &'a str,
    campaign_id: &'a str,
    amount: &'a RawValue,
    reason: &'static str,
    timestamp: &'a str,
}

/// Decodes a row by the rules for messages: an event, and the refund that is due after it if it is a refunded donation.
///
/// # Errors
/// The reason why the row is no event; none of it is applied then.
pub fn events(row: &Row, currency: Currency) -> Result<(Event, Option<Event>), Box<Reason>> {
    let object = match (&row.object, &row.original) {
        (Object::Made(object), _) => object.as_bytes(),
        (_, Original::Line(line)) => line,
        (Object::Unreadable(text), _) => return Err(unreadable(text.clone())),
        (Object::Line, Original::Record(_)) => return Err(unreadable("a record is no object".to_owned())),
    };
    let created = EventType::DonationCreated.as_str();
    let decode = |object: &[u8], event_type, id| {
        decode(object, event_type, id, currency).map_err(|invalid| Box::new(Reason::from(invalid)))
    };
    let shape = serde_json::from_slice::<Shape>(object);
    if shape.is_ok_and(|shape| shape.payload.is_some()) {
        return Ok((decode(object, created, None)?, None));
    }
    let bare = match serde_json::from_slice::<Bare<'_>>(object) {
        Ok(bare) => bare,
        Err(error) => {
            // Decoding has the better words, but it looks over what it does not know, such as a second refundedAmount.
            decode(object, created, None)?;
            return Err(unreadable(error.to_string()));
        }
    };
    let donation = &bare.donation_id;
    let id = event_id("backfill_", donation)?;
    let creation = decode(object, created, Some(&id))?;
    let Some(amount) = bare.refunded_amount.filter(|amount| !is_none(amount)) else {
        return Ok((creation, None));
    };
    let refund = Refund {
        donation_id: donation,
        campaign_id: &bare.campaign_id,
        amount,
        reason: "refunded before the backfill",
        timestamp: &bare.timestamp,
    };
    let refund = serde_json::to_vec(&refund).map_err(|error| unreadable(error.to_string()))?;
    // Not `backfill_…_refund`: another donation may have that id.
    let id = event_id("backfill-refund_", donation)?;
    let refunded = decode(&refund, EventType::DonationRefunded.as_str(), Some(&id));
    let refunded = refunded.map_err(|mut reason| {
        reason.text.insert_str(0, "refundedAmount: ");
        reason
    })?;
    Ok((creation, Some(refunded)))
}

/// The id that follows from the donation's. Without one, decoding would derive it from the content, and a row spelled
/// otherwise in the next export would count again.
fn event_id(prefix: &str, donation: &str) -> Result<String, Box<Reason>> {
    let id = format!("{prefix}{donation}");
    match EventId::try_from(id.as_str()) {
        Ok(_) => Ok(id),
        Err(error) => Err(Box::new(Reason {
            code: "INVALID_FIELD",
            text: format!(
                "donationId is too long: the event id {prefix}DONATIONID {error}; bring it in as an event in its \
                 envelope, with an eventId of its own"
            ),
            subject: Subject::default(),
        })),
    }
}

/// Platforms write zero, or an empty text, for a donation that was never refunded.
fn is_none(amount: &RawValue) -> bool {
    let digits = amount.get().trim_matches('"');
    digits.chars().all(|digit| matches!(digit, '0' | '.'))
}

fn unreadable(text: String) -> Box<Reason> {
    Box::new(Reason {
        code: "UNREADABLE_ROW",
        text,
        subject: Subject::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(line: &str) -> Result<Vec<(String, String)>, Box<Reason>> {
        let row = Row {
            line: 1,
            original: Original::Line(line.as_bytes().to_vec()),
            object: Object::Line,
            held: None,
        };
        let (event, refund) = events(&row, "USD".parse().unwrap())?;
        let told = std::iter::once(event)
            .chain(refund)
            .map(|event| (event.id.to_string(), event.event_type().to_string()));
        Ok(told.collect())
    }

    fn bare(more: &str) -> String {
        format!(
            r#"{{"donationId":"d","campaignId":"c","amount":5,"timestamp":"2025-11-21T10:00:00Z"{more}}}"#
        )
    }

    fn pair(id: &str, kind: &str) -> (String, String) {
        (id.to_owned(), kind.to_owned())
    }

    #[test]
    fn ids_follow_from_the_donation_unless_the_row_has_one() {
        let created = pair("backfill_d", "donation.created");
        assert_eq!(
            decoded(&bare("")).unwrap().as_slice(),
            std::slice::from_ref(&created)
        );
        for zero in ["0", "0.00", "\"\"", "\"0.0\"", "null"] {
            let row = bare(&format!(r#","refundedAmount":{zero}"#));
            assert_eq!(
                decoded(&row).unwrap().as_slice(),
                std::slice::from_ref(&created),
                "{zero}"
            );
        }
        let refunded = pair("backfill-refund_d", "donation.refunded");
        assert_eq!(
            decoded(&bare(r#","refundedAmount":"2.50""#)).unwrap(),
            [created, refunded]
        );
        let envelope = format!(
            r#"{{"eventId":"e","eventType":"donation.refunded","payload":{}}}"#,
            bare("")
        );
        assert_eq!(decoded(&envelope).unwrap(), [pair("e", "donation.refunded")]);
    }

    #[test]
    fn what_is_no_event_has_its_reason() {
        for (line, code, text) in [
            ("no json", "INVALID_JSON", "must be a JSON object"),
            ("{}", "MISSING_FIELD", "neither a payload"),
            (
                &bare(r#","refundedAmount":"-1""#),
                "INVALID_AMOUNT",
                "refundedAmount: amount must be",
            ),
            (
                &bare(r#","currency":"EUR""#),
                "WRONG_CURRENCY",
                "currency must be USD",
            ),
            (
                &bare(r#","refundedAmount":1,"refundedAmount":2"#),
                "UNREADABLE_ROW",
                "duplicate field `refundedAmount`",
            ),
        ] {
            let reason = decoded(line).unwrap_err();
            assert!(reason.code == code && reason.text.contains(text), "{reason:?}");
        }
    }

    #[test]
    fn a_donation_id_leaves_room_for_the_event_ids() {
        let named = |length: usize, more: &str| {
            bare(more).replacen(r#""d""#, &format!("\"{}\"", "d".repeat(length)), 1)
        };
        let refunded = r#","refundedAmount":1"#;
        assert_eq!(decoded(&named(247, "")).unwrap().len(), 1);
        assert_eq!(decoded(&named(240, refunded)).unwrap().len(), 2);
        for row in [named(248, ""), named(256, ""), named(241, refunded)] {
            let reason = decoded(&row).unwrap_err();
            assert!(
                reason.code == "INVALID_FIELD" && reason.text.contains("donationId is too long"),
                "{reason:?}"
            );
        }
    }
}

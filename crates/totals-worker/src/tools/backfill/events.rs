//! From a row to the events it stands for.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use totals_core::domain::{Currency, Event, EventType, Subject, decode};

use super::rows::{Object, Original, Row};
use crate::message::Reason;

/// A donation without an envelope, as far as its event ids and its refund need it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bare<'a> {
    payload: Option<IgnoredAny>,
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

/// Decodes a row by the rules for messages: one event, or two if it is a refunded donation.
///
/// # Errors
/// The reason why the row is no event; none of it is applied then.
pub fn events(row: &Row, currency: Currency) -> Result<Vec<Event>, Box<Reason>> {
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
    let bare = serde_json::from_slice::<Bare<'_>>(object).ok();
    let Some(bare) = bare.filter(|bare| bare.payload.is_none()) else {
        // An envelope, or what decoding has a reason for.
        return Ok(vec![decode(object, created, None)?]);
    };
    let id = format!("backfill_{}", bare.donation_id);
    let mut events = vec![decode(object, created, Some(&id))?];
    if let Some(amount) = bare.refunded_amount.filter(|amount| !is_none(amount)) {
        let refund = Refund {
            donation_id: &bare.donation_id,
            campaign_id: &bare.campaign_id,
            amount,
            reason: "refunded before the backfill",
            timestamp: &bare.timestamp,
        };
        let refund = serde_json::to_vec(&refund).map_err(|error| unreadable(error.to_string()))?;
        // Not `backfill_…_refund`: another donation may have that id.
        let id = format!("backfill-refund_{}", bare.donation_id);
        let refunded = decode(&refund, EventType::DonationRefunded.as_str(), Some(&id));
        events.push(refunded.map_err(|mut reason| {
            reason.text.insert_str(0, "refundedAmount: ");
            reason
        })?);
    }
    Ok(events)
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
        let events = events(&row, "USD".parse().unwrap())?;
        let told = events
            .iter()
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
        ] {
            let reason = decoded(line).unwrap_err();
            assert!(reason.code == code && reason.text.contains(text), "{reason:?}");
        }
    }
}

//! The four payloads: what happened, from their fields.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::InvalidCode;
use super::fields::{Fault, id, invalid, missing, optional_string, parse_id, required_string};
use crate::domain::event::Payment;
use crate::domain::{AmountRules, Creation, DonorId, EventKind, EventType, Money, Refund, excerpt};

/// The fields that any of the four payloads may have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    pub event_type: Option<&'a RawValue>,
    pub donation_id: Option<&'a RawValue>,
    pub campaign_id: Option<&'a RawValue>,
    amount: Option<&'a RawValue>,
    currency: Option<&'a RawValue>,
    donor_id: Option<&'a RawValue>,
    is_guest: Option<&'a RawValue>,
    payment_id: Option<&'a RawValue>,
    refund_id: Option<&'a RawValue>,
    pub timestamp: Option<&'a RawValue>,
}

pub(super) fn kind(
    event_type: EventType,
    fields: &Payload<'_>,
    amounts: AmountRules,
) -> Result<EventKind, Fault> {
    let payment = || {
        Ok(Payment {
            payment_id: required_string("paymentId", fields.payment_id)?.into_owned(),
            refund_id: optional_string("refundId", fields.refund_id)?.map(Cow::into_owned),
            amount: amount(fields, amounts)?,
        })
    };
    Ok(match event_type {
        EventType::DonationCreated => EventKind::DonationCreated(Creation {
            campaign: id("campaignId", fields.campaign_id)?,
            donor: donor(fields)?,
            amount: amount(fields, amounts)?,
        }),
        EventType::DonationRefunded => EventKind::DonationRefunded(Refund {
            routed_to: id("campaignId", fields.campaign_id)?,
            amount: amount(fields, amounts)?,
        }),
        EventType::PaymentCompleted => EventKind::PaymentCompleted(payment()?),
        EventType::PaymentRefunded => EventKind::PaymentRefunded(payment()?),
    })
}

fn amount(fields: &Payload<'_>, amounts: AmountRules) -> Result<Money, Fault> {
    let currency = amounts.currency;
    if let Some(sent) = optional_string("currency", fields.currency)?
        && !sent.eq_ignore_ascii_case(currency.code())
    {
        let message = format!("currency must be {currency}, got `{}`", excerpt(&sent));
        return Err(Fault(InvalidCode::WrongCurrency, message));
    }
    let value = fields.amount.ok_or_else(|| missing("amount"))?;
    amounts
        .parse(value)
        .map_err(|error| Fault(InvalidCode::InvalidAmount, format!("amount {error}")))
}

/// The donor to count: guests are not, and an empty id is none.
fn donor(fields: &Payload<'_>) -> Result<Option<DonorId>, Fault> {
    let is_guest = match fields.is_guest.map(RawValue::get) {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(invalid("isGuest", "must be true or false", other)),
    };
    let donor = optional_string("donorId", fields.donor_id)?.filter(|donor| !donor.is_empty());
    let donor = donor
        .map(|donor| parse_id("donorId", donor.into_owned()))
        .transpose()?;
    Ok(donor.filter(|_| !is_guest))
}

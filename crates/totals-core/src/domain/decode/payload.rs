//! The payloads of donations and payments: what happened, from their fields.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::InvalidCode;
use super::declared::{Field, payload};
use super::facts;
use super::fields::{
    Fault, complete, id, invalid, invalid_amount, missing, moment, once, optional_string, optional_text,
    parse_id, required_text,
};
use super::members::Members;
use crate::domain::event::Payment;
use crate::domain::{AmountRules, Creation, DonorId, EventKind, EventType, Money, Refund, excerpt};

pub(super) fn kind(
    event_type: EventType,
    fields: &Members<'_>,
    amounts: AmountRules,
) -> Result<EventKind, Fault> {
    let donation = || id(fields, Field::DonationId);
    complete(fields, payload(event_type))?;
    let payment = || {
        Ok(Payment {
            donation: donation()?,
            payment_id: required_text(fields, Field::PaymentId)?.into_owned(),
            refund_id: optional_text(fields, Field::RefundId)?.map(Cow::into_owned),
            amount: amount(fields, amounts)?,
        })
    };
    let update = || facts::update(event_type, fields, amounts);
    Ok(match event_type {
        EventType::DonationCreated => {
            let creation = Creation {
                campaign: id(fields, Field::CampaignId)?,
                donor: donor(fields)?,
                amount: amount(fields, amounts)?,
            };
            // Where the message around it says when it happened, nothing else reads this, whatever it is.
            let stated = moment(fields, Field::Timestamp).ok().flatten();
            EventKind::DonationCreated(donation()?, creation, stated)
        }
        EventType::DonationRefunded => EventKind::DonationRefunded(Refund {
            donation: donation()?,
            routed_to: id(fields, Field::CampaignId)?,
            amount: amount(fields, amounts)?,
        }),
        EventType::PaymentCompleted => EventKind::PaymentCompleted(payment()?),
        EventType::PaymentRefunded => EventKind::PaymentRefunded(payment()?),
        EventType::CampaignCreated => EventKind::CampaignCreated(update()?),
        EventType::CampaignUpdated => EventKind::CampaignUpdated(update()?),
        EventType::CampaignStatusChanged => EventKind::CampaignStatusChanged(update()?),
    })
}

fn amount(fields: &Members<'_>, amounts: AmountRules) -> Result<Money, Fault> {
    let currency = amounts.currency;
    if let Some(sent) = optional_string(fields, Field::Currency)?
        && !sent.eq_ignore_ascii_case(currency.code())
    {
        let message = format!("currency must be {currency}, got `{}`", excerpt(&sent));
        return Err(Fault(InvalidCode::WrongCurrency, message));
    }
    let value = fields.get(Field::Amount).ok_or_else(|| missing(Field::Amount))?;
    amounts
        .parse(value)
        .map_err(|error| invalid_amount(Field::Amount, &error))
}

/// The donor to count: guests are not, and an empty id is none.
fn donor(fields: &Members<'_>) -> Result<Option<DonorId>, Fault> {
    let is_guest = match fields.get(Field::IsGuest).map(RawValue::get) {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(invalid(Field::IsGuest, "must be true or false", other)),
    };
    let donor = optional_text(fields, Field::DonorId)?.filter(|donor| !donor.is_empty());
    let donor = donor
        .map(|donor| parse_id(Field::DonorId, donor.into_owned()))
        .transpose()?;
    Ok(donor.filter(|_| !is_guest))
}

/// The refund's own id, if it has one; an empty text is none. Where the event's id rests on it, it must be readable.
pub(super) fn refund_id<'a>(
    event_type: EventType,
    fields: &Members<'a>,
) -> Result<Option<Cow<'a, str>>, Fault> {
    match event_type {
        EventType::DonationRefunded | EventType::PaymentRefunded => {
            once(fields, Field::RefundId)?;
            Ok(optional_text(fields, Field::RefundId)?.filter(|id| !id.is_empty()))
        }
        EventType::DonationCreated
        | EventType::PaymentCompleted
        | EventType::CampaignCreated
        | EventType::CampaignUpdated
        | EventType::CampaignStatusChanged => Ok(None),
    }
}

//! The members of a row, and what they say about its type.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use totals_core::domain::EventType;

use super::reason;
use crate::broker::message::Reason;
use crate::tools::backfill::spelling::is_alike;

/// The members that a result depends on. A row may have each of them once.
const READ: [&str; 19] = [
    "amount",
    "campaignId",
    "currency",
    "donationId",
    "donorId",
    "eventId",
    "eventType",
    "isGuest",
    "isRefunded",
    "payload",
    "paymentId",
    "paymentStatus",
    "reason",
    "refundId",
    "refunded",
    "refundedAmount",
    "refundedAt",
    "status",
    "timestamp",
];

/// Members that say what a campaign is called, wants to raise and the like. A bare row that has one of them and names a campaign and no
/// donation is a campaign.
pub const OF_A_CAMPAIGN: [&str; 5] = ["title", "goalAmount", "startDate", "endDate", "category"];

/// Members that no refund has.
const OF_A_DONATION_OR_PAYMENT: [&str; 6] = [
    "donorId",
    "donorName",
    "isAnonymous",
    "isGuest",
    "paymentId",
    "refundedAmount",
];

/// The members of a row, each as its own JSON text; `null` and an empty text are absent.
pub struct Members<'a> {
    present: Vec<(Cow<'a, str>, &'a RawValue)>,
    twice: Option<Cow<'a, str>>,
}

impl<'a> Members<'a> {
    /// The value of this name.
    pub fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.present.iter().find(|(member, _)| member == name);
        found.map(|(_, value)| *value)
    }

    /// A text, or the digits of a whole number: exports write the same id in either way.
    ///
    /// # Errors
    /// [`Reason`] if the value is neither.
    pub fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Box<Reason>> {
        self.raw(name).map(|value| text_of(name, value)).transpose()
    }

    /// All members, in the order of the row.
    pub fn all(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.present.iter().map(|(name, value)| (&**name, *value))
    }

    /// The refunded part of a donation; none if nothing was refunded.
    pub fn refunded_amount(&self) -> Option<&'a RawValue> {
        // Platforms write zero for a donation that was never refunded.
        let is_zero = |amount: &&RawValue| {
            let digits = amount.get().trim_matches('"');
            digits.contains('0') && digits.chars().all(|digit| matches!(digit, '0' | '.'))
        };
        self.raw("refundedAmount").filter(|amount| !is_zero(amount))
    }

    /// Checks that no member is another spelling of one that is read. It would be ignored, and the row counted without it.
    ///
    /// # Errors
    /// [`Reason`] if one is.
    pub fn none_spelled_otherwise(&self) -> Result<(), Box<Reason>> {
        for (name, _) in self.present.iter().filter(|(name, _)| !READ.contains(&&**name)) {
            if let Some(field) = READ.iter().find(|field| is_alike(name, field)) {
                let text = format!(
                    "the member `{name}` looks like {field}: rename it to {field}, or if it is something else, to a \
                     name that does not look like it"
                );
                return Err(reason("AMBIGUOUS_ROW", text));
            }
        }
        Ok(())
    }

    /// The type of the row's event.
    ///
    /// # Errors
    /// [`Reason`] if the row does not tell its type, or contradicts itself: money depends on it.
    pub fn event_type(&self) -> Result<EventType, Box<Reason>> {
        if let Some(name) = &self.twice {
            return Err(reason("UNREADABLE_ROW", format!("duplicate field `{name}`")));
        }
        let event_type = match self.text("eventType")? {
            Some(name) => EventType::from_name(&name).ok_or_else(|| {
                let known = EventType::ALL.map(EventType::as_str).join(", ");
                reason("UNKNOWN_EVENT_TYPE", format!("eventType must be one of {known}"))
            })?,
            None => self.type_without_its_name()?,
        };
        match self.contradiction(event_type) {
            None => Ok(event_type),
            Some(text) => Err(reason("CONTRADICTORY_ROW", text)),
        }
    }

    fn type_without_its_name(&self) -> Result<EventType, Box<Reason>> {
        let ambiguous = |text| Err(reason("AMBIGUOUS_ROW", text));
        let tells_of_a_campaign = OF_A_CAMPAIGN.iter().any(|name| self.raw(name).is_some());
        if tells_of_a_campaign && self.raw("donationId").is_none() && self.raw("campaignId").is_some() {
            return Ok(EventType::CampaignCreated);
        }
        if self.raw("refundId").is_some() {
            let beside = |name: &&&str| match **name {
                "refundedAmount" => self.refunded_amount().is_some(),
                name => self.raw(name).is_some(),
            };
            return match OF_A_DONATION_OR_PAYMENT.iter().find(beside) {
                None => Ok(EventType::DonationRefunded),
                Some(name) => ambiguous(format!(
                    "a refundId is beside {name}, so the row may be a refund or not: add the eventType that it is"
                )),
            };
        }
        if self.raw("reason").is_some() {
            return ambiguous(
                "reason is a refund's, and the row has no eventType: add eventType donation.refunded and an eventId \
                 or a refundId; or if it is a donation, call `reason` otherwise"
                    .to_owned(),
            );
        }
        Ok(EventType::DonationCreated)
    }

    /// The reason why the row's own members contradict this type; none if they do not.
    fn contradiction(&self, event_type: EventType) -> Option<String> {
        let refunds = matches!(
            event_type,
            EventType::DonationRefunded | EventType::PaymentRefunded
        );
        let of_a_refund = ["refundId", "reason"];
        if let Some(name) = of_a_refund
            .iter()
            .find(|name| !refunds && self.raw(name).is_some())
        {
            return Some(format!(
                "the row is a {event_type} and has the {name} of a refund: correct its eventType, or remove {name}"
            ));
        }
        if event_type != EventType::DonationCreated && self.refunded_amount().is_some() {
            return Some(format!(
                "the row is a {event_type} and has the refundedAmount of a donation: correct its eventType, or remove \
                 refundedAmount"
            ));
        }
        let types_otherwise = |(name, value): &&(Cow<'_, str>, &RawValue)| {
            let told = EventType::from_name(value.get().trim_matches('"'));
            name != "eventType" && told.is_some_and(|told| told != event_type)
        };
        let (name, value) = self.present.iter().find(types_otherwise)?;
        Some(format!(
            "{name} says {}, but the row counts as {event_type}: name its eventType, in CSV with --column \
             eventType={name}",
            value.get()
        ))
    }
}

/// What this member says: a text, or the digits of a whole number.
///
/// # Errors
/// [`Reason`] if the value is neither.
pub fn text_of<'a>(name: &str, value: &'a RawValue) -> Result<Cow<'a, str>, Box<Reason>> {
    if value.get().bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Cow::Borrowed(value.get()));
    }
    match serde_json::from_str(value.get()) {
        Ok(MemberText(text)) => Ok(text),
        Err(_) => Err(reason("INVALID_FIELD", format!("{name} must be a string"))),
    }
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
        let mut seen = [false; READ.len()];
        let mut members = Members {
            present: Vec::new(),
            twice: None,
        };
        while let Some((MemberText(name), value)) = map.next_entry::<MemberText<'de>, &'de RawValue>()? {
            if let Some(index) = READ.iter().position(|read| *read == name)
                && std::mem::replace(&mut seen[index], true)
            {
                members.twice = Some(name.clone());
            }
            if !matches!(value.get(), "null" | "\"\"") {
                members.present.push((name, value));
            }
        }
        Ok(members)
    }
}

/// A text that is borrowed where it can be. `Cow` alone would always copy.
#[derive(serde::Deserialize)]
struct MemberText<'a>(#[serde(borrow)] Cow<'a, str>);

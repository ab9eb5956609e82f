//! How an event is written down: plainly, or as another producer might spell the very same content.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::event::{Fact, Identity, Message, What};

/// The id of event `number`.
pub fn event_id(number: u32) -> String {
    format!("event-{number}")
}

/// The id of donation `number`.
pub fn donation_id(number: u32) -> String {
    format!("donation-{number}")
}

/// The id of campaign `number`.
pub fn campaign_id(number: u16) -> String {
    format!("campaign-{number}")
}

/// The id of donor `number`.
pub fn donor_id(number: u16) -> String {
    format!("donor-{number}")
}

/// Minor units as the plain decimal number of major units: `5000.5`.
pub fn decimal(minor: i64) -> String {
    let (whole, cents) = (minor / 100, minor % 100);
    match (cents, cents % 10) {
        (0, _) => whole.to_string(),
        (_, 0) => format!("{whole}.{}", cents / 10),
        _ => format!("{whole}.{cents:02}"),
    }
}

/// Writes down fact `number`, plainly or, given a `random` hand, in another order, spacing and spelling of numbers.
///
/// The payload says which fact it is (`reference`), in a field that the service does not know and keeps.
pub fn spell(fact: &Fact, number: usize, mut random: Option<&mut StdRng>) -> Message {
    let event_type = fact.what.name();
    let own_time = quoted(&time(fact, number));
    let payload = payload(fact, number, &own_time, random.as_deref_mut());
    // Of donations, what the envelope says does not count beside what the payload says.
    let time = match fact.what.told_of() {
        None if number.is_multiple_of(7) => quoted("2030-01-01T00:00:00.000Z"),
        _ => own_time,
    };
    let (message_id, body) = match fact.identity {
        Identity::Envelope(id) => {
            let fields = vec![
                ("eventId", quoted(&event_id(id))),
                ("eventType", quoted(event_type)),
                ("timestamp", time),
                ("version", quoted("1.0")),
                ("payload", payload),
            ];
            (None, object(fields, random))
        }
        Identity::MessageId(id) => (Some(event_id(id)), payload),
        Identity::Derived => (None, payload),
    };
    Message {
        routing_key: event_type,
        id: message_id,
        body: body.into_bytes(),
    }
}

/// When fact `number` happened, as [`moment`] says.
pub fn time(fact: &Fact, number: usize) -> String {
    let millis = moment(fact, number);
    let (day, moment) = (19 + millis / DAY_MILLIS, millis % DAY_MILLIS);
    let (hours, minutes, seconds) = (moment / HOUR_MILLIS, moment / 60_000 % 60, moment / 1000 % 60);
    format!(
        "2025-11-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z",
        moment % 1000
    )
}

const HOUR_MILLIS: usize = 60 * 60 * 1000;
const DAY_MILLIS: usize = 24 * HOUR_MILLIS;

/// When fact `number` happened, in milliseconds since 2025-11-19T00:00Z: facts of donations in any order on five days. No two of them
/// are of one moment, because an id that the service derives tells events apart by what they say. Many of campaigns are: there the
/// id decides.
pub fn moment(fact: &Fact, number: usize) -> usize {
    match fact.what.told_of() {
        Some(_) => 2 * DAY_MILLIS + 10 * HOUR_MILLIS + number / 5000 * 5000,
        None => number % 5 * DAY_MILLIS + number / 5 % 16 * HOUR_MILLIS + number,
    }
}

/// What fact `number` calls a campaign, or its status.
pub fn word(number: usize) -> String {
    format!("word-{number}")
}

/// What an event says of a campaign.
fn told(fact: &Fact, number: usize, campaign: u16, amount: &str) -> String {
    let mut fields = vec![
        ("campaignId", quoted(&campaign_id(campaign))),
        ("reference", number.to_string()),
    ];
    match fact.what {
        What::Aimed { .. } => fields.push(("updates", format!("{{\"goalAmount\":{amount}}}"))),
        What::Set { .. } => fields.push(("newStatus", quoted(&word(number)))),
        _ => fields.push(("title", quoted(&word(number)))),
    }
    object(fields, None)
}

fn payload(fact: &Fact, number: usize, time: &str, mut random: Option<&mut StdRng>) -> String {
    let amount = match &mut random {
        Some(random) => respelled(fact.amount, random),
        None => decimal(fact.amount),
    };
    if let Some(campaign) = fact.what.told_of() {
        return told(fact, number, campaign, &amount);
    }
    let mut fields = vec![
        ("donationId", quoted(&donation_id(fact.donation))),
        ("amount", amount),
        ("timestamp", time.to_owned()),
        ("reference", number.to_string()),
    ];
    match fact.what {
        What::Created { campaign, donor } => {
            fields.push(("campaignId", quoted(&campaign_id(campaign))));
            fields.push(("donorName", quoted("Ada \\u00e9 \\\"L\\\"")));
            // Three ways not to be counted as a donor.
            match (donor, number % 3) {
                (Some(donor), _) => fields.push(("donorId", quoted(&donor_id(donor)))),
                (None, 0) => fields.extend([("donorId", quoted("guest")), ("isGuest", "true".to_owned())]),
                (None, 1) => fields.push(("donorId", quoted(""))),
                (None, _) => {}
            }
        }
        What::Refunded { named } => {
            fields.push(("campaignId", quoted(&campaign_id(named))));
            fields.push(("reason", quoted("asked for")));
        }
        What::Paid | What::PaymentRefunded => {
            fields.push(("paymentId", quoted(&format!("payment-of-{}", fact.donation))));
            fields.push(("provider", quoted("stripe")));
            fields.push(("metadata", r#"{"any":["thing",1.50]}"#.to_owned()));
        }
        // Written down above.
        What::Titled { .. } | What::Aimed { .. } | What::Set { .. } => {}
    }
    object(fields, random)
}

/// The same amount as another producer might write it.
fn respelled(minor: i64, random: &mut StdRng) -> String {
    let plain = decimal(minor);
    match random.random_range(0..4) {
        0 => quoted(&plain),
        1 => format!("{minor}e-2"),
        2 => format!("{}.{:02}0", minor / 100, minor % 100),
        // Beside no digits there is no noise.
        _ if minor == 0 => plain,
        // As floating point would: noise after the 15th digit.
        _ => format!("{}.{:02}{}4", minor / 100, minor % 100, "0".repeat(14)),
    }
}

fn object(mut fields: Vec<(&str, String)>, random: Option<&mut StdRng>) -> String {
    let space = match random {
        None => "",
        Some(random) => {
            fields.shuffle(random);
            if random.random_bool(0.5) { "\n  " } else { " " }
        }
    };
    let members: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{space}\"{name}\":{space}{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// A JSON string of text that needs no escaping, or is escaped already.
pub fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

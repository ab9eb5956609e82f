//! Events as the two producers publish them, with defaults for what a test does not care about.

use std::ops::Range;

use serde_json::{Value, json};

use crate::Outgoing;

/// When each of them happened.
pub const TIME: &str = "2025-11-21T10:00:00.000Z";

/// One event; build it, then publish it in an envelope or [`Event::bare`].
#[derive(Clone, Debug)]
pub struct Event {
    id: String,
    kind: &'static str,
    time: String,
    payload: Value,
}

/// A donation to campaign `c` of 10.00, by nobody known.
pub fn created(id: &str, donation: &str) -> Event {
    let payload = json!({ "donationId": donation, "campaignId": "c", "amount": 10, "timestamp": TIME });
    Event {
        id: id.to_owned(),
        kind: "donation.created",
        time: TIME.to_owned(),
        payload,
    }
}

/// A donation to campaign `c` of 10.00 for each number: event `e7` creates donation `d7`.
pub fn numbered(numbers: Range<usize>) -> impl Iterator<Item = Event> {
    numbers.map(|number| created(&format!("e{number}"), &format!("d{number}")))
}

/// A refund of 10.00 of a donation to campaign `c`.
pub fn refunded(id: &str, donation: &str) -> Event {
    let event = created(id, donation);
    Event {
        kind: "donation.refunded",
        ..event
    }
    .with("reason", json!("asked for"))
}

/// A payment of 10.00.
pub fn paid(id: &str, donation: &str) -> Event {
    let payload = json!({
        "paymentId": format!("payment-of-{donation}"), "donationId": donation, "amount": 10, "provider": "stripe",
        "providerTransactionId": "t", "timestamp": TIME, "metadata": { "any": ["thing"] },
    });
    Event {
        id: id.to_owned(),
        kind: "payment.completed",
        time: TIME.to_owned(),
        payload,
    }
}

/// The refund of a payment of 10.00.
pub fn payment_refunded(id: &str, donation: &str) -> Event {
    Event {
        kind: "payment.refunded",
        ..paid(id, donation)
    }
    .with("reason", json!("asked for"))
}

/// A new campaign `c`, of which nothing is said yet.
pub fn campaign_created(id: &str) -> Event {
    Event {
        id: id.to_owned(),
        kind: "campaign.created",
        time: TIME.to_owned(),
        payload: json!({ "campaignId": "c" }),
    }
}

/// A change of campaign `c`.
pub fn campaign_updated(id: &str, updates: Value) -> Event {
    Event {
        kind: "campaign.updated",
        ..campaign_created(id).with("updates", updates)
    }
}

/// The new status of campaign `c`.
pub fn campaign_status(id: &str, status: &str) -> Event {
    Event {
        kind: "campaign.status_changed",
        ..campaign_created(id).with("newStatus", json!(status))
    }
}

impl Event {
    /// It happened then, and not at [`TIME`].
    pub fn at(mut self, time: &str) -> Self {
        time.clone_into(&mut self.time);
        self
    }

    /// Sets any field of the payload.
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.payload[field] = value;
        self
    }

    /// To this campaign.
    pub fn campaign(self, campaign: &str) -> Self {
        self.with("campaignId", json!(campaign))
    }

    /// By this donor.
    pub fn donor(self, donor: &str) -> Self {
        self.with("donorId", json!(donor))
    }

    /// Of this amount, in major units.
    pub fn amount(self, amount: f64) -> Self {
        self.with("amount", json!(amount))
    }

    /// In its envelope, with this text as it is for the amount.
    pub fn amount_text(&self, amount: &str) -> Outgoing {
        let body = self
            .body()
            .replace(r#""amount":10"#, &format!(r#""amount":{amount}"#));
        Outgoing::new(self.kind, body)
    }

    /// The enveloped text.
    pub fn body(&self) -> String {
        json!({
            "eventId": self.id, "eventType": self.kind, "timestamp": self.time, "version": "1.0",
            "payload": self.payload,
        })
        .to_string()
    }

    /// Without an envelope, as the payment service publishes.
    pub fn bare(&self) -> Outgoing {
        Outgoing::new(self.kind, self.payload.to_string())
    }
}

impl From<Event> for Outgoing {
    fn from(event: Event) -> Self {
        Self::new(event.kind, event.body())
    }
}

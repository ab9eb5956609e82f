//! One example of each event in each shape, as producers publish them.

use serde_json::{Value, json};

use crate::domain::EventType;

/// The shape of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A payload in an envelope.
    Envelope,
    /// The payload alone.
    Bare,
}

const AT: &str = "2025-11-21T10:00:00.000Z";

/// An event of this type in this shape.
pub fn example(event_type: EventType, shape: Shape) -> Value {
    let payload = payload(event_type);
    match shape {
        Shape::Bare => payload,
        Shape::Envelope => json!({
            "eventId": format!("{event_type}_1763719200000_0f3a9c12"),
            "eventType": event_type.as_str(),
            "timestamp": AT,
            "version": "1.0",
            "payload": payload,
        }),
    }
}

fn payload(event_type: EventType) -> Value {
    match event_type {
        EventType::DonationCreated => json!({
            "donationId": "don_6a7f3d20", "campaignId": "camp_123", "amount": 50.25, "donorId": "user_42",
            "donorName": "Ada", "isAnonymous": false, "isGuest": false, "timestamp": AT,
        }),
        EventType::DonationRefunded => json!({
            "donationId": "don_6a7f3d20", "campaignId": "camp_123", "amount": 20, "reason": "requested by the donor",
            "timestamp": AT,
        }),
        EventType::PaymentCompleted => json!({
            "paymentId": "pay_81c2", "donationId": "don_6a7f3d20", "amount": 50.25, "provider": "stripe",
            "providerTransactionId": "pi_3PqLkX2eZvKYlo2C", "timestamp": AT,
        }),
        EventType::PaymentRefunded => json!({
            "paymentId": "pay_81c2", "donationId": "don_6a7f3d20", "amount": 20, "provider": "stripe",
            "reason": "requested by the donor", "refundId": "re_3PqLkX2eZvKYlo2C", "timestamp": AT,
        }),
    }
}

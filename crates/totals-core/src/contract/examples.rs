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
    /// A CloudEvent whose attributes are in the body.
    Structured,
    /// A CloudEvent whose attributes are in the message's headers.
    Binary,
}

impl Shape {
    /// All shapes, in the order of their declaration.
    pub const ALL: [Self; 4] = [Self::Envelope, Self::Bare, Self::Structured, Self::Binary];

    /// Its name, for programs and people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Bare => "bare",
            Self::Structured => "CloudEvent, structured",
            Self::Binary => "CloudEvent, binary",
        }
    }
}

/// A message.
#[derive(Debug)]
pub struct Example {
    /// Its property `content_type`.
    pub content_type: &'static str,
    /// Its headers.
    pub headers: Value,
    /// Its body.
    pub body: Value,
}

const AT: &str = "2025-11-21T10:00:00.000Z";

/// A message of this type in this shape.
pub fn example(event_type: EventType, shape: Shape) -> Example {
    let (payload, number) = (payload(event_type), event_type as usize);
    let (id, source) = (format!("0f3a9c1{number}"), "/donations");
    let cloud_type = format!("org.example.{event_type}");
    let (headers, body) = match shape {
        // The type and the id of a bare payload are beside it.
        Shape::Bare => (json!({"eventId": format!("evt_{id}")}), payload),
        Shape::Envelope => {
            let event_id = format!("{event_type}_1763719200000_{id}");
            let body = json!({
                "eventId": event_id, "eventType": event_type.as_str(), "timestamp": AT, "version": "1.0", "payload": payload,
            });
            (json!({}), body)
        }
        Shape::Structured => {
            let body = json!({
                "specversion": "1.0", "id": id, "source": source, "type": cloud_type, "time": AT,
                "datacontenttype": "application/json", "data": payload,
            });
            (json!({}), body)
        }
        Shape::Binary => {
            let headers = json!({
                "cloudEvents:specversion": "1.0", "cloudEvents:id": id, "cloudEvents:source": source,
                "cloudEvents:type": cloud_type, "cloudEvents:time": AT,
            });
            (headers, payload)
        }
    };
    let content_type = match shape {
        Shape::Structured => "application/cloudevents+json",
        Shape::Envelope | Shape::Bare | Shape::Binary => "application/json",
    };
    Example {
        content_type,
        headers,
        body,
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
        EventType::CampaignCreated => json!({
            "campaignId": "camp_123", "title": "A well for Ngara", "description": "Clean water for a village.",
            "goalAmount": 10000, "ownerId": "user_7", "startDate": AT, "endDate": "2026-02-21T10:00:00.000Z",
            "category": "water",
        }),
        EventType::CampaignUpdated => json!({
            "campaignId": "camp_123", "updates": {"goalAmount": 12500, "endDate": "2026-03-21T10:00:00.000Z"},
        }),
        EventType::CampaignStatusChanged => json!({
            "campaignId": "camp_123", "oldStatus": "DRAFT", "newStatus": "ACTIVE", "changedBy": "user_7",
        }),
    }
}

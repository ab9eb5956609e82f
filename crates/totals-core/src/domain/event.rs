//! What producers report: one event of one of seven types, decoded and checked.

use std::fmt;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::facts::{FactValue, FactsUpdate};
use super::{CampaignId, Creation, DonationId, DonorId, EventId, Money, Timestamp};

/// The event types the service is bound to. An event's AMQP routing key is its type. Where another one would go is said in
/// docs/architecture.md, "Where to change what".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventType {
    /// A paid donation.
    DonationCreated,
    /// All or part of a donation given back.
    DonationRefunded,
    /// The payment behind a donation; logged for the audit, moves no totals.
    PaymentCompleted,
    /// The refund of a payment; logged for the audit, moves no totals.
    PaymentRefunded,
    /// A new campaign; says what is known of it.
    CampaignCreated,
    /// Some of what is known of a campaign has changed.
    CampaignUpdated,
    /// The status of a campaign has changed.
    CampaignStatusChanged,
}

impl EventType {
    /// All types, in the order of their declaration. The compiler does not notice if one is missing here.
    pub const ALL: [Self; 7] = [
        Self::DonationCreated,
        Self::DonationRefunded,
        Self::PaymentCompleted,
        Self::PaymentRefunded,
        Self::CampaignCreated,
        Self::CampaignUpdated,
        Self::CampaignStatusChanged,
    ];

    /// The names of the types whose events have no campaign: they are logged, and filed under none.
    pub const WITHOUT_CAMPAIGN: [&str; 2] = [Self::PaymentCompleted.as_str(), Self::PaymentRefunded.as_str()];

    /// The type's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DonationCreated => "donation.created",
            Self::DonationRefunded => "donation.refunded",
            Self::PaymentCompleted => "payment.completed",
            Self::PaymentRefunded => "payment.refunded",
            Self::CampaignCreated => "campaign.created",
            Self::CampaignUpdated => "campaign.updated",
            Self::CampaignStatusChanged => "campaign.status_changed",
        }
    }

    /// What an event of this type says, as a sentence for people.
    pub const fn about(self) -> &'static str {
        match self {
            Self::DonationCreated => "A paid donation.",
            Self::DonationRefunded => "All or part of a donation given back.",
            Self::PaymentCompleted => "The payment behind a donation. It is logged and moves no totals.",
            Self::PaymentRefunded => "The refund of a payment. It is logged and moves no totals.",
            Self::CampaignCreated => "A new campaign, with its title, goal and dates.",
            Self::CampaignUpdated => "A change of a campaign's title, goal, dates, status or category.",
            Self::CampaignStatusChanged => "A campaign's new status.",
        }
    }

    /// Returns true if events of this type say something of a campaign, and else of a donation.
    pub const fn is_of_campaign(self) -> bool {
        match self {
            Self::DonationCreated
            | Self::DonationRefunded
            | Self::PaymentCompleted
            | Self::PaymentRefunded => false,
            Self::CampaignCreated | Self::CampaignUpdated | Self::CampaignStatusChanged => true,
        }
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One event, decoded.
#[derive(Debug, Clone)]
pub struct Event {
    /// Sent in the message or beside it, else derived from what the payload says.
    pub id: EventId,
    /// The id that an earlier version gave this event, if that was another one: the log may have it under that.
    pub former_id: Option<EventId>,
    /// What happened, and to what.
    pub kind: EventKind,
    /// When it happened, by the producer's clock.
    pub occurred_at: Timestamp,
    /// The payload exactly as received: the ledger keeps it for read models not thought of yet.
    pub payload: Box<RawValue>,
}

/// What happened, with the fields the fold reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// See [`EventType::DonationCreated`]. The time is that of the payload, if it says any: it goes before that of the message
    /// around the payload.
    DonationCreated(DonationId, Creation, Option<Timestamp>),
    /// See [`EventType::DonationRefunded`].
    DonationRefunded(Refund),
    /// See [`EventType::PaymentCompleted`].
    PaymentCompleted(Payment),
    /// See [`EventType::PaymentRefunded`].
    PaymentRefunded(Payment),
    /// See [`EventType::CampaignCreated`].
    CampaignCreated(FactsUpdate),
    /// See [`EventType::CampaignUpdated`].
    CampaignUpdated(FactsUpdate),
    /// See [`EventType::CampaignStatusChanged`].
    CampaignStatusChanged(FactsUpdate),
}

/// A refund of a donation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The donation that is given back, or a part of it.
    pub donation: DonationId,
    /// The campaign the refund names. It only routes the event: what counts is the donation's own campaign.
    pub routed_to: CampaignId,
    /// What was given back, by this refund alone.
    pub amount: Money,
}

/// A payment or its refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The donation that is paid for.
    pub donation: DonationId,
    /// The payment's own id.
    pub payment_id: String,
    /// The refund's own id, where the provider has one.
    pub refund_id: Option<String>,
    /// What was paid or given back.
    pub amount: Money,
}

impl Event {
    /// The event's type.
    pub fn event_type(&self) -> EventType {
        self.kind.event_type()
    }

    /// The campaign the event itself names, if any.
    pub fn campaign(&self) -> Option<&CampaignId> {
        self.kind.campaign()
    }

    /// The donation the event is about, if it is about one.
    pub fn donation(&self) -> Option<&DonationId> {
        self.kind.donation()
    }

    /// What events that must be applied one after another have in common: the campaign, or for payments the donation.
    pub fn routing_text(&self) -> &str {
        match (self.campaign(), self.donation()) {
            (Some(campaign), _) => campaign.as_str(),
            (None, donation) => donation.map_or("", DonationId::as_str),
        }
    }

    /// The fingerprint of what the fold reads: equal for two spellings of the same event.
    pub fn content_hash(&self) -> ContentHash {
        self.kind.content_hash()
    }

    /// The same if this donor had made the donation.
    pub fn content_hash_by(&self, donor: &DonorId) -> ContentHash {
        let mut kind = self.kind.clone();
        if let EventKind::DonationCreated(_, creation, _) = &mut kind {
            creation.donor = Some(donor.clone());
        }
        kind.content_hash()
    }
}

impl EventKind {
    /// The event's type.
    pub fn event_type(&self) -> EventType {
        match self {
            Self::DonationCreated(..) => EventType::DonationCreated,
            Self::DonationRefunded(_) => EventType::DonationRefunded,
            Self::PaymentCompleted(_) => EventType::PaymentCompleted,
            Self::PaymentRefunded(_) => EventType::PaymentRefunded,
            Self::CampaignCreated(_) => EventType::CampaignCreated,
            Self::CampaignUpdated(_) => EventType::CampaignUpdated,
            Self::CampaignStatusChanged(_) => EventType::CampaignStatusChanged,
        }
    }

    /// See [`Event::campaign`].
    pub fn campaign(&self) -> Option<&CampaignId> {
        match self {
            Self::DonationCreated(_, creation, _) => Some(&creation.campaign),
            Self::DonationRefunded(refund) => Some(&refund.routed_to),
            Self::PaymentCompleted(_) | Self::PaymentRefunded(_) => None,
            Self::CampaignCreated(update)
            | Self::CampaignUpdated(update)
            | Self::CampaignStatusChanged(update) => Some(&update.campaign),
        }
    }

    /// See [`Event::donation`].
    pub fn donation(&self) -> Option<&DonationId> {
        match self {
            Self::DonationCreated(donation, ..) => Some(donation),
            Self::DonationRefunded(refund) => Some(&refund.donation),
            Self::PaymentCompleted(payment) | Self::PaymentRefunded(payment) => Some(&payment.donation),
            Self::CampaignCreated(_) | Self::CampaignUpdated(_) | Self::CampaignStatusChanged(_) => None,
        }
    }

    /// See [`Event::content_hash`].
    pub fn content_hash(&self) -> ContentHash {
        let mut hash = ContentHasher::default();
        hash.field(self.event_type().as_str());
        if let Some(donation) = self.donation() {
            hash.field(donation.as_str());
        }
        match self {
            Self::DonationCreated(_, creation, _) => {
                hash.field(creation.campaign.as_str());
                hash.amount(creation.amount);
                hash.optional(creation.donor.as_ref().map(DonorId::as_str));
            }
            Self::DonationRefunded(refund) => hash.amount(refund.amount),
            Self::PaymentCompleted(payment) | Self::PaymentRefunded(payment) => {
                hash.field(&payment.payment_id);
                hash.optional(payment.refund_id.as_deref());
                hash.amount(payment.amount);
            }
            Self::CampaignCreated(update)
            | Self::CampaignUpdated(update)
            | Self::CampaignStatusChanged(update) => {
                hash.field(update.campaign.as_str());
                for (fact, value) in &update.facts {
                    hash.field(fact.name());
                    hash.optional(value.as_ref().map(FactValue::to_string).as_deref());
                }
            }
        }
        hash.finish()
    }
}

/// The first 128 bits of a SHA-256: no two contents share one by accident, nor by any known design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 16]);

impl ContentHash {
    /// The fingerprint of bytes as they are.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let mut hash = ContentHasher::default();
        hash.0.update(bytes);
        hash.finish()
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Hashes a sequence of fields so that no two different sequences give the same bytes.
#[derive(Default)]
pub(super) struct ContentHasher(Sha256);

impl ContentHasher {
    pub(super) fn field(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    pub(super) fn optional(&mut self, text: Option<&str>) {
        self.0.update([u8::from(text.is_some())]);
        self.field(text.unwrap_or_default());
    }

    pub(super) fn amount(&mut self, amount: Money) {
        self.0.update(amount.minor().to_le_bytes());
    }

    pub(super) fn finish(self) -> ContentHash {
        let mut hash = [0; 16];
        hash.copy_from_slice(&self.0.finalize()[..16]);
        ContentHash(hash)
    }
}

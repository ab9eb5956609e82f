//! One distinct event of the history, with all that its effect depends on, and the message it is published as.

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub routing_key: &'static str,
    /// The AMQP property `message_id`.
    pub id: Option<String>,
    pub body: Vec<u8>,
}

/// One distinct event.
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    pub what: What,
    pub donation: u32,
    /// In minor units.
    pub amount: i64,
    pub identity: Identity,
}

/// What happened, with all that the totals depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    Created {
        campaign: u16,
        donor: Option<u16>,
    },
    Refunded {
        named: u16,
    },
    Paid,
    PaymentRefunded,
    /// What a campaign is called. It has no donation.
    Titled {
        campaign: u16,
    },
    /// What a campaign wants to raise, which is the event's amount; 0 for nothing. It has no donation.
    Aimed {
        campaign: u16,
    },
    /// A campaign's status. It has no donation.
    Set {
        campaign: u16,
    },
}

/// Where an event has its id from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    Envelope(u32),
    MessageId(u32),
    /// Neither: the service makes one up.
    Derived,
}

impl What {
    /// The event's type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created { .. } => "donation.created",
            Self::Refunded { .. } => "donation.refunded",
            Self::Paid => "payment.completed",
            Self::PaymentRefunded => "payment.refunded",
            Self::Titled { .. } => "campaign.created",
            Self::Aimed { .. } => "campaign.updated",
            Self::Set { .. } => "campaign.status_changed",
        }
    }

    /// The campaign that the event tells of, if it tells of a campaign and not of a donation.
    pub fn told_of(self) -> Option<u16> {
        match self {
            Self::Titled { campaign } | Self::Aimed { campaign } | Self::Set { campaign } => Some(campaign),
            Self::Created { .. } | Self::Refunded { .. } | Self::Paid | Self::PaymentRefunded => None,
        }
    }
}

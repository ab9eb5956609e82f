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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Created { campaign: u16, donor: Option<u16> },
    Refunded { named: u16 },
    Paid,
    PaymentRefunded,
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
        }
    }
}

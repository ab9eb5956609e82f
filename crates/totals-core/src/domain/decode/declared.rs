//! The fields that events have, each declared once: its name on the wire, what may stand in it, and which events need it.
//!
//! Decoding reads by these declarations, and whatever tells producers about fields is made from them, so the two cannot
//! differ. Members that are not declared are kept in the log with the rest of the payload, and nothing reads them.

use crate::domain::EventType;

/// What may stand in a field. `null` is the same as an absent field, whatever the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// An id: a text of 1 to [`MAX_ID_BYTES`](crate::domain::id::MAX_ID_BYTES) bytes of UTF-8; or a whole number, which is
    /// its decimal digits.
    Id,
    /// An id, or an empty text for none.
    IdOrEmpty,
    /// A text of any length; or a whole number of at most [`MAX_ID_BYTES`](crate::domain::id::MAX_ID_BYTES) digits.
    Text,
    /// A text of at least one character.
    Attribute,
    /// The name of an event type.
    EventType,
    /// A positive amount of money in major units: a JSON number, or a text with one.
    Amount,
    /// The three letters of the service's currency, in either case.
    Currency,
    /// True or false.
    Flag,
    /// A moment in time: RFC 3339, also with an offset such as `+0000` or none (UTC), a space for the `T`, or a date alone
    /// (midnight UTC); or the time since the Unix epoch, as a number or as a text of at least 9 digits. Less than 10^11 are
    /// seconds, more are milliseconds. An empty text is the same as an absent field.
    Moment,
    /// A text of at most [`MAX_FACT_BYTES`](crate::domain::facts::MAX_FACT_BYTES) bytes of UTF-8, or an empty one for none; or
    /// a whole number, which is its decimal digits.
    FactText,
    /// An amount, or 0 for none.
    AmountOrNone,
    /// A JSON object with the fields of [`UPDATES`].
    Updates,
    /// A JSON object with the fields of [`payload`].
    Payload,
    /// A text with a payload in Base64.
    Base64,
    /// The text `1.0`.
    SpecVersion,
    /// A text that is the name of an event type, or ends with a dot and such a name.
    TypeSuffix,
}

/// Declares each field on one line: its name in code, its name on the wire, its kind, and a sentence for people.
macro_rules! fields {
    ($($field:ident = $name:literal, $kind:ident, $about:literal;)*) => {
        /// A field that decoding reads.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Field {
            $(#[doc = $about] $field,)*
        }

        impl Field {
            /// All fields, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$field),*];

            /// The field's name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$field => $name,)* }
            }

            /// What may stand in it.
            pub const fn kind(self) -> FieldKind {
                match self { $(Self::$field => FieldKind::$kind,)* }
            }

            /// What it says, as a sentence for people.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$field => $about,)* }
            }

            /// The field of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$field),)* _ => None }
            }
        }
    };
}

fields! {
    EventId = "eventId", Id, "Names the event: the same id again is the same event.";
    EventType = "eventType", EventType, "What happened.";
    Timestamp = "timestamp", Moment, "When it happened, by the producer's clock.";
    Payload = "payload", Payload, "What happened, in an envelope.";
    DonationId = "donationId", Id, "Names the donation, across its creation, refunds and payment.";
    CampaignId = "campaignId", Id, "Names the campaign.";
    Amount = "amount", Amount, "What was donated, paid, or given back by this refund alone, in major units.";
    Currency = "currency", Currency, "The currency of the amount, which must be the service's.";
    DonorId = "donorId", IdOrEmpty, "Names a registered donor, who is counted once in each campaign.";
    IsGuest = "isGuest", Flag, "True if the donor is a guest, who is not counted as a donor.";
    PaymentId = "paymentId", Text, "Names the payment.";
    RefundId = "refundId", Text, "Names the refund, where the payment's provider does.";
    Title = "title", FactText, "What the campaign is called.";
    GoalAmount = "goalAmount", AmountOrNone, "The amount that the campaign wants to raise, in major units.";
    StartDate = "startDate", Moment, "When the campaign starts.";
    EndDate = "endDate", Moment, "When the campaign ends.";
    Status = "status", FactText, "The campaign's status, in the platform's own words.";
    NewStatus = "newStatus", FactText, "The campaign's new status, in the platform's own words.";
    Category = "category", FactText, "What kind of campaign it is, in the platform's own words.";
    Updates = "updates", Updates, "What has changed. Null says that there is none any more; what is absent stays as it is.";
    SpecVersion = "specversion", SpecVersion, "The version of the CloudEvents specification.";
    Id = "id", Attribute, "Names the event, together with its source.";
    Source = "source", Attribute, "Where the event comes from.";
    Type = "type", TypeSuffix, "What happened.";
    Time = "time", Moment, "When it happened, by the producer's clock.";
    Data = "data", Payload, "What happened.";
    DataBase64 = "data_base64", Base64, "What happened, in place of `data`.";
}

/// What becomes of an event without a field, or with something else in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The event is refused without it.
    Required,
    /// It may be absent. The event is refused if something else stands in it.
    Optional,
    /// It may be absent. Something else that stands in it is ignored.
    Hint,
}

/// A field as a part of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The field.
    pub field: Field,
    /// What becomes of an event without it.
    pub need: Need,
}

const fn required(field: Field) -> Member {
    let need = Need::Required;
    Member { field, need }
}

const fn optional(field: Field) -> Member {
    let need = Need::Optional;
    Member { field, need }
}

const fn hint(field: Field) -> Member {
    let need = Need::Hint;
    Member { field, need }
}

/// The fields of an envelope. If it has a timestamp, that of its payload only tells when a donation was made, and need not be readable.
pub const ENVELOPE: &[Member] = &[
    required(Field::EventId),
    required(Field::EventType),
    optional(Field::Timestamp),
    required(Field::Payload),
];

/// The fields that a bare payload may have beside those of [`payload`].
pub const BARE: &[Member] = &[optional(Field::EventId), optional(Field::EventType)];

/// The fields of a CloudEvent in structured mode, which has one of `data` and `data_base64`. In binary mode the first five are
/// headers, and the body is the data.
pub const CLOUD_EVENT: &[Member] = &[
    required(Field::SpecVersion),
    required(Field::Id),
    required(Field::Source),
    required(Field::Type),
    optional(Field::Time),
    optional(Field::Data),
    optional(Field::DataBase64),
];

/// The fields of [`Field::Updates`].
pub const UPDATES: &[Member] = &[
    optional(Field::Title),
    optional(Field::GoalAmount),
    optional(Field::StartDate),
    optional(Field::EndDate),
    optional(Field::Status),
    optional(Field::Category),
];

/// The fields of a payload of this type.
pub const fn payload(event_type: EventType) -> &'static [Member] {
    const CREATED: &[Member] = &[
        required(Field::DonationId),
        required(Field::CampaignId),
        required(Field::Amount),
        optional(Field::Currency),
        optional(Field::DonorId),
        optional(Field::IsGuest),
        optional(Field::Timestamp),
    ];
    const REFUNDED: &[Member] = &[
        required(Field::DonationId),
        required(Field::CampaignId),
        required(Field::Amount),
        optional(Field::Currency),
        hint(Field::RefundId),
        optional(Field::Timestamp),
    ];
    const PAYMENT: &[Member] = &[
        required(Field::DonationId),
        required(Field::PaymentId),
        required(Field::Amount),
        optional(Field::Currency),
        optional(Field::RefundId),
        optional(Field::Timestamp),
    ];
    const CAMPAIGN_CREATED: &[Member] = &[
        required(Field::CampaignId),
        optional(Field::Title),
        optional(Field::GoalAmount),
        optional(Field::StartDate),
        optional(Field::EndDate),
        optional(Field::Status),
        optional(Field::Category),
        optional(Field::Timestamp),
    ];
    const CAMPAIGN_UPDATED: &[Member] = &[
        required(Field::CampaignId),
        required(Field::Updates),
        optional(Field::Timestamp),
    ];
    const STATUS_CHANGED: &[Member] = &[
        required(Field::CampaignId),
        required(Field::NewStatus),
        optional(Field::Timestamp),
    ];
    match event_type {
        EventType::DonationCreated => CREATED,
        EventType::DonationRefunded => REFUNDED,
        EventType::PaymentCompleted | EventType::PaymentRefunded => PAYMENT,
        EventType::CampaignCreated => CAMPAIGN_CREATED,
        EventType::CampaignUpdated => CAMPAIGN_UPDATED,
        EventType::CampaignStatusChanged => STATUS_CHANGED,
    }
}

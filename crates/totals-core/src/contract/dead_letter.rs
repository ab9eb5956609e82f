//! Dead letters, as the worker puts them into their queue: the queue's name and the headers that it adds.

/// The reason's class.
pub const REASON_CODE: &str = "x-reason-code";
/// The reason as a sentence.
pub const REASON: &str = "x-reason";
/// The exchange the message was published to.
pub const ORIGINAL_EXCHANGE: &str = "x-original-exchange";
/// The routing key it was published with.
pub const ORIGINAL_ROUTING_KEY: &str = "x-original-routing-key";
/// When it was dead-lettered, RFC 3339 to the microsecond, which tells letters apart that were parked together.
pub const FAILED_AT: &str = "x-failed-at";
/// How often it was dead-lettered.
pub const ATTEMPTS: &str = "x-attempts";

/// The texts that every dead letter has, each with what it says. No other message has all of them.
pub const TEXTS: [(&str, &str); 5] = [
    (REASON_CODE, "The class of the reason, such as INVALID_AMOUNT"),
    (REASON, "The reason as a sentence that names the field at fault"),
    (
        ORIGINAL_EXCHANGE,
        "The exchange that the message was published to",
    ),
    (
        ORIGINAL_ROUTING_KEY,
        "The routing key that the message was published with",
    ),
    (
        FAILED_AT,
        "When it was dead-lettered, RFC 3339 to the microsecond",
    ),
];

/// The queue of the messages that can never be applied: `totals-service.dead-letters` beside `totals-service.events`, and
/// likewise beside a queue of another name.
pub fn queue(events: &str) -> String {
    format!(
        "{}.dead-letters",
        events.strip_suffix(".events").unwrap_or(events)
    )
}

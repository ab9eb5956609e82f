//! Broken messages of every kind that the service tells apart, each with the reason code it must be dead-lettered with.

use rand::RngExt;
use rand::rngs::StdRng;
use totals_core::domain::ContentHash;

use crate::event::Message;
use crate::spelling::event_id;

/// A broken message and what the service must make of it.
pub struct Poisoned {
    pub message: Message,
    /// The reason code its dead letter carries.
    pub code: &'static str,
    /// The id that the log knows it by: its event id, if that can be read even so, else a hash of the message.
    pub id: String,
}

impl Poisoned {
    /// Returns true if the message names its event: then a sound one may follow under the same id.
    pub fn is_named(&self) -> bool {
        !self.id.starts_with("body:")
    }
}

const PAYLOAD: &str =
    r#"{"donationId":"broken","campaignId":"campaign-0","amount":10,"timestamp":"2025-11-21T10:00:00.000Z"}"#;

/// Replacements within a sound event, with the code of what comes out.
const DEFECTS: [(&str, &str, &str); 14] = [
    (r#""campaignId":"campaign-0","#, "", "MISSING_FIELD"),
    (r#""donationId":"broken","#, "", "MISSING_FIELD"),
    (r#""amount":10,"#, "", "MISSING_FIELD"),
    (r#""campaign-0""#, "0.7", "INVALID_FIELD"),
    (r#""broken""#, r#""""#, "INVALID_FIELD"),
    ("2025-11-21T10", "21 November", "INVALID_FIELD"),
    (
        r#""amount":10"#,
        r#""amount":10,"isGuest":"yes""#,
        "INVALID_FIELD",
    ),
    (":10,", ":0,", "INVALID_AMOUNT"),
    (":10,", ":-1,", "INVALID_AMOUNT"),
    (":10,", ":1.005,", "INVALID_AMOUNT"),
    (":10,", ":1e400,", "INVALID_AMOUNT"),
    (":10,", ":\"NaN\",", "INVALID_AMOUNT"),
    (":10,", ":10000000000.01,", "INVALID_AMOUNT"),
    (":10,", ":10,\"currency\":\"EUR\",", "WRONG_CURRENCY"),
];

/// A broken message, unlike any of another number.
pub fn brew(number: u32, random: &mut StdRng) -> Poisoned {
    let id = event_id(number);
    let with_id = |code, body: String| (code, Some(id.clone()), None, body.into_bytes());
    let without_id = |code, body: Vec<u8>| (code, None, None, body);
    let (code, id, message_id, body) = match random.random_range(0..12) {
        // Rare, because the dead-letter queue keeps them all.
        0 if random.random_bool(0.2) => without_id(
            "BODY_TOO_LARGE",
            format!("{number}{}", " ".repeat(262_144)).into_bytes(),
        ),
        0 => without_id("NOT_UTF8", [id.as_bytes(), b"\xff\xfe"].concat()),
        1 => without_id("INVALID_JSON", format!(r#"{{"eventId":"{id}","cut"#).into_bytes()),
        2 => without_id("INVALID_JSON", format!("[{number}]").into_bytes()),
        3 => with_id("INVALID_JSON", enveloped(&id, "donation.created", "[]")),
        4 => with_id("UNKNOWN_EVENT_TYPE", enveloped(&id, "donation.vanished", PAYLOAD)),
        5 => with_id("MISSING_FIELD", format!(r#"{{"eventId":"{id}","amount":10}}"#)),
        6 => {
            let anonymous = enveloped("", "donation.created", &PAYLOAD.replace("broken", &id));
            let body = anonymous.replace(r#""eventId":"","#, "");
            without_id("MISSING_FIELD", body.into_bytes())
        }
        7 => {
            let endless = format!("{id}{}", "x".repeat(300));
            let body = enveloped(&endless, "donation.created", PAYLOAD);
            without_id("INVALID_FIELD", body.into_bytes())
        }
        // A payment without an amount, beside its id or without any.
        8 => {
            let message_id = random.random_bool(0.5).then(|| id.clone());
            let body =
                format!(r#"{{"donationId":"broken","paymentId":"{id}","timestamp":"2025-11-21T10:00:00Z"}}"#);
            ("MISSING_FIELD", message_id.clone(), message_id, body.into_bytes())
        }
        _ => {
            let (sound, broken, code) = DEFECTS[random.random_range(..DEFECTS.len())];
            let body = enveloped(&id, "donation.created", PAYLOAD);
            with_id(code, body.replace(sound, broken))
        }
    };
    let is_payment = code == "MISSING_FIELD" && body.starts_with(br#"{"donationId""#);
    let routing_key = if is_payment {
        "payment.completed"
    } else {
        "donation.created"
    };
    let id = id.unwrap_or_else(|| {
        let hash = ContentHash::of_bytes(&body).to_string();
        // It has no content type, no message id, and no header that names an event.
        let read = serde_json::json!([hash, routing_key, null, null, {}]).to_string();
        format!("body:{}", ContentHash::of_bytes(read.as_bytes()))
    });
    Poisoned {
        message: Message {
            routing_key,
            id: message_id,
            body,
        },
        code,
        id,
    }
}

fn enveloped(id: &str, event_type: &str, payload: &str) -> String {
    format!(
        r#"{{"eventId":"{id}","eventType":"{event_type}","timestamp":"2025-11-21T10:00:00.000Z","payload":{payload}}}"#
    )
}

//! What happens in the demo, and the message that says so.

use std::time::Duration;

use serde_json::{Value, json};

/// Something that happens.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    pub key: &'static str,
    pub event_id: String,
    pub payload: Value,
    /// How long after the one before it happens, in parts of the usual pause between two donations.
    pub pause: f64,
    /// How long before the start of the demo it happened.
    pub ago: Duration,
    /// What it adds to all that is raised, in hundredths.
    pub amount: i64,
}

impl Happening {
    /// It happens at once, and moves no money.
    pub fn new(key: &'static str, event_id: String, payload: Value) -> Self {
        Self {
            key,
            event_id,
            payload,
            pause: 0.0,
            ago: Duration::ZERO,
            amount: 0,
        }
    }

    /// The body of its message, if it happens at this moment.
    pub fn body(&self, timestamp: &str) -> Vec<u8> {
        let mut payload = self.payload.clone();
        payload["timestamp"] = json!(timestamp);
        let envelope = json!({
            "eventId": self.event_id, "eventType": self.key, "timestamp": timestamp, "version": "1.0", "payload": payload,
        });
        envelope.to_string().into_bytes()
    }
}

/// How the service's currency counts.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    /// Returns true if it has no minor unit. Then a unit is worth little, and amounts are a hundred times larger.
    pub whole: bool,
}

impl Units {
    /// An amount, in hundredths, as events have it.
    pub fn amount(self, hundredths: i64) -> Value {
        if self.whole {
            json!(hundredths)
        } else if hundredths % 100 == 0 {
            json!(hundredths / 100)
        } else {
            // The shortest decimal that is this number is the exact amount.
            #[expect(clippy::cast_precision_loss, reason = "no gift is beyond 2⁵³ hundredths")]
            let amount = hundredths as f64 / 100.0;
            json!(amount)
        }
    }
}

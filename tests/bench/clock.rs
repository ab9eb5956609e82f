//! Moments of this process and of others on one scale.

use std::time::SystemTime;

use mongodb::bson::DateTime;
use tokio::time::Instant;

/// A zero that both kinds of moments are told from.
pub struct Clock {
    instant: Instant,
    system: SystemTime,
}

impl Clock {
    /// Zero is now. Set the system's clock while it runs, and it lies.
    pub fn start() -> Self {
        Self {
            instant: Instant::now(),
            system: SystemTime::now(),
        }
    }

    /// Milliseconds since zero.
    pub fn ms(&self, moment: Instant) -> f64 {
        moment.saturating_duration_since(self.instant).as_secs_f64() * 1e3
    }

    /// Milliseconds since zero of a moment by the system's clock, of this machine.
    pub fn ms_of(&self, date: DateTime) -> f64 {
        let since = date.to_system_time().duration_since(self.system);
        since.unwrap_or_default().as_secs_f64() * 1e3
    }
}

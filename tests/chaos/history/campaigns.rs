//! What events tell of campaigns themselves, between the donations.

use rand::RngExt;

use super::{CAMPAIGNS, History};
use crate::event::{Fact, What};
use crate::oracle::Oracle;

impl History {
    /// What a campaign is called, wants to raise or is about. With an id of its own, which decides between two of one moment.
    pub(super) fn tell_campaign(&mut self, oracle: &mut Oracle) {
        let campaign = self.campaign();
        let what = match self.random.random_range(0..3) {
            0 => What::Titled { campaign },
            1 => What::Aimed { campaign },
            _ => What::Set { campaign },
        };
        let fact = Fact {
            what,
            donation: 0,
            // A goal of nothing is none.
            amount: self.random.random_range(0..50).max(5) * 1000 - 5000,
            identity: self.identity(1.0),
        };
        self.tell(oracle, fact);
    }

    /// The hot one, or any other.
    pub(super) fn campaign(&mut self) -> u16 {
        if self.random.random_bool(0.25) {
            0
        } else {
            self.random.random_range(1..CAMPAIGNS)
        }
    }
}

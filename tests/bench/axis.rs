//! The two ways in which a database grows, and one round of work on a grown one.

use harness::{Outgoing, events};
use rand::SeedableRng;
use rand::distr::Distribution;
use rand::rngs::StdRng;

use crate::report::digits;
use crate::workload::by_zipf;

/// The campaign that is read, watched, and grown by donations.
pub const HOT: &str = "campaign-0";

/// Campaigns that there are at first, each with one donation.
pub const AT_FIRST: u32 = 10;

/// Events that each round shows at a steady rate: enough for a p99.
pub const WATCHED: u32 = 2_000;

/// What grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// The donations of one campaign.
    Donations,
    /// The campaigns, of one donation each.
    Campaigns,
}

impl Axis {
    pub fn name(self) -> &'static str {
        match self {
            Self::Donations => "donations",
            Self::Campaigns => "campaigns",
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Self::Donations => "donations in one campaign",
            Self::Campaigns => "campaigns",
        }
    }

    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Donations => &[
                "donations in one campaign",
                "figure",
                "grown",
                "small",
                "of the small one's",
            ],
            Self::Campaigns => &["campaigns", "figure", "grown", "small", "of the small one's"],
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Donations => "More donations in one campaign",
            Self::Campaigns => "More campaigns",
        }
    }

    /// What the work of a round is, and how many campaigns the small database had after each size.
    pub fn note(self, queued: u32, campaigns: &[u32]) -> String {
        let [queued, watched] = [queued, WATCHED].map(|count| digits(count.into()));
        let campaigns: Vec<String> = campaigns.iter().map(|&count| digits(count.into())).collect();
        let campaigns = campaigns.join(", ");
        match self {
            Self::Donations => format!(
                "Each round drains {queued} donations to that campaign and then shows {watched} more; all of them are \
                 removed again after it."
            ),
            Self::Campaigns => format!(
                "Each round drains {queued} donations to so many campaigns by Zipf's law, on both databases, and then shows \
                 {watched} more to one of them. They stay, so the small database grows as well: after each size it had \
                 {campaigns} campaigns. The more campaigns the messages are for, the more documents a batch touches: that \
                 is the work and not the size, and is on both sides."
            ),
        }
    }

    /// The campaign of a seeded donation.
    pub fn campaign(self, number: u32) -> String {
        match self {
            Self::Donations if number >= AT_FIRST => HOT.to_owned(),
            _ => format!("campaign-{number}"),
        }
    }

    /// Donations with which a database is of this size.
    pub fn donations(self, size: u32) -> u32 {
        match self {
            Self::Donations => size + AT_FIRST - 1,
            Self::Campaigns => size,
        }
    }

    /// Donations that a worker finds in the queue, none of which there was before.
    pub fn messages(self, ids: &str, size: u32, count: u32) -> Vec<Outgoing> {
        let mut random = StdRng::seed_from_u64(u64::from(size));
        let campaigns = by_zipf(match self {
            Self::Donations => 1,
            Self::Campaigns => size,
        });
        let message = |number| {
            let id = format!("{ids}-{number:06}");
            let campaign = format!("campaign-{}", campaigns.sample(&mut random));
            events::created(&id, &id).donor(&id).campaign(&campaign).into()
        };
        (0..count).map(message).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::measure::is_enough;

    #[test]
    fn a_round_shows_enough_events_for_a_p99() {
        assert!(is_enough(usize::try_from(WATCHED).unwrap(), 0.99));
    }

    #[test]
    fn a_grown_database_is_as_large_as_named() {
        let seeded = |axis: Axis, size| (0..axis.donations(size)).map(move |number| axis.campaign(number));
        let hot = seeded(Axis::Donations, 1_000).filter(|campaign| campaign == HOT);
        assert_eq!(hot.count(), 1_000);
        assert_eq!(
            seeded(Axis::Campaigns, 1_000).collect::<HashSet<_>>().len(),
            1_000
        );
    }

    #[test]
    fn a_round_brings_donations_that_were_not_there_to_campaigns_that_were() {
        let messages = Axis::Campaigns.messages("later-1", 50, 500);
        let bodies = messages.iter().map(|message| {
            let body: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
            body["payload"].clone()
        });
        let bodies: Vec<serde_json::Value> = bodies.collect();
        let ids: HashSet<&str> = bodies
            .iter()
            .map(|body| body["donationId"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), 500);
        assert!(ids.iter().all(|id| ("later-".."later.").contains(id)));
        let there: HashSet<String> = (0..50).map(|number| Axis::Campaigns.campaign(number)).collect();
        assert!(
            bodies
                .iter()
                .all(|body| there.contains(body["campaignId"].as_str().unwrap()))
        );
    }
}

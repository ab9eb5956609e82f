//! What producers publish in a write benchmark: the same messages for the same seed.

use harness::{Outgoing, events};
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const SEED: u64 = 20_251_121;

/// A mix of messages.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    pub name: &'static str,
    /// Donations go to the k-th of them in proportion to 1/k (Zipf's law), as to real campaigns.
    campaigns: u32,
    /// Percent of messages that refund an earlier donation.
    refunds: u32,
    /// Percent of messages that were published before.
    duplicates: u32,
}

/// The place of the first of them.
pub const HOT_CAMPAIGN: usize = 0;
/// The place of the second of them.
pub const THOUSAND_CAMPAIGNS: usize = 1;

/// All workloads. The first two also measure the earlier design.
pub const WORKLOADS: [Workload; 4] = [
    Workload {
        name: "one hot campaign",
        campaigns: 1,
        refunds: 0,
        duplicates: 0,
    },
    Workload {
        name: "1,000 campaigns",
        campaigns: 1_000,
        refunds: 0,
        duplicates: 0,
    },
    Workload {
        name: "1,000 campaigns, 10 % refunds",
        campaigns: 1_000,
        refunds: 10,
        duplicates: 0,
    },
    Workload {
        name: "1,000 campaigns, 30 % duplicates",
        campaigns: 1_000,
        refunds: 0,
        duplicates: 30,
    },
];

/// Messages in the order of publication.
pub struct Messages {
    pub all: Vec<Outgoing>,
    /// So many of them differ.
    pub distinct: u32,
}

/// The k-th of so many in proportion to 1/k; the first is 0.
pub fn by_zipf(count: u32) -> WeightedIndex<f64> {
    WeightedIndex::new((1..=count).map(|rank| 1.0 / f64::from(rank))).unwrap()
}

impl Workload {
    /// Only donations, each once.
    pub fn is_plain(&self) -> bool {
        self.refunds == 0 && self.duplicates == 0
    }

    /// So many messages.
    pub fn messages(&self, count: u32) -> Messages {
        let mut random = StdRng::seed_from_u64(SEED);
        let campaigns = by_zipf(self.campaigns);
        let (mut all, mut donations): (Vec<Outgoing>, Vec<(String, String)>) = (Vec::new(), Vec::new());
        let mut distinct = 0;
        for number in 0..count {
            let lot = random.random_range(0..100);
            if lot < self.duplicates && !all.is_empty() {
                let again = all[random.random_range(0..all.len())].clone();
                all.push(again);
                continue;
            }
            let event = if lot < self.refunds && !donations.is_empty() {
                let (donation, campaign) = &donations[random.random_range(0..donations.len())];
                let refund = events::refunded(&format!("refund-{number:08}"), donation);
                refund.amount(0.01).campaign(campaign)
            } else {
                let (id, donor) = (format!("donation-{number:08}"), random.random_range(0..count));
                let campaign = format!("campaign-{}", campaigns.sample(&mut random));
                let event = events::created(&id, &id).donor(&format!("donor-{donor}"));
                donations.push((id, campaign.clone()));
                event.campaign(&campaign)
            };
            all.push(event.into());
            distinct += 1;
        }
        Messages { all, distinct }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_mix_is_as_named_and_the_same_each_time() {
        for workload in WORKLOADS {
            let (messages, again) = (workload.messages(5_000), workload.messages(5_000));
            let bodies: HashSet<&[u8]> = messages
                .all
                .iter()
                .map(|message| message.body.as_slice())
                .collect();
            assert_eq!(messages.all.len(), 5_000);
            assert_eq!(
                bodies.len(),
                usize::try_from(messages.distinct).unwrap(),
                "{}",
                workload.name
            );
            let refunds = messages
                .all
                .iter()
                .filter(|message| message.routing_key == "donation.refunded");
            let percent = refunds.count() / 50;
            let expected = usize::try_from(workload.refunds).unwrap();
            assert!(
                percent.abs_diff(expected) <= 1,
                "{percent} % refunds in {}",
                workload.name
            );
            assert!(
                messages
                    .all
                    .iter()
                    .zip(&again.all)
                    .all(|(one, other)| one.body == other.body)
            );
        }
    }
}

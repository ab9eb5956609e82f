//! An evening of donations, from a seed: what happens, in which order, and after which pauses.
//!
//! The same seed gives the same events with the same ids and contents, whatever the rate, so that a second run publishes
//! duplicates and never conflicts. What came before the evening is the same for all seeds. Its dates go by the day, so the day is
//! a part of the ids of the campaigns' events.

use std::collections::VecDeque;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::campaigns::{APPEAL, CAMPAIGNS, NEW};
use super::donor::{Donors, Gift};
use super::happening::{Happening, Units};
use super::zipf::Zipf;

/// Donations of the weeks before.
const BEFORE: usize = 3_000;
const DAYS_BEFORE: u32 = 30;
const SECONDS_OF_A_DAY: f64 = 86_400.0;

/// The goal of a campaign that has raised nothing yet, in hundredths.
const FIRST_GOAL: i64 = 250_000;

/// After so many donations the new campaign opens, and after so many more it gets its first one.
const OPENS: usize = 40;
const FIRST_DONATION: usize = 50;

/// The appeal on television: from which donation on, how often again, how many at once, and how much faster they come.
const APPEAL_BEGINS: usize = 80;
const APPEAL_EVERY: usize = 700;
const APPEAL_DONATIONS: usize = 220;
const APPEAL_FASTER: f64 = 6.0;
const APPEAL_SHARE: f64 = 0.8;

/// So many donations after its goal was passed the appeal sets itself another one.
const GOAL_ENJOYED: usize = 60;

const REFUNDED: f64 = 0.015;
const REFUNDED_IN_PART: f64 = 0.3;

/// The events of an evening, one after the other, without an end.
pub struct Evening {
    seed: u64,
    day: String,
    units: Units,
    /// Decides what happens; the pauses have their own, so that they have no part in it.
    random: StdRng,
    pauses: StdRng,
    donors: Donors,
    popularity: Zipf,
    raised: [i64; CAMPAIGNS.len()],
    goals: [Option<i64>; CAMPAIGNS.len()],
    donations: usize,
    /// What else happens, each once there are so many donations.
    to_come: VecDeque<(usize, Happening)>,
    goal_passed: bool,
}

impl Evening {
    /// What was before the evening, and the evening. `today` is a date such as `2026-11-29`, and `ends` tells when
    /// the campaign at each place ends.
    pub fn new(
        seed: u64,
        today: &str,
        ends: impl Fn(usize) -> String,
        units: Units,
    ) -> (Vec<Happening>, Self) {
        let mut evening = Self {
            seed,
            day: today.to_owned(),
            units,
            random: StdRng::seed_from_u64(seed),
            pauses: StdRng::seed_from_u64(seed),
            donors: Donors::new(),
            popularity: Zipf::new(CAMPAIGNS.len(), 0.9),
            raised: [0; CAMPAIGNS.len()],
            goals: [None; CAMPAIGNS.len()],
            donations: 0,
            to_come: VecDeque::new(),
            goal_passed: false,
        };
        let donations = evening.donations_before();
        let mut before = evening.campaigns_before(ends);
        before.extend(donations);
        (before, evening)
    }

    /// The donations of the weeks before, the oldest first.
    fn donations_before(&mut self) -> Vec<Happening> {
        let mut random = StdRng::seed_from_u64(0);
        let mut donations = Vec::new();
        for number in 0..BEFORE {
            // Each day brings a little more than the one before.
            let age = 1.0 - (number as f64 / BEFORE as f64).sqrt();
            let ago = Duration::from_secs_f64(age * f64::from(DAYS_BEFORE) * SECONDS_OF_A_DAY);
            let campaign = match self.popularity.draw(&mut random) {
                NEW => 0,
                other => other,
            };
            let gift = self.donors.gift(&mut random);
            let donation = self.donation(&format!("demo-before-{number}"), campaign, &gift);
            donations.push(Happening { ago, ..donation });
        }
        donations
    }

    /// The campaigns, with goals that fit what they have raised.
    fn campaigns_before(&mut self, ends: impl Fn(usize) -> String) -> Vec<Happening> {
        let mut campaigns = Vec::new();
        for (place, campaign) in CAMPAIGNS.iter().enumerate() {
            self.goals[place] = campaign.reached.map(|reached| goal(self.raised[place], reached));
            let status = if place == NEW { "DRAFT" } else { "ACTIVE" };
            let payload = json!({
                "campaignId": id_of(place), "title": campaign.title, "category": campaign.category,
                "goalAmount": self.goals[place].map(|goal| self.units.amount(goal)), "status": status, "endDate": ends(place),
            });
            let id = format!("demo-{}-{}", self.day, campaign.id);
            campaigns.push(Happening::new("campaign.created", id, payload));
        }
        campaigns
    }

    /// A donation to the campaign at this place.
    fn donation(&mut self, id: &str, campaign: usize, gift: &Gift) -> Happening {
        self.raised[campaign] += gift.amount;
        let mut payload = json!({
            "donationId": id, "campaignId": id_of(campaign), "amount": self.units.amount(gift.amount),
        });
        gift.describe(&mut payload);
        Happening {
            amount: gift.amount,
            ..Happening::new("donation.created", format!("{id}-created"), payload)
        }
    }

    /// Returns true while the appeal is on television.
    fn is_appeal(&self) -> bool {
        let since = self.donations.checked_sub(APPEAL_BEGINS);
        since.is_some_and(|since| since % APPEAL_EVERY < APPEAL_DONATIONS)
    }

    /// Which campaign the next donation goes to.
    fn choose(&mut self) -> usize {
        if self.donations == FIRST_DONATION {
            return NEW;
        }
        if self.is_appeal() && self.random.random_bool(APPEAL_SHARE) {
            return APPEAL;
        }
        match self.popularity.draw(&mut self.random) {
            NEW if self.donations < FIRST_DONATION => 0,
            other => other,
        }
    }

    /// How long after what was before a donation comes, in parts of the usual pause.
    fn pause(&mut self) -> f64 {
        let pace = if self.is_appeal() { APPEAL_FASTER } else { 1.0 };
        // Donations know nothing of each other, so their pauses are distributed exponentially.
        -self.pauses.random_range(f64::MIN_POSITIVE..1.0_f64).ln() / pace
    }

    fn next_donation(&mut self) -> Happening {
        let (pause, campaign) = (self.pause(), self.choose());
        let id = format!("demo-{}-{}", self.seed, self.donations);
        let gift = self.donors.gift(&mut self.random);
        let donation = self.donation(&id, campaign, &gift);
        self.donations += 1;
        self.plan(&id, campaign, donation.amount);
        Happening { pause, ..donation }
    }

    /// What this donation leads to.
    fn plan(&mut self, id: &str, campaign: usize, amount: i64) {
        if self.random.random_bool(REFUNDED) {
            let in_part = self.random.random_bool(REFUNDED_IN_PART);
            let refunded = if in_part { amount / 200 * 100 } else { amount };
            let after = self.random.random_range(20..100);
            let payload = json!({
                "donationId": id, "campaignId": id_of(campaign), "amount": self.units.amount(refunded),
                "reason": "requested by the donor",
            });
            let refund = Happening {
                amount: -refunded,
                ..Happening::new("donation.refunded", format!("{id}-refunded"), payload)
            };
            self.to_come.push_back((self.donations + after, refund));
        }
        if self.donations == OPENS {
            let payload = json!({ "campaignId": id_of(NEW), "oldStatus": "DRAFT", "newStatus": "ACTIVE" });
            let id = format!("demo-{}-{}-opens", self.day, CAMPAIGNS[NEW].id);
            let opens = Happening::new("campaign.status_changed", id, payload);
            self.to_come.push_back((self.donations, opens));
        }
        let passed = self.goals[APPEAL].filter(|goal| self.raised[APPEAL] >= *goal);
        if let Some(goal) = passed.filter(|_| !self.goal_passed) {
            self.goal_passed = true;
            let payload = json!({
                "campaignId": id_of(APPEAL), "updates": { "goalAmount": self.units.amount(goal * 3 / 2) },
            });
            let id = format!("demo-{}-{}-{}-goal", self.day, self.seed, CAMPAIGNS[APPEAL].id);
            let raised = Happening::new("campaign.updated", id, payload);
            self.to_come.push_back((self.donations + GOAL_ENJOYED, raised));
        }
    }
}

impl Iterator for Evening {
    type Item = Happening;

    fn next(&mut self) -> Option<Happening> {
        let due = self
            .to_come
            .iter()
            .position(|(after, _)| *after <= self.donations);
        let due = due.and_then(|place| self.to_come.remove(place));
        Some(match due {
            Some((_, happening)) => happening,
            None => self.next_donation(),
        })
    }
}

fn id_of(campaign: usize) -> Value {
    json!(format!("demo-{}", CAMPAIGNS[campaign].id))
}

/// A round goal, of which so many percent are raised.
fn goal(raised: i64, percent: u32) -> i64 {
    const STEP: i64 = 50_000;
    if percent == 0 {
        return FIRST_GOAL;
    }
    (raised * 100 / i64::from(percent) / STEP + 1) * STEP
}

#[cfg(test)]
mod tests;

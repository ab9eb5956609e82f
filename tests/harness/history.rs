//! The history of a test's database, seen directly and by no code of the service's.

use std::collections::BTreeMap;

use mongodb::bson::Document;

use crate::Database;

/// How long a slot is.
const SLOT_MILLIS: i64 = 15 * 60 * 1000;

/// A day since 1970-01-01 and a quarter of an hour of it.
pub type Slot = (i32, u8);

/// Amount in minor units, and pledges.
pub type Booked = (i64, i64);

/// Bookings by their slot, without those of nothing.
pub type Slots = BTreeMap<Slot, Booked>;

/// The slot of a moment.
pub fn slot_of(moment_millis: i64) -> Slot {
    let slot = moment_millis.div_euclid(SLOT_MILLIS);
    (
        slot.div_euclid(96).try_into().unwrap(),
        slot.rem_euclid(96).try_into().unwrap(),
    )
}

impl Database {
    /// What is booked for each campaign; those of which nothing is are left out.
    pub async fn campaign_history(&self) -> BTreeMap<String, Slots> {
        let mut history = BTreeMap::<String, Slots>::new();
        for day in self.all("campaign_history").await {
            let campaign = day.get_document("_id").unwrap().get_str("campaignId").unwrap();
            add_day(history.entry(campaign.to_owned()).or_default(), &day);
        }
        history.values_mut().for_each(drop_nothing);
        history.retain(|_, slots| !slots.is_empty());
        history
    }

    /// What is booked for all campaigns together, in all lanes.
    pub async fn platform_history(&self) -> Slots {
        let mut history = Slots::new();
        for day in self.all("platform_history").await {
            add_day(&mut history, &day);
        }
        drop_nothing(&mut history);
        history
    }

    /// The history is the fold of the donations that have a time, and the platform's is the sum of all campaigns'.
    pub(crate) async fn check_history(&self) {
        let mut folded = BTreeMap::<String, Slots>::new();
        for donation in self.all("donations").await {
            let (Ok(campaign), Ok(at)) = (donation.get_str("campaignId"), donation.get_datetime("at")) else {
                continue;
            };
            let left = donation.get_i64("amountMinor").unwrap() - donation.get_i64("refundedMinor").unwrap();
            if left > 0 {
                let slots = folded.entry(campaign.to_owned()).or_default();
                add(slots, slot_of(at.timestamp_millis()), (left, 1));
            }
        }
        let history = self.campaign_history().await;
        assert_eq!(history, folded, "the history is the fold of the donations");
        let mut sum = Slots::new();
        for (slot, booked) in history.values().flatten() {
            add(&mut sum, *slot, *booked);
        }
        assert_eq!(
            self.platform_history().await,
            sum,
            "the platform's history is the sum of the campaigns'"
        );
    }
}

fn add_day(slots: &mut Slots, document: &Document) {
    let day = document.get_document("_id").unwrap().get_i32("day").unwrap();
    for (member, is_amount) in [("amountMinor", true), ("pledges", false)] {
        for (quarter, number) in document.get_document(member).into_iter().flatten() {
            let number = number.as_i64().unwrap();
            let booked = if is_amount { (number, 0) } else { (0, number) };
            add(slots, (day, quarter.parse().unwrap()), booked);
        }
    }
}

fn add(slots: &mut Slots, slot: Slot, (amount, pledges): Booked) {
    let booked = slots.entry(slot).or_default();
    booked.0 += amount;
    booked.1 += pledges;
}

fn drop_nothing(slots: &mut Slots) {
    slots.retain(|_, booked| *booked != (0, 0));
}

//! What a database holds before something is measured. If only reading is measured, that is totals or donations alone, which
//! are inserted as they are; otherwise it is a whole history, applied as the worker does.

use std::ops::Range;

use harness::{Database, events};
use mongodb::bson::{DateTime, Document, doc};
use totals_core::runtime::config;
use totals_core::store::Store;

use crate::lanes::Lanes;

/// Documents in one insert.
const AT_ONCE: usize = 10_000;

/// Donations of a history that are held in memory at once.
const HELD: u32 = 50_000;

/// The id of a campaign, as long and as spread over the index as a generated one.
pub fn campaign_id(number: u32) -> String {
    format!(
        "camp_{:016x}",
        u64::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    )
}

/// An id of the same make that no campaign has.
pub fn unknown_id(number: u32) -> String {
    format!(
        "none_{:016x}",
        u64::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    )
}

/// The first so many campaigns, with totals as after some hundreds of pledges each.
pub async fn campaigns(database: &Database, count: u32) {
    let (totals, now) = (database.collection("campaign_totals"), DateTime::now());
    let mut campaigns = (0..count).map(|number| {
        let pledges = i64::from(number % 997) + 1;
        doc! {
            "_id": campaign_id(number), "totalAmountMinor": pledges * 5_025, "totalPledges": pledges,
            "totalDonors": pledges - pledges / 7, "revision": pledges, "createdAt": now, "lastUpdated": now,
        }
    });
    insert(&totals, &mut campaigns).await;
}

/// So many donations of one campaign, without their events and totals: what recalculating would have to read, with the
/// index by campaign.
pub async fn donations(database: &Database, campaign: &str, count: u32) {
    store(&database.url).await;
    let collection = database.collection("donations");
    let mut donations = (0..count).map(|number| {
        doc! {
            "_id": format!("{campaign}-{number}"), "campaignId": campaign, "donorId": format!("donor-{}", number % 5_000),
            "amountMinor": i64::from(number % 100) * 100 + 100, "refundedMinor": 0_i64,
        }
    });
    insert(&collection, &mut donations).await;
}

/// The store, with its collections and indexes.
pub async fn store(database_url: &str) -> Store {
    let url = database_url.into();
    let store = Store::open(&config::DatabaseConfig { url }, "bench")
        .await
        .unwrap();
    let store = store.counting_in("USD".parse().unwrap());
    store.prepare().await.unwrap();
    store
}

/// The donations of these numbers, each by a donor of its own to the campaign that `campaign` names, with their events,
/// donors and totals: by the fold itself, so that what is stored is what a worker would have stored.
pub async fn history(database_url: &str, numbers: Range<u32>, campaign: impl Fn(u32) -> String) {
    let store = store(database_url).await;
    for first in numbers.clone().step_by(usize::try_from(HELD).unwrap()) {
        let some = first..numbers.end.min(first + HELD);
        let messages = some.map(|number| {
            let id = format!("donation-{number:08}");
            let event = events::created(&id, &id).donor(&format!("donor-{number}"));
            event.campaign(&campaign(number)).into()
        });
        Lanes::of(messages).apply(&store).await;
    }
}

async fn insert(collection: &mongodb::Collection<Document>, documents: &mut impl Iterator<Item = Document>) {
    loop {
        let batch: Vec<Document> = documents.take(AT_ONCE).collect();
        if batch.is_empty() {
            return;
        }
        collection.insert_many(batch).await.unwrap();
    }
}

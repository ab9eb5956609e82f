//! Campaigns and donations put straight into the database: only how they are read is measured.

use harness::Database;
use mongodb::bson::{DateTime, Document, doc};

/// Documents in one insert.
const AT_ONCE: usize = 10_000;

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

/// So many donations of one campaign, without their events and totals: what recalculating would have to read.
pub async fn donations(database: &Database, campaign: &str, count: u32) {
    let collection = database.collection("donations");
    let mut donations = (0..count).map(|number| {
        doc! {
            "_id": format!("{campaign}-{number}"), "campaignId": campaign, "donorId": format!("donor-{}", number % 5_000),
            "amountMinor": i64::from(number % 100) * 100 + 100, "refundedMinor": 0_i64,
        }
    });
    insert(&collection, &mut donations).await;
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

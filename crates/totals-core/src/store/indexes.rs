//! The collections and every index on them, created at start-up.
//!
//! `event_log`, `donations` and `campaign_donors` are only ever read by `_id` on the hot path: each further index
//! would be paid for with every event.

use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;
use mongodb::{Database, IndexModel};

use super::document::{CAMPAIGN_DONORS, CAMPAIGN_TOTALS, DONATIONS, EVENT_LOG};
use super::error::{StoreError, server_code};

/// Server code `NamespaceExists`.
const COLLECTION_EXISTS: i32 = 48;

pub(super) async fn create(database: &Database) -> Result<(), StoreError> {
    for name in [EVENT_LOG, DONATIONS, CAMPAIGN_DONORS, CAMPAIGN_TOTALS] {
        match database.create_collection(name).await {
            Err(error) if server_code(&error) != Some(COLLECTION_EXISTS) => return Err(error.into()),
            _ => {}
        }
    }
    // A page of the list in any of its four orders is a walk along one of these; `_id` breaks ties, so that pages
    // neither repeat nor skip a campaign.
    let orders = ["totalAmountMinor", "totalPledges", "totalDonors", "lastUpdated"];
    let indexes = orders.map(|field| index(&format!("by_{field}"), doc! { field: 1, "_id": 1 }));
    database
        .collection::<Document>(CAMPAIGN_TOTALS)
        .create_indexes(indexes)
        .await?;
    Ok(())
}

fn index(name: &str, keys: Document) -> IndexModel {
    IndexModel::builder()
        .keys(keys)
        .options(IndexOptions::builder().name(name.to_owned()).build())
        .build()
}

//! Takes over what earlier versions have stored. The first worker that starts does so.
//!
//! A step that was interrupted is done again; two workers may do it at once. Each step removes last what shows that it
//! has to be done.

use mongodb::Database;
use mongodb::bson::{Document, doc};
use mongodb::options::WriteConcern;

use crate::store::error::{StoreError, server_code};
use crate::store::schema::document::{CAMPAIGN_TOTALS, DONATIONS};

/// Server code `IndexNotFound`.
const INDEX_NOT_FOUND: i32 = 27;

/// Indexes that earlier versions made: one for each order of the list, and two for what is one today.
const FORMER_INDEXES: [(&str, &[&str]); 2] = [
    (
        CAMPAIGN_TOTALS,
        &[
            "by_totalAmountMinor",
            "by_totalPledges",
            "by_totalDonors",
            "by_lastUpdated",
        ],
    ),
    (DONATIONS, &["by_campaign", FORMER_DONORS_INDEX]),
];

/// The collection that earlier versions counted donors in, and the index that later ones looked them up in.
const FORMER_DONORS: &str = "campaign_donors";
const FORMER_DONORS_INDEX: &str = "live_donors";

pub(in crate::store) async fn take_over(database: &Database) -> Result<(), StoreError> {
    name_donors(database).await?;
    drop_former_indexes(database).await
}

/// Names the donor in the donations of an earlier version, which counted donors in a collection of their own, or named
/// them together with the campaign. Interrupted midway, it is done again.
async fn name_donors(database: &Database) -> Result<(), StoreError> {
    let donations = database.collection::<Document>(DONATIONS);
    let named = doc! { "name": FORMER_DONORS };
    let counted = !database.list_collection_names().filter(named).await?.is_empty();
    let indexes = donations.list_index_names().await?;
    if !counted && !indexes.iter().any(|name| name == FORMER_DONORS_INDEX) {
        return Ok(());
    }
    tracing::info!(
        "naming the donors of donations that an earlier version has stored; this may take a while"
    );
    let live = doc! {
        "liveDonor": { "$not": { "$type": "string" } }, "donorId": { "$type": "string" },
        "$expr": { "$gt": ["$amountMinor", "$refundedMinor"] },
    };
    donations
        .update_many(live, vec![doc! { "$set": { "liveDonor": "$donorId" } }])
        .write_concern(WriteConcern::majority())
        .await?;
    Ok(database.collection::<Document>(FORMER_DONORS).drop().await?)
}

/// Looks before it drops anything, because a drop waits for all transactions on the collection, and they for it.
async fn drop_former_indexes(database: &Database) -> Result<(), StoreError> {
    for (collection, former) in FORMER_INDEXES {
        let collection = database.collection::<Document>(collection);
        for name in collection.list_index_names().await? {
            if !former.contains(&name.as_str()) {
                continue;
            }
            match collection.drop_index(&name).await {
                // Another process that starts just now was faster.
                Err(error) if server_code(&error) == Some(INDEX_NOT_FOUND) => {}
                dropped => dropped?,
            }
        }
    }
    Ok(())
}

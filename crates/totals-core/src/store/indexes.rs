//! The collections and every index on them, created at start-up.
//!
//! `campaign_totals` has none but that on `_id`: every one would be paid for with each campaign that a commit touches, and
//! the order of the list is kept by whoever lists it.
//!
//! On the hot path `event_log` and `donations` are only ever read by `_id`, and donations by campaign and donor. Every index
//! is paid for with each event, so there is one more for each thing that operators ask without reading everything: what
//! belongs to this campaign?

use mongodb::bson::{Document, doc};
use mongodb::options::{IndexOptions, WriteConcern};
use mongodb::{Database, IndexModel};

use super::document::{CAMPAIGN_TOTALS, DONATIONS, EVENT_LOG};
use super::error::{StoreError, server_code};

/// Server code `NamespaceExists`.
const COLLECTION_EXISTS: i32 = 48;

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

/// The log by campaign and time: `explain` walks it backwards, an audit forwards. Payments have no campaign and no key;
/// a failed row has no `committedAt`, which is how those of a campaign are found.
pub(super) const LOG_BY_CAMPAIGN: &str = "by_campaign";

/// The refunds that came before their donation, which an audit cannot find by their donation's campaign. Others
/// have no key.
pub(super) const LOG_EARLY: &str = "early";

/// The completed payments by donation, for comparing them with the donations. The other fields of the key are those that
/// the filter asks for: without them MongoDB would fetch each row to look. Donations' events have no key.
pub(super) const LOG_PAYMENTS: &str = "payments";

/// The donations of a campaign, and those, without one, of which only refunds are known. Within a campaign those of a
/// donor that are live: whether a donation is the donor's first there is one look into it.
pub(super) const DONATIONS_BY_CAMPAIGN: &str = "by_campaign_and_donor";

/// What earlier versions counted donors in, and after that looked them up in.
const FORMER_DONORS: &str = "campaign_donors";
const FORMER_DONORS_INDEX: &str = "live_donors";

pub(super) async fn prepare(database: &Database) -> Result<(), StoreError> {
    create(database).await?;
    take_over_donors(database).await?;
    drop_former_indexes(database).await
}

async fn create(database: &Database) -> Result<(), StoreError> {
    for name in [EVENT_LOG, DONATIONS, CAMPAIGN_TOTALS] {
        match database.create_collection(name).await {
            Err(error) if server_code(&error) != Some(COLLECTION_EXISTS) => return Err(error.into()),
            _ => {}
        }
    }
    let by_campaign = doc! { "campaignId": 1, "committedAt": 1 };
    database
        .collection::<Document>(EVENT_LOG)
        .create_indexes([
            partial(
                LOG_BY_CAMPAIGN,
                by_campaign,
                doc! { "campaignId": { "$exists": true } },
            ),
            partial(LOG_EARLY, doc! { "donationId": 1 }, doc! { "early": true }),
            partial(
                LOG_PAYMENTS,
                doc! { "donationId": 1, "type": 1, "status": 1 },
                doc! { "type": "payment.completed", "status": "PROCESSED" },
            ),
        ])
        .await?;
    database
        .collection::<Document>(DONATIONS)
        .create_index(index(
            DONATIONS_BY_CAMPAIGN,
            doc! { "campaignId": 1, "liveDonor": 1 },
        ))
        .await?;
    Ok(())
}

/// Names the donor in the donations of an earlier version, which counted donors in a collection of their own, or named them
/// together with the campaign. Interrupted midway, it is done again.
async fn take_over_donors(database: &Database) -> Result<(), StoreError> {
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

fn index(name: &str, keys: Document) -> IndexModel {
    let options = IndexOptions::builder().name(name.to_owned()).build();
    IndexModel::builder().keys(keys).options(options).build()
}

/// An index of those documents alone that match `filter`.
fn partial(name: &str, keys: Document, filter: Document) -> IndexModel {
    let options = IndexOptions::builder()
        .name(name.to_owned())
        .partial_filter_expression(filter)
        .build();
    IndexModel::builder().keys(keys).options(options).build()
}

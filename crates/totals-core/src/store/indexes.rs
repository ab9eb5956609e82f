//! The collections and every index on them, created at start-up.
//!
//! `campaign_totals` has none but that on `_id`: every one would be paid for with each campaign that a commit touches, and
//! the order of the list is kept by whoever lists it.
//!
//! Every index is paid for with each event. A commit reads by `_id`, and donations by campaign and donor; each other index
//! answers something that operators ask without reading everything, such as what belongs to a campaign.

use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;
use mongodb::{Database, IndexModel};

use super::document::{CAMPAIGN_TOTALS, DONATIONS, EVENT_LOG};
use super::error::{StoreError, server_code};

/// Server code `NamespaceExists`.
const COLLECTION_EXISTS: i32 = 48;

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

/// Creates what is not there.
pub(super) async fn create(database: &Database) -> Result<(), StoreError> {
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

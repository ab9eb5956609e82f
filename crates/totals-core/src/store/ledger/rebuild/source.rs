//! Refuses to rebuild from nothing: from an empty log follows that there are no donations, and a rebuild would delete all.

use mongodb::bson::doc;

use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::read::snapshot::Snapshot;
use crate::store::schema::document::{CAMPAIGN_TOTALS, DONATIONS, EVENT_LOG};

/// Fails if the log has no row, and there are donations or totals.
pub(super) async fn refuse_empty_log(store: &Store) -> Result<(), StoreError> {
    // One moment: a worker may be committing the first event.
    let snapshot = Snapshot::take(store).await?;
    let has_any = async |collection: &str| {
        let find = doc! { "find": collection, "limit": 1, "projection": { "_id": 1 } };
        let any = snapshot.all(find, |_| Ok(())).await?;
        Ok::<_, StoreError>(!any.is_empty())
    };
    if has_any(EVENT_LOG).await? {
        return Ok(());
    }
    if has_any(DONATIONS).await? || has_any(CAMPAIGN_TOTALS).await? {
        return Err(StoreError::empty_log());
    }
    Ok(())
}

//! Is the history complete? Else none of it may be shown: a part of it looks like all of it.
//!
//! An earlier version wrote no history, and stored donations without their time. So the history is complete if
//!
//! 1. a mark in the settings says so. A worker sets it where it finds an empty database, and a rebuild at its end; whoever
//!    begins to rebuild the history, or finds one of its collections dropped, takes the mark away first;
//! 2. and every donation that was created has its time. That tells of an earlier version that works beside a newer one, or
//!    after it: whatever donation it stores, new or changed, has none. An index holds just these donations.

use std::sync::atomic::Ordering::Relaxed;

use mongodb::Database;
use mongodb::bson::{Bson, Document, RawDocument, doc};
use mongodb::options::WriteConcern;

use crate::store::client::{Driver, Store, primary};
use crate::store::error::StoreError;
use crate::store::read::snapshot::Snapshot;
use crate::store::schema::document::settings::{SERVICE, SETTINGS};
use crate::store::schema::document::{
    CAMPAIGN_HISTORY, CAMPAIGN_TOTALS, DONATIONS, EVENT_LOG, PLATFORM_HISTORY,
};
use crate::store::schema::indexes::{DONATIONS_UNTIMED, untimed};

/// The member of the settings that is the mark, and its value.
const HISTORY: &str = "history";
const COMPLETE: &str = "complete";

/// Returns true if the history is complete as of this moment.
///
/// # Errors
/// [`StoreError`] if the database cannot answer, or if no worker has made the index yet.
pub(in crate::store) async fn history_is_complete(snapshot: &Snapshot) -> Result<bool, StoreError> {
    Ok(is_marked(snapshot).await? && !has_untimed(snapshot).await?)
}

/// Returns true if the settings say that the history is complete.
pub(in crate::store) async fn is_marked(snapshot: &Snapshot) -> Result<bool, StoreError> {
    let marked = doc! { "_id": SERVICE, HISTORY: COMPLETE };
    let find = doc! { "find": SETTINGS, "filter": marked, "limit": 1, "projection": { "_id": 1 } };
    has_any(snapshot, find).await
}

/// Returns true if any donation was created and has no time.
async fn has_untimed(snapshot: &Snapshot) -> Result<bool, StoreError> {
    let find = doc! {
        "find": DONATIONS, "filter": untimed(), "hint": DONATIONS_UNTIMED, "limit": 1, "projection": { "_id": 1 },
    };
    has_any(snapshot, find).await
}

async fn has_any(snapshot: &Snapshot, find: Document) -> Result<bool, StoreError> {
    let any = snapshot.all(find, |_: &RawDocument| Ok(())).await?;
    Ok(!any.is_empty())
}

impl Store {
    /// Returns true if the history is complete at this moment.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer, or if no worker has made the index yet.
    pub async fn history_is_complete(&self) -> Result<bool, StoreError> {
        history_is_complete(&Snapshot::take(self).await?).await
    }

    /// Says that the history is complete, or that it is not any more.
    pub(in crate::store) async fn mark_history(&self, complete: bool) -> Result<(), StoreError> {
        self.detached(move |driver| async move { mark(&driver.database, complete).await })
            .await
    }
}

/// See [`Store::mark_history`].
pub(in crate::store) async fn mark(database: &Database, complete: bool) -> Result<(), StoreError> {
    let update = if complete {
        doc! { "$set": { HISTORY: COMPLETE } }
    } else {
        doc! { "$unset": { HISTORY: "" } }
    };
    let settings = database.collection::<Document>(SETTINGS);
    let update = settings.update_one(doc! { "_id": SERVICE }, update);
    update.write_concern(WriteConcern::majority()).await?;
    Ok(())
}

impl Driver {
    /// Says that the history of a database in which nothing was counted yet is complete. Of any other one that is not marked
    /// so, the log says once what to do.
    pub(in crate::store) async fn mark_history_of_empty(&self) -> Result<(), StoreError> {
        let database = &self.database;
        let settings = database.collection::<Document>(SETTINGS);
        let settings = settings
            .find_one(doc! { "_id": SERVICE })
            .selection_criteria(primary());
        let marked = settings
            .await?
            .is_none_or(|it| it.get(HISTORY) == Some(&Bson::from(COMPLETE)));
        if marked {
            return Ok(());
        }
        for collection in [
            EVENT_LOG,
            DONATIONS,
            CAMPAIGN_TOTALS,
            CAMPAIGN_HISTORY,
            PLATFORM_HISTORY,
        ] {
            let documents = database.collection::<Document>(collection);
            let any = documents.find_one(doc! {}).projection(doc! { "_id": 1 });
            if any.selection_criteria(primary()).await?.is_some() {
                if !self.told_incomplete.swap(true, Relaxed) {
                    tracing::warn!(
                        "the history is not complete, because an earlier version has counted in this database or a rebuild was \
                         interrupted, and none of it is shown: run `totals-worker rebuild`, which may take a while; totals \
                         are right meanwhile"
                    );
                }
                return Ok(());
            }
        }
        mark(database, true).await
    }
}

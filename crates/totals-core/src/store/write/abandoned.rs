//! Transactions that a dead worker left open.
//!
//! MongoDB keeps a transaction and its locks when the process that opened it is gone, until a time limit of 60 seconds
//! (by default). For that long, the worker that gets the dead worker's messages would meet write conflicts. So a worker
//! that keeps meeting them ends the transactions of this application in which nothing has happened for a while (on a
//! cluster shared with another installation, also that one's). This is safe: a worker that is merely slow tries its
//! transaction again.
//!
//! A tool's transaction about thousands of documents stands still for longer between two commands than one of a worker, and workers
//! meet its locks all the time. So such a tool has a name of its own, by which its transactions are given more time.

use std::time::Duration;

use futures::TryStreamExt;
use mongodb::bson::{Bson, doc};

use crate::store::client::{Store, app_name};
use crate::store::error::StoreError;

/// How long a transaction must have stood still to count as abandoned. A live worker's stands still for milliseconds. A standby
/// that takes over waits for this, so it is short.
const ABANDONED_AFTER: Duration = Duration::from_millis(500);

/// The same for a transaction about many documents. After the death of its tool, workers wait for this with the campaign.
const LONG_ABANDONED_AFTER: Duration = Duration::from_secs(5);

impl Store {
    /// Ends this application's abandoned transactions and returns how many there were. A user may list and end its own
    /// sessions without further privileges.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer or forbids it.
    pub async fn end_abandoned_transactions(&self) -> Result<usize, StoreError> {
        self.detached(|driver| async move {
            let name = driver.options.app_name.as_deref().unwrap_or_default();
            let idle = |(name, limit): (String, Duration)| {
                let micros = i64::try_from(limit.as_micros()).unwrap_or(i64::MAX);
                doc! { "appName": name, "transaction.timeInactiveMicros": { "$gte": micros } }
            };
            let abandoned = app_name::both(name)
                .into_iter()
                .zip([ABANDONED_AFTER, LONG_ABANDONED_AFTER]);
            let abandoned: Vec<_> = abandoned.map(idle).collect();
            let admin = driver.client.database("admin");
            let sessions = admin
                .aggregate([
                    doc! { "$currentOp": { "idleSessions": true, "allUsers": false } },
                    doc! { "$match": { "$or": abandoned } },
                    doc! { "$project": { "lsid.id": 1 } },
                ])
                .await?;
            let sessions: Vec<_> = sessions.try_collect().await?;
            let ids: Vec<Bson> = sessions
                .iter()
                .filter_map(|session| {
                    Some(doc! { "id": session.get_document("lsid").ok()?.get("id")? }.into())
                })
                .collect();
            if !ids.is_empty() {
                admin.run_command(doc! { "killSessions": &ids }).await?;
            }
            Ok(ids.len())
        })
        .await
    }
}

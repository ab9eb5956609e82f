//! Log rows that are right but for the campaign that they are filed under.

use mongodb::bson::{Document, doc};

use super::write::{Repair, write_each};
use crate::domain::CampaignId;
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::ledger::audit::{Damage, Scope};
use crate::store::schema::document::EVENT_LOG;

/// A row of the log that stands under one campaign and belongs to another.
pub(super) struct Misfiled {
    event_id: String,
    filed_under: CampaignId,
    belongs_to: CampaignId,
}

impl Misfiled {
    /// A damaged row as a misfiled one; gives the damage back if the row is damaged in another way.
    pub fn new(damage: Damage, filed_under: Option<&CampaignId>) -> Result<Self, Damage> {
        match (damage.belongs_to.clone(), filed_under) {
            (Some(belongs_to), Some(filed_under)) => Ok(Self {
                event_id: damage.event_id,
                filed_under: filed_under.clone(),
                belongs_to,
            }),
            _ => Err(damage),
        }
    }

    /// Returns true if one of its two campaigns lies in the scope.
    pub fn is_in(&self, scope: &Scope) -> bool {
        scope.contains(Some(&self.filed_under)) || scope.contains(Some(&self.belongs_to))
    }

    /// The two campaigns whose numbers depend on where the row is filed.
    pub fn campaigns(self) -> [CampaignId; 2] {
        [self.filed_under, self.belongs_to]
    }
}

/// Files each row under the campaign that it belongs to. Its effect stays: with the right donation it would have been
/// the same. Returns how many rows were moved.
pub(super) async fn refile(store: &Store, rows: &[Misfiled]) -> Result<u64, StoreError> {
    write_each(store, EVENT_LOG, rows, |row| {
        Ok(Repair::<Document>::Update(doc! {
            "q": { "_id": &row.event_id, "campaignId": row.filed_under.as_str(), "status": "PROCESSED" },
            "u": { "$set": { "campaignId": row.belongs_to.as_str() } },
        }))
    })
    .await
}

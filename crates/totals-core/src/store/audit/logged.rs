//! A log row as the audit reads it.

use mongodb::bson::RawDocument;

use super::Damage;
use crate::domain::{CampaignId, Currency, DonationId, EventKind, Timestamp};
use crate::store::StoreError;
use crate::store::document::{LogRow, timestamp};
use crate::store::snapshot::read;

/// A log row, or what is wrong with it.
pub(super) type Logged = (CampaignId, Result<Entry, Damage>);

/// A row that holds what was logged.
pub(super) struct Entry {
    pub id: String,
    pub donation: DonationId,
    pub kind: EventKind,
    pub early: bool,
    pub committed: Timestamp,
}

/// Reads a row, and checks it.
pub(super) fn log_entry(row: &RawDocument, currency: Currency) -> Result<Logged, StoreError> {
    let row: LogRow<'_> = read(row)?;
    let campaign = row
        .campaign_id
        .ok_or_else(|| StoreError::defect(format!("the log row {} has no campaign", row.id)))?;
    let entry = row.check(currency).map(|(donation, kind)| Entry {
        id: row.id.to_owned(),
        donation,
        kind,
        early: row.early,
        committed: timestamp(row.committed_at),
    });
    let campaign = CampaignId::try_from(campaign).map_err(|error| StoreError::defect(error.to_string()))?;
    Ok((
        campaign,
        entry.map_err(|problem| Damage {
            event_id: row.id.to_owned(),
            problem,
        }),
    ))
}

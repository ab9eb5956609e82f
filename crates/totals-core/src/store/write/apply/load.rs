//! Loads what is known about a batch's events, within its transaction.
//!
//! An event is nearly always new, and the unique `_id`s say so if it is not. So events and created donations are
//! inserted without a look, until a duplicate key says otherwise: then the batch is done again with a look at
//! everything, and so are the next ones ([`InsertMode`]).
//!
//! An event whose message names no id may be in the log under the id that an earlier version gave it, where no duplicate key
//! says so. So those former ids are looked up always. Messages that name their events have none.

use std::collections::{HashMap, HashSet};

use mongodb::ClientSession;
use mongodb::bson::{RawDocument, doc};

use super::ReadSet;
use crate::domain::fold::FoldState;
use crate::domain::{DonationId, Event, EventId, EventType};
use crate::store::client::Driver;
use crate::store::error::StoreError;
use crate::store::schema::document::{DONATIONS, DonationDocument, EVENT_LOG, KnownRow};
use crate::store::write::insert_mode::InsertMode;

/// What was loaded for a batch.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) state: FoldState,
    /// Events that failed before; their rows are replaced, not inserted.
    pub(super) failed: HashSet<EventId>,
    pub(super) donations: HashSet<DonationId>,
}

impl Driver {
    pub(super) async fn load(
        &self,
        session: &mut ClientSession,
        batch: &[Event],
        mode: InsertMode,
        read_set: &ReadSet,
    ) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded::default();
        self.load_events(session, batch, mode, &mut loaded).await?;
        let state = &mut loaded.state;
        // A known event is a duplicate or in conflict, and moves nothing; nor does a payment, which has no campaign.
        let moving = batch.iter().filter(|event| {
            let moves = event.campaign().is_some() && event.donation().is_some();
            moves && !state.events.contains_key(&event.id)
        });
        let (refunds, creations): (Vec<&Event>, Vec<_>) =
            moving.partition(|event| event.event_type() == EventType::DonationRefunded);
        let looked_up = creations.iter().filter(|_| mode == InsertMode::Careful);
        let ids: HashSet<&str> = refunds
            .iter()
            .chain(looked_up)
            .filter_map(|event| event.donation().map(DonationId::as_str))
            .collect();
        let read = DonationDocument::read;
        let donations = self.find(session, DONATIONS, ids, doc! {}, read).await?;
        state.donations = donations.into_iter().collect();
        loaded.donations = state.donations.keys().cloned().collect();

        state.facts = read_set.facts();
        state.donors = read_set.donors();
        let refunded: HashSet<&DonationId> = refunds.iter().filter_map(|event| event.donation()).collect();
        let refunded = refunded.into_iter().filter_map(|id| state.donations.get(id));
        let counted = self.count_live(session, refunded).await?;
        state.donors.extend(counted);
        Ok(loaded)
    }

    async fn load_events(
        &self,
        session: &mut ClientSession,
        batch: &[Event],
        mode: InsertMode,
        loaded: &mut Loaded,
    ) -> Result<(), StoreError> {
        let ids = batch.iter().filter(|_| mode == InsertMode::Careful);
        let ids = ids.map(|event| &event.id);
        let former = batch.iter().filter_map(|event| event.former_id.as_ref());
        let ids: HashSet<&str> = ids.chain(former).map(EventId::as_str).collect();
        let projection = KnownRow::projection();
        let read = |row: &RawDocument| {
            let id = row.get_str("_id").map_err(|error| error.to_string())?;
            Ok((id.to_owned(), KnownRow::read(row)?))
        };
        let rows = self.find(session, EVENT_LOG, ids, projection, read).await?;
        let known: HashMap<String, KnownRow> = rows.into_iter().collect();
        for event in batch {
            let own = known.get(event.id.as_str());
            if let Some(KnownRow::Failed) = own {
                loaded.failed.insert(event.id.clone());
            }
            let former = event.former_id.as_ref().and_then(|id| known.get(id.as_str()));
            let mut rows = [own, former].into_iter().flatten();
            let processed = rows.find_map(|row| row.processed(event));
            if let Some(hash) = processed {
                loaded.state.events.insert(event.id.clone(), hash);
            }
        }
        Ok(())
    }
}

//! Who has live pledges: looked up in an index of the donations, whose keys are the donors.
//!
//! Rejected: a collection that counts each donor's pledges. It was half of what a donation cost the database, and one
//! more thing that could differ from the log.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt;
use mongodb::ClientSession;
use mongodb::bson::{Bson, doc, serialize_to_bson};
use mongodb::error::Error;
use serde::Deserialize;

use super::statements::page_of;
use crate::domain::fold::CampaignDonor;
use crate::domain::{CampaignId, Donation, DonorId};
use crate::store::document::DonorKey;
use crate::store::{Store, StoreError, primary};

/// Pledges read at once. Where there are more, donors are looked up in a way that costs more for few pledges and no more
/// for many.
const READ_AT_ONCE: usize = 10_000;

type Donor<'a> = (&'a CampaignId, &'a DonorId);

impl Store {
    /// Those of these donors who have a live pledge.
    pub(super) async fn live_donors(
        &self,
        session: &mut ClientSession,
        donors: impl Iterator<Item = Donor<'_>>,
    ) -> Result<HashSet<CampaignDonor>, StoreError> {
        #[derive(Deserialize)]
        struct Row {
            #[serde(rename = "_id")]
            donor: DonorKey,
        }

        let donors = keys(donors)?;
        let pledges = self.live_pledges(session, donors.clone(), READ_AT_ONCE).await?;
        if pledges.len() < READ_AT_ONCE {
            return Ok(pledges.into_iter().collect());
        }
        // One step in the index for each donor, over all of the donor's pledges.
        let page = page_of(donors.len());
        let distinct = [
            doc! { "$match": { "liveDonor": { "$in": donors } } },
            doc! { "$group": { "_id": "$liveDonor" } },
        ];
        let mut rows = self
            .donations::<Row>()
            .aggregate(distinct)
            .with_type::<Row>()
            .batch_size(page)
            .selection_criteria(primary())
            .session(&mut *session)
            .await?;
        let rows = rows.stream(session).map_ok(|row| row.donor.into());
        Ok(rows.try_collect().await?)
    }

    /// The live pledges of the donors of these donations, which may all be refunded: of each donor at least one more is
    /// counted than there are live donations, if there is one.
    pub(super) async fn count_live<'a>(
        &self,
        session: &mut ClientSession,
        donations: impl Iterator<Item = &'a Donation>,
    ) -> Result<HashMap<CampaignDonor, i64>, StoreError> {
        let mut enough = HashMap::<Donor<'_>, usize>::new();
        for donor in donations.filter_map(Donation::live_donor) {
            *enough.entry(donor).or_insert(1) += 1;
        }
        let mut counted = HashMap::new();
        let all = keys(enough.keys().copied())?;
        let mut pledges = self.live_pledges(session, all, READ_AT_ONCE).await?;
        if pledges.len() >= READ_AT_ONCE {
            pledges.clear();
            for (donor, enough) in enough {
                let one = keys(std::iter::once(donor))?;
                pledges.extend(self.live_pledges(session, one, enough).await?);
            }
        }
        for donor in pledges {
            *counted.entry(donor).or_default() += 1;
        }
        Ok(counted)
    }

    /// The donors of at most so many live pledges, each once for each.
    async fn live_pledges(
        &self,
        session: &mut ClientSession,
        donors: Vec<Bson>,
        most: usize,
    ) -> Result<Vec<CampaignDonor>, StoreError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            live_donor: DonorKey,
        }

        if donors.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = self
            .donations::<Row>()
            .find(doc! { "liveDonor": { "$in": donors } })
            .projection(doc! { "_id": 0, "liveDonor": 1 })
            .limit(i64::try_from(most).unwrap_or(i64::MAX))
            .batch_size(page_of(most))
            .selection_criteria(primary())
            .session(&mut *session)
            .await?;
        let rows = rows.stream(session).map_ok(|row| row.live_donor.into());
        Ok(rows.try_collect().await?)
    }
}

fn keys<'a>(donors: impl Iterator<Item = Donor<'a>>) -> Result<Vec<Bson>, StoreError> {
    let keys: Result<_, _> = donors
        .map(|donor| serialize_to_bson(&DonorKey::from(donor)))
        .collect();
    Ok(keys.map_err(Error::from)?)
}

//! Who has live pledges: looked up in an index of the donations, whose keys are the donors.
//!
//! Rejected: a collection that counts each donor's pledges. It was half of what a donation cost the database, and one
//! more thing that could differ from the log.

use std::collections::HashMap;

use futures::TryStreamExt;
use mongodb::ClientSession;
use mongodb::bson::{Bson, doc, serialize_to_bson};
use mongodb::error::Error;
use serde::Deserialize;

use crate::domain::Donation;
use crate::domain::fold::CampaignDonor;
use crate::store::document::DonorKey;
use crate::store::{Store, StoreError, primary};

/// Keys read at once to count pledges. A donor with more of them than that is counted apart.
const COUNTED_AT_ONCE: usize = 10_000;

/// Those of these donors who have a live pledge. Costs one step in the index for each, however many pledges they have.
pub(super) async fn live(
    store: &Store,
    session: &mut ClientSession,
    donors: impl Iterator<Item = DonorKey>,
) -> Result<Vec<DonorKey>, StoreError> {
    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "_id")]
        donor: DonorKey,
    }

    let donors = keys(donors)?;
    if donors.is_empty() {
        return Ok(Vec::new());
    }
    let page = u32::try_from(donors.len()).unwrap_or(u32::MAX).saturating_add(1);
    let distinct = [
        doc! { "$match": { "liveDonor": { "$in": donors } } },
        doc! { "$group": { "_id": "$liveDonor" } },
    ];
    let mut rows = store
        .donations::<Row>()
        .aggregate(distinct)
        .with_type::<Row>()
        .batch_size(page)
        .selection_criteria(primary())
        .session(&mut *session)
        .await?;
    Ok(rows.stream(session).map_ok(|row| row.donor).try_collect().await?)
}

impl Store {
    /// The live pledges of the donors of these live donations, which may all be refunded: of each donor one more is
    /// counted than there are donations, if there is one.
    pub(super) async fn count_live<'a>(
        &self,
        session: &mut ClientSession,
        donations: impl Iterator<Item = &'a Donation>,
    ) -> Result<HashMap<CampaignDonor, i64>, StoreError> {
        let mut enough = HashMap::<CampaignDonor, usize>::new();
        for (campaign, donor) in donations.filter_map(Donation::live_donor) {
            *enough.entry((campaign.clone(), donor.clone())).or_insert(1) += 1;
        }
        let mut counted = HashMap::new();
        let read = self.live_pledges(session, enough.keys(), COUNTED_AT_ONCE).await?;
        if read.len() < COUNTED_AT_ONCE {
            for donor in read {
                *counted.entry(donor).or_default() += 1;
            }
            return Ok(counted);
        }
        for (donor, enough) in enough {
            let read = self
                .live_pledges(session, std::iter::once(&donor), enough)
                .await?;
            // At most `enough`, which is at most the size of a batch.
            counted.insert(donor, i64::try_from(read.len()).unwrap_or(i64::MAX));
        }
        Ok(counted)
    }

    /// The donors of `most` live donations at most, each once for each.
    async fn live_pledges(
        &self,
        session: &mut ClientSession,
        donors: impl Iterator<Item = &CampaignDonor>,
        most: usize,
    ) -> Result<Vec<CampaignDonor>, StoreError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            live_donor: DonorKey,
        }

        let donors = keys(donors.map(|(campaign, donor)| DonorKey::from((campaign, donor))))?;
        if donors.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = self
            .donations::<Row>()
            .find(doc! { "liveDonor": { "$in": donors } })
            .projection(doc! { "_id": 0, "liveDonor": 1 })
            .limit(i64::try_from(most).unwrap_or(i64::MAX))
            .batch_size(u32::try_from(most).unwrap_or(u32::MAX).saturating_add(1))
            .session(&mut *session)
            .await?;
        let rows = rows
            .stream(session)
            .map_ok(|row| (row.live_donor.campaign, row.live_donor.donor));
        Ok(rows.try_collect().await?)
    }
}

fn keys(donors: impl Iterator<Item = DonorKey>) -> Result<Vec<Bson>, StoreError> {
    let keys: Result<_, _> = donors.map(|donor| serialize_to_bson(&donor)).collect();
    Ok(keys.map_err(Error::from)?)
}

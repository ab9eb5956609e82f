//! Who has live pledges: looked up in the index of the donations by campaign and donor.
//!
//! Rejected: a collection that counts each donor's pledges. It was half of what a donation cost the database, and one
//! more thing that could differ from the log.

use std::collections::{HashMap, HashSet};

use mongodb::ClientSession;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};
use mongodb::error::Error;
use mongodb::options::Hint;

use super::statements::page_of;
use crate::domain::fold::CampaignDonor;
use crate::domain::{CampaignId, Donation, DonorId};
use crate::store::client::{Store, primary};
use crate::store::error::StoreError;
use crate::store::schema::document::{DONATIONS, field, id_of};
use crate::store::schema::indexes::{DONATIONS_BY_CAMPAIGN, is_unknown_hint};

/// Pledges read at once.
const READ_AT_ONCE: usize = 10_000;

/// Donors that so many pledges have to tell of. Where they are fewer, donors are looked up in a way that costs more for few
/// pledges and no more for many.
const TOLD_AT_ONCE: usize = 500;

type Donor<'a> = (&'a CampaignId, &'a DonorId);

impl Store {
    /// Those of these donors who have a live pledge.
    pub(super) async fn live_donors(
        &self,
        session: &mut ClientSession,
        donors: impl Iterator<Item = Donor<'_>>,
    ) -> Result<HashSet<CampaignDonor>, StoreError> {
        let (mut unknown, mut live) = (by_campaign(donors), HashSet::new());
        loop {
            let pledges = self.live_pledges(session, &unknown, READ_AT_ONCE).await?;
            let (all, before) = (pledges.len() < READ_AT_ONCE, live.len());
            live.extend(pledges);
            if all {
                return Ok(live);
            }
            unknown.retain(|campaign, donors| {
                donors.retain(|donor| !live.contains(&((*campaign).clone(), (*donor).clone())));
                !donors.is_empty()
            });
            if live.len() - before < TOLD_AT_ONCE {
                break;
            }
        }
        for (campaign, donors) in unknown {
            let found = self.distinct_donors(session, campaign, donors).await?;
            live.extend(found.into_iter().map(|donor| (campaign.clone(), donor)));
        }
        Ok(live)
    }

    /// Those donors of a campaign who have a live pledge: one step in the index for each, over all of the donor's pledges.
    async fn distinct_donors(
        &self,
        session: &mut ClientSession,
        campaign: &CampaignId,
        donors: Vec<&DonorId>,
    ) -> Result<Vec<DonorId>, StoreError> {
        let page = page_of(donors.len());
        let filter = range(campaign, &donors);
        let distinct = [
            doc! { "$match": &filter },
            doc! { "$group": { "_id": "$liveDonor" } },
        ];
        let donations = self.donations::<Document>();
        let mut rows = donations.aggregate(distinct).with_type::<RawDocumentBuf>();
        if let Some(index) = self.structure.donors_index() {
            rows = rows.hint(Hint::Name(index));
        }
        let rows = rows
            .batch_size(page)
            .selection_criteria(primary())
            .session(&mut *session)
            .await;
        let mut rows = rows.map_err(looked_up)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next(session).await.transpose()? {
            match field(&row, "_id", "", id_of) {
                Ok(Some(donor)) => found.push(donor),
                _ => return Err(self.damaged_pledge(session, filter).await),
            }
        }
        Ok(found)
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
        let all = by_campaign(enough.keys().copied());
        let mut pledges = self.live_pledges(session, &all, READ_AT_ONCE).await?;
        if pledges.len() >= READ_AT_ONCE {
            pledges.clear();
            for (donor, enough) in enough {
                let one = by_campaign(std::iter::once(donor));
                pledges.extend(self.live_pledges(session, &one, enough).await?);
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
        donors: &HashMap<&CampaignId, Vec<&DonorId>>,
        most: usize,
    ) -> Result<Vec<CampaignDonor>, StoreError> {
        if donors.is_empty() {
            return Ok(Vec::new());
        }
        let ranges: Vec<Document> = donors
            .iter()
            .map(|(campaign, donors)| range(campaign, donors))
            .collect();
        let filter = doc! { "$or": ranges };
        let donations = self.donations::<RawDocumentBuf>();
        let mut rows = donations.find(filter.clone());
        // Told of it, MongoDB does not plan for each of many campaigns on its own.
        if let Some(index) = self.structure.donors_index() {
            rows = rows.hint(Hint::Name(index));
        }
        let rows = rows
            .projection(doc! { "_id": 0, "campaignId": 1, "liveDonor": 1 })
            .limit(i64::try_from(most).unwrap_or(i64::MAX))
            .batch_size(page_of(most))
            .selection_criteria(primary())
            .session(&mut *session)
            .await;
        let mut rows = rows.map_err(looked_up)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next(session).await.transpose()? {
            match pledge(&row) {
                Ok(donor) => found.push(donor),
                Err(_) => return Err(self.damaged_pledge(session, filter).await),
            }
        }
        Ok(found)
    }

    /// Why a pledge among these cannot be read. It is looked for once more, because the index does not name it.
    async fn damaged_pledge(&self, session: &mut ClientSession, filter: Document) -> StoreError {
        let rows = self
            .donations::<RawDocumentBuf>()
            .find(filter)
            .projection(doc! { "campaignId": 1, "liveDonor": 1 })
            .selection_criteria(primary())
            .session(&mut *session)
            .await;
        let mut rows = match rows {
            Ok(rows) => rows,
            Err(error) => return error.into(),
        };
        while let Some(row) = rows.next(session).await {
            match row
                .map(|row| pledge(&row).map_err(|problem| StoreError::damaged(DONATIONS, &row, &problem)))
            {
                Ok(Ok(_)) => {}
                Ok(Err(damaged)) => return damaged,
                Err(error) => return error.into(),
            }
        }
        StoreError::defect("a pledge that could not be read is gone".to_owned())
    }
}

/// Whose pledge it is.
fn pledge(row: &RawDocument) -> Result<CampaignDonor, String> {
    let campaign = field(row, "campaignId", "a campaign's id", id_of)?;
    let donor = field(row, "liveDonor", "a donor's id", id_of)?;
    campaign
        .zip(donor)
        .ok_or_else(|| "its campaignId or liveDonor is missing".to_owned())
}

/// A query that names the index failed, perhaps for want of it.
fn looked_up(error: Error) -> StoreError {
    if is_unknown_hint(&error) {
        StoreError::missing_index(DONATIONS, DONATIONS_BY_CAMPAIGN)
    } else {
        error.into()
    }
}

fn by_campaign<'a>(donors: impl Iterator<Item = Donor<'a>>) -> HashMap<&'a CampaignId, Vec<&'a DonorId>> {
    let mut campaigns = HashMap::<_, Vec<_>>::new();
    for (campaign, donor) in donors {
        campaigns.entry(campaign).or_default().push(donor);
    }
    campaigns
}

/// The keys of some of a campaign's donors.
fn range(campaign: &CampaignId, donors: &[&DonorId]) -> Document {
    let donors: Vec<&str> = donors.iter().map(|donor| donor.as_str()).collect();
    doc! { "campaignId": campaign.as_str(), "liveDonor": { "$in": donors } }
}

//! Looks up which donors have live pledges, in the index of the donations by campaign and donor.
//!
//! Rejected: a collection that counts each donor's pledges. It was half of what a donation cost the database, and one
//! more thing that could differ from the log.

use std::collections::{HashMap, HashSet};

use mongodb::action::{Action, Aggregate, Find};
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};
use mongodb::error::Error;
use mongodb::options::Hint;
use mongodb::{ClientSession, SessionCursor};

use super::statements::page_of;
use crate::domain::fold::CampaignDonor;
use crate::domain::{CampaignId, Donation, DonorId};
use crate::store::client::{Driver, primary};
use crate::store::error::StoreError;
use crate::store::schema::document::{DONATIONS, field, id_of};
use crate::store::schema::indexes::{DONATIONS_BY_CAMPAIGN, is_unknown_hint};

/// Pledges that are read at once.
const PAGE: usize = 10_000;

/// If one page of pledges names fewer new donors than this, the remaining ones are looked up by distinct keys, whose
/// cost does not grow with the pledges of each donor.
const NEW_DONORS_PER_PAGE: usize = 500;

type Donor<'a> = (&'a CampaignId, &'a DonorId);

impl Driver {
    /// The donors, of these, who have a live pledge.
    pub(super) async fn live_donors(
        &self,
        session: &mut ClientSession,
        donors: impl Iterator<Item = Donor<'_>>,
    ) -> Result<HashSet<CampaignDonor>, StoreError> {
        let (mut unknown, mut live) = (by_campaign(donors), HashSet::new());
        loop {
            let pledges = self.live_pledges(session, &unknown, PAGE).await?;
            let (all, before) = (pledges.len() < PAGE, live.len());
            live.extend(pledges);
            if all {
                return Ok(live);
            }
            unknown.retain(|campaign, donors| {
                donors.retain(|donor| !live.contains(&((*campaign).clone(), (*donor).clone())));
                !donors.is_empty()
            });
            if live.len() - before < NEW_DONORS_PER_PAGE {
                break;
            }
        }
        for (campaign, donors) in unknown {
            let found = self.distinct_donors(session, campaign, donors).await?;
            live.extend(found.into_iter().map(|donor| (campaign.clone(), donor)));
        }
        Ok(live)
    }

    /// The donors, of these of one campaign, who have a live pledge. Each costs one step in the index, however many
    /// pledges the donor has.
    async fn distinct_donors(
        &self,
        session: &mut ClientSession,
        campaign: &CampaignId,
        donors: Vec<&DonorId>,
    ) -> Result<Vec<DonorId>, StoreError> {
        let filter = range(campaign, &donors);
        let distinct = [
            doc! { "$match": &filter },
            doc! { "$group": { "_id": "$liveDonor" } },
        ];
        let rows = self
            .donations::<Document>()
            .aggregate(distinct)
            .with_type::<RawDocumentBuf>()
            .optional(self.donors_index(), Aggregate::hint)
            .batch_size(page_of(donors.len()))
            .selection_criteria(primary())
            .session(&mut *session)
            .await;
        let donor = |row: &RawDocument| field(row, "_id", "a donor's id", id_of).ok().flatten();
        self.read_rows(session, rows, filter, donor).await
    }

    /// Counts the live pledges of the donors of these donations. All of these donations may be refunded, so for each
    /// donor the count goes at least one beyond them, if the donor has another live pledge.
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
        let mut pledges = self.live_pledges(session, &all, PAGE).await?;
        if pledges.len() >= PAGE {
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

    /// The donors of at most `most` live pledges, once for each pledge.
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
        let rows = self
            .donations::<RawDocumentBuf>()
            .find(filter.clone())
            // Without the hint, MongoDB would plan for each of many campaigns on its own.
            .optional(self.donors_index(), Find::hint)
            .projection(doc! { "_id": 0, "campaignId": 1, "liveDonor": 1 })
            .limit(i64::try_from(most).unwrap_or(i64::MAX))
            .batch_size(page_of(most))
            .selection_criteria(primary())
            .session(&mut *session)
            .await;
        self.read_rows(session, rows, filter, |row| pledge(row).ok())
            .await
    }

    fn donors_index(&self) -> Option<Hint> {
        self.structure.donors_index().map(Hint::Name)
    }

    /// Reads all rows of an answer about the pledges that `filter` matches.
    async fn read_rows<T>(
        &self,
        session: &mut ClientSession,
        rows: Result<SessionCursor<RawDocumentBuf>, Error>,
        filter: Document,
        read: impl Fn(&RawDocument) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = rows.map_err(looked_up)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next(session).await.transpose()? {
            match read(&row) {
                Some(row) => found.push(row),
                None => return self.damaged_pledge(session, filter).await,
            }
        }
        Ok(found)
    }

    /// Fails, with what is wrong with a pledge among these. It is looked for once more, because the index does not name
    /// it.
    async fn damaged_pledge<T>(
        &self,
        session: &mut ClientSession,
        filter: Document,
    ) -> Result<T, StoreError> {
        let mut rows = self
            .donations::<RawDocumentBuf>()
            .find(filter)
            .projection(doc! { "campaignId": 1, "liveDonor": 1 })
            .selection_criteria(primary())
            .session(&mut *session)
            .await?;
        while let Some(row) = rows.next(session).await.transpose()? {
            pledge(&row).map_err(|problem| StoreError::damaged(DONATIONS, &row, &problem))?;
        }
        Err(StoreError::defect(
            "a pledge that could not be read is gone".to_owned(),
        ))
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

/// The failure of a query that names the index: the index may be missing.
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

/// Matches the pledges of some of a campaign's donors.
fn range(campaign: &CampaignId, donors: &[&DonorId]) -> Document {
    let donors: Vec<&str> = donors.iter().map(|donor| donor.as_str()).collect();
    doc! { "campaignId": campaign.as_str(), "liveDonor": { "$in": donors } }
}

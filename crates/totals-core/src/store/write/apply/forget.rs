//! Gives the donor of some donations to a campaign another id, and takes out of their creations what nothing reads.
//!
//! Log rows and donations say the same at every moment, so they change together, in one transaction. It moves the revision
//! of the campaign: whoever has looked for the donor under the old id looks again, and nobody is counted twice. It also tells
//! watchers of the campaign's donations that a name is gone.
//!
//! The campaign has as many donors afterwards as before. So where donations of the donor come in while others have the random id
//! already, and were counted as another donor's, they get a random id of their own.
//!
//! What is to be written is put together before the transaction begins. A statement names its document as it was read, so one that has
//! changed since fails the transaction, and all of it is prepared again.

use std::collections::{HashMap, HashSet};

use mongodb::ClientSession;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};

use super::commit;
use crate::domain::{
    AmountRules, ContentHash, Donation, DonationId, DonorId, EventKind, EventType, Pseudonym, Timestamp,
    decode_payload, erase::donation_of_donor,
};
use crate::store::client::{Driver, primary};
use crate::store::error::StoreError;
use crate::store::schema::document::{
    CAMPAIGN_TOTALS, DONATIONS, DonationDocument, EVENT_LOG, FORGOTTEN_AS, binary, date, hash,
};

/// Documents that one command reads or writes.
const TOGETHER: usize = 1000;

/// A donor's part of a campaign.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct CampaignPart {
    /// The ids of the events that created donations.
    pub creations: HashSet<String>,
    /// The ids of these donations.
    pub donations: HashSet<String>,
}

impl Driver {
    /// Forgets the donor in one campaign. `spare` is a random id in case that the donor's is in use there; what was committed
    /// `since` may not be in the part. Returns how many log rows have changed.
    pub(in crate::store) async fn forget_in(
        &self,
        campaign: &str,
        part: &CampaignPart,
        pseudonym: &Pseudonym,
        (spare, since): (&DonorId, Timestamp),
        amounts: AmountRules,
    ) -> Result<u64, StoreError> {
        let work = ForgetWithin {
            driver: self,
            campaign,
            pseudonym,
            spare,
            since,
            amounts,
        };
        // Workers wait while the transaction is open: all that takes time comes before.
        let mut before = self.client.start_session().await?;
        let random = work.unused(&mut before).await?;
        let prepared = work.prepare(&mut before, part, random).await?;
        let mut session = self.begin().await?;
        match work.forget(&mut session, part, random, prepared).await {
            Ok(changed) => {
                commit(&mut session).await?;
                Ok(changed)
            }
            Err(error) => {
                let _ = session.abort_transaction().await;
                Err(error.into_retry())
            }
        }
    }
}

/// What is written to forget the donor in a campaign.
#[derive(Default)]
struct Prepared {
    rows: Vec<Document>,
    donations: Vec<Document>,
}

struct ForgetWithin<'a> {
    driver: &'a Driver,
    campaign: &'a str,
    pseudonym: &'a Pseudonym,
    spare: &'a DonorId,
    since: Timestamp,
    amounts: AmountRules,
}

impl ForgetWithin<'_> {
    async fn forget(
        &self,
        session: &mut ClientSession,
        part: &CampaignPart,
        random: &DonorId,
        prepared: Prepared,
    ) -> Result<u64, StoreError> {
        // First of all: from here on no worker commits to the campaign, whose totals each commit writes. A transaction that is
        // about many rows would lose against every one of them.
        let revised = doc! { "q": { "_id": self.campaign }, "u": { "$inc": { "revision": 1_i64 } } };
        self.driver
            .update(session, CAMPAIGN_TOTALS, vec![revised])
            .await?;
        if self.unused(session).await? != random {
            return Err(StoreError::overtaken());
        }
        let new = self.came_meanwhile(session, part).await?;
        let new = self.prepare(session, &new, random).await?;
        let mut changed = 0;
        for Prepared { rows, donations } in [prepared, new] {
            changed += self.write(session, EVENT_LOG, &rows).await?;
            self.write(session, DONATIONS, &donations).await?;
        }
        Ok(changed)
    }

    /// Runs statements that were put together before. Fails if one of them finds its document changed.
    async fn write(
        &self,
        session: &mut ClientSession,
        collection: &str,
        statements: &[Document],
    ) -> Result<u64, StoreError> {
        for statements in statements.chunks(TOGETHER) {
            let written = self.driver.update(session, collection, statements.to_vec());
            if written.await? < statements.len() as u64 {
                return Err(StoreError::overtaken());
            }
        }
        Ok(statements.len() as u64)
    }

    /// What to write for a part of the campaign.
    async fn prepare(
        &self,
        session: &mut ClientSession,
        part: &CampaignPart,
        random: &DonorId,
    ) -> Result<Prepared, StoreError> {
        let donations = self.donations(session, part).await?;
        let mut prepared = Prepared::default();
        let moved = donations
            .iter()
            .filter_map(|(id, donation)| self.moved(id, donation, random));
        prepared.donations.extend(moved);
        let creations: Vec<&str> = part.creations.iter().map(String::as_str).collect();
        for ids in creations.chunks(TOGETHER) {
            let fields = doc! { "status": 1, "type": 1, "payload": 1, "contentHash": 1 };
            let read = |row: &RawDocument| Ok(self.erased(row, &donations, random));
            let rows = self
                .driver
                .find(session, EVENT_LOG, ids.iter().copied(), fields, read)
                .await?;
            prepared.rows.extend(rows.into_iter().flatten());
        }
        Ok(prepared)
    }

    /// The donor's live donations that were committed since the part was looked for. All of them change at once: one that
    /// was left would be another donor's from now on, and nobody has counted that donor.
    async fn came_meanwhile(
        &self,
        session: &mut ClientSession,
        part: &CampaignPart,
    ) -> Result<CampaignPart, StoreError> {
        let mut came = CampaignPart::default();
        let Some(own) = &self.pseudonym.donor else {
            return Ok(came);
        };
        let live = doc! { "campaignId": self.campaign, "liveDonor": own.as_str() };
        let live = self.texts(session, DONATIONS, live, "_id").await?;
        let new: Vec<String> = live
            .into_iter()
            .map(|(id, _)| id)
            .filter(|id| !part.donations.contains(id))
            .collect();
        if new.is_empty() {
            return Ok(came);
        }
        let created = doc! {
            "campaignId": self.campaign, "committedAt": { "$gte": date(self.since) }, "donationId": { "$in": &new },
            "type": EventType::DonationCreated.as_str(), "status": "PROCESSED",
        };
        for (event, donation) in self.texts(session, EVENT_LOG, created, "donationId").await? {
            came.creations.insert(event);
            came.donations.insert(donation);
        }
        if new.iter().all(|donation| came.donations.contains(donation)) {
            Ok(came)
        } else {
            // Another look finds their rows.
            Err(StoreError::overtaken())
        }
    }

    /// The `_id` and another field of some documents, where both are texts.
    async fn texts(
        &self,
        session: &mut ClientSession,
        collection: &str,
        filter: Document,
        field: &str,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let documents = self.driver.database.collection::<RawDocumentBuf>(collection);
        let mut cursor = documents
            .find(filter)
            .projection(doc! { field: 1 })
            .selection_criteria(primary())
            .session(&mut *session)
            .await?;
        let mut found = Vec::new();
        while let Some(document) = cursor.next(session).await.transpose()? {
            let text = |name| document.get_str(name).ok().map(str::to_owned);
            found.extend(text("_id").zip(text(field)));
        }
        Ok(found)
    }

    /// The donor's random id, unless somebody is counted under it in this campaign already.
    async fn unused(&self, session: &mut ClientSession) -> Result<&DonorId, StoreError> {
        let random = &self.pseudonym.random;
        let in_use = self
            .driver
            .donations::<Document>()
            .find_one(doc! { "campaignId": self.campaign, "liveDonor": random.as_str() })
            .selection_criteria(primary())
            .session(session)
            .await?;
        Ok(if in_use.is_some() { self.spare } else { random })
    }

    async fn donations(
        &self,
        session: &mut ClientSession,
        part: &CampaignPart,
    ) -> Result<HashMap<DonationId, Donation>, StoreError> {
        let ids: Vec<&str> = part.donations.iter().map(String::as_str).collect();
        let mut donations = HashMap::new();
        for ids in ids.chunks(TOGETHER) {
            let read = DonationDocument::read;
            let found = self
                .driver
                .find(session, DONATIONS, ids.iter().copied(), doc! {}, read)
                .await?;
            donations.extend(found);
        }
        Ok(donations)
    }

    /// The statement that gives a donation of the donor the random id.
    fn moved(&self, id: &DonationId, donation: &Donation, random: &DonorId) -> Option<Document> {
        let own = self.pseudonym.donor.as_ref()?;
        let creation = donation.creation.as_ref()?;
        if creation.donor.as_ref() != Some(own) {
            return None;
        }
        let text = |id: &DonorId| doc! { "$literal": id.as_str() };
        // It may be refunded until this is written: then it has no live donor, and gets none.
        let is_live = doc! { "$eq": ["$liveDonor", text(own)] };
        let live = doc! { "$cond": [is_live, text(random), "$liveDonor"] };
        let set = doc! { "$set": { "donorId": text(random), "liveDonor": live } };
        Some(doc! { "q": { "_id": id.as_str(), "donorId": own.as_str() }, "u": [set] })
    }

    /// The statement that erases the row of a creation; `None` if nothing of it is to be erased.
    fn erased(
        &self,
        row: &RawDocument,
        donations: &HashMap<DonationId, Donation>,
        random: &DonorId,
    ) -> Option<Document> {
        let text = |name| row.get_str(name).ok();
        let (id, payload) = (text("_id")?, text("payload")?);
        let created = EventType::DonationCreated;
        if text("status") != Some("PROCESSED") || text("type") != Some(created.as_str()) {
            return None;
        }
        // The same event may be told a second time, after its donation has got its random id.
        let named = donation_of_donor(payload);
        let stored =
            named.and_then(|(donation, _)| donations.get(&donation)?.creation.as_ref()?.donor.clone());
        let pseudonym = Pseudonym {
            donor: self.pseudonym.donor.clone(),
            random: stored
                .filter(DonorId::is_forgotten)
                .unwrap_or_else(|| random.clone()),
        };
        let erased = pseudonym.erased_payload(created, payload)?;
        if erased == payload {
            return None;
        }
        let mut set = doc! { "payload": &erased };
        let stored = hash(row);
        let (before, after) = (self.read(payload), self.read(&erased));
        // A row whose fingerprint is not that of its payload is damaged, and stays so for the audit.
        if let (Some((hash, _)), Some((new, donor))) = (before, after)
            && Some(hash) == stored
        {
            set.insert("contentHash", binary(new));
            if let Some(donor) = donor {
                set.insert(FORGOTTEN_AS, donor.as_str());
            }
        }
        let query = doc! { "_id": id, "status": "PROCESSED", "payload": payload };
        Some(doc! { "q": query, "u": { "$set": set } })
    }

    /// The fingerprint of a creation, and its donor.
    fn read(&self, payload: &str) -> Option<(ContentHash, Option<DonorId>)> {
        let kind = decode_payload(EventType::DonationCreated, payload, self.amounts).ok()?;
        let hash = kind.content_hash();
        match kind {
            EventKind::DonationCreated(_, creation, _) => Some((hash, creation.donor)),
            _ => None,
        }
    }
}

//! Finds what the database has of a donor.

use std::collections::BTreeMap;

use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};
use mongodb::options::ReadConcern;

use super::edit::{Edit, body, id, tells};
use super::{Traces, Whom, note_of};
use crate::domain::{DonationId, DonorId, EventType, Pseudonym, Tells, Timestamp};
use crate::store::client::{Driver, Store, primary};
use crate::store::error::StoreError;
use crate::store::schema::document::settings::SETTINGS;
use crate::store::schema::document::{DonationDocument, id_in};

/// Rows that are fetched at once.
const PAGE: u32 = 1000;

/// How far the workers' clocks may be behind this process's, in milliseconds. Beyond, it takes another look to find what was
/// committed during one.
const CLOCKS: i64 = 10 * 60 * 1000;

/// Rows after which the progress is told.
const TOLD: u64 = 1000;

impl Store {
    /// Looks for all that is left of somebody, and of the donations that were found `before`: a row that told whose they are may be
    /// erased by now. `progress` gets the number of rows that were read since it was last called.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn traces(
        &self,
        whom: &Whom,
        before: Option<&Traces>,
        progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Traces, StoreError> {
        let (whom, known) = (whom.clone(), before.map(|before| before.donations.clone()));
        let since = Timestamp::from_unix_millis(Timestamp::now().unix_millis() - CLOCKS);
        self.detached(|driver| async move {
            let pseudonym = driver.pseudonym(&whom).await?;
            let mut traces = Traces {
                pseudonym,
                since: since.unwrap_or(Timestamp::EARLIEST),
                donations: known.unwrap_or_default(),
                parts: BTreeMap::new(),
                rows: Vec::new(),
                failures: Vec::new(),
            };
            if let Whom::Donation(donation) = &whom {
                traces.donations.insert(donation.to_string());
            }
            loop {
                let known = traces.donations.len();
                driver.look(&mut traces, &progress).await?;
                // A donation that the log alone knows as the donor's may have rows before that one.
                if traces.donations.len() == known {
                    return Ok(traces);
                }
            }
        })
        .await
    }
}

impl Driver {
    /// Whom it is about, under which random id: the one of an earlier run that has not come to its end, or a new one.
    async fn pseudonym(&self, whom: &Whom) -> Result<Pseudonym, StoreError> {
        let settings = self.database.collection::<Document>(SETTINGS);
        let donor = match whom {
            Whom::Donor(donor) => Some(donor.clone()),
            Whom::Donation(donation) => self.donor_of(donation).await?,
        };
        let random = || DonorId::forgotten(rand::random());
        let Some(donor) = donor else {
            return Ok(Pseudonym {
                donor: None,
                random: random(),
            });
        };
        let noted = if donor.is_forgotten() {
            doc! { "as": donor.as_str() }
        } else {
            note_of(&donor)
        };
        let noted = settings.find_one(noted).selection_criteria(primary()).await?;
        let member = |noted: &Document| {
            let own = noted.get_document("_id").ok()?.get_str("forgetting").ok()?;
            Some((
                DonorId::try_from(own).ok()?,
                DonorId::try_from(noted.get_str("as").ok()?).ok()?,
            ))
        };
        Ok(match noted.as_ref().and_then(member) {
            Some((donor, random)) => Pseudonym {
                donor: Some(donor),
                random,
            },
            None if donor.is_forgotten() => Pseudonym {
                donor: None,
                random: donor,
            },
            None => Pseudonym {
                donor: Some(donor),
                random: random(),
            },
        })
    }

    async fn donor_of(&self, donation: &DonationId) -> Result<Option<DonorId>, StoreError> {
        let donations = self.donations::<RawDocumentBuf>();
        let found = donations.find_one(doc! { "_id": donation.as_str() });
        let found = found.selection_criteria(primary()).await?;
        Ok(found.and_then(|found| id_in(&found, "donorId")))
    }

    /// Looks through the donations and the log once.
    async fn look(&self, traces: &mut Traces, progress: &(impl Fn(u64) + Sync)) -> Result<(), StoreError> {
        traces.parts.clear();
        traces.rows.clear();
        traces.failures.clear();
        self.look_at_donations(traces).await?;
        let log = self.event_log::<RawDocumentBuf>();
        let fields = doc! {
            "status": 1, "type": 1, "payload": 1, "body": 1, "donationId": 1, "campaignId": 1, "contentHash": 1, "error": 1,
        };
        let mut rows = log
            .find(doc! {})
            .projection(fields)
            .batch_size(PAGE)
            .read_concern(ReadConcern::majority())
            .selection_criteria(primary())
            .await?;
        let mut read = 0;
        while rows.advance().await? {
            traces.take(rows.current());
            read += 1;
            if read % TOLD == 0 {
                progress(TOLD);
            }
        }
        progress(read % TOLD);
        Ok(())
    }

    /// The donations that are stored under the donor's id, and under the random one where an earlier run has begun.
    async fn look_at_donations(&self, traces: &mut Traces) -> Result<(), StoreError> {
        let Some(donor) = traces.pseudonym.donor.clone() else {
            return Ok(());
        };
        let ids = [donor.as_str(), traces.pseudonym.random.as_str()];
        let filter = doc! { "$or": [{ "donorId": { "$in": ids } }, { "liveDonor": { "$in": ids } }] };
        let donations = self.donations::<RawDocumentBuf>();
        let mut found = donations
            .find(filter)
            .batch_size(PAGE)
            .read_concern(ReadConcern::majority())
            .selection_criteria(primary())
            .await?;
        while found.advance().await? {
            let Ok((id, donation)) = DonationDocument::read(found.current()) else {
                continue;
            };
            let Some(creation) = donation.creation else {
                continue;
            };
            if creation.donor.as_ref() == Some(&donor) {
                let part = traces.parts.entry(creation.campaign.to_string()).or_default();
                part.donations.insert(id.to_string());
            }
            traces.donations.insert(id.to_string());
        }
        Ok(())
    }
}

impl Traces {
    /// Notes a row if something of it is to be erased.
    fn take(&mut self, row: &RawDocument) {
        if !self.may_tell(row) {
            return;
        }
        self.learn(row);
        if tells(row, self) == Tells::Nothing || Edit::of(row, self).is_none() {
            return;
        }
        let Some(id) = id(row) else { return };
        let text = |name| row.get_str(name).unwrap_or_default();
        if text("status") == "FAILED" {
            self.failures.push(id);
        } else if text("type") == EventType::DonationCreated.as_str() && tells(row, self) == Tells::IsOf {
            let part = self.parts.entry(text("campaignId").to_owned()).or_default();
            part.creations.insert(text("_id").to_owned());
            part.donations.insert(text("donationId").to_owned());
        } else {
            self.rows.push(id);
        }
    }

    /// Learns from a creation, counted or not, which donation is the donor's: guests' donations are stored without a donor.
    fn learn(&mut self, row: &RawDocument) {
        if self.pseudonym.donor.is_none() {
            return;
        }
        let donation = match row.get_str("payload") {
            Ok(payload) => self.pseudonym.donation_in_payload(payload),
            Err(_) => body(row).and_then(|body| self.pseudonym.donation_in_body(body)),
        };
        self.donations
            .extend(donation.map(|donation| donation.to_string()));
    }

    /// Returns false for a row that tells nothing of the donor, at little cost: most rows are others'.
    fn may_tell(&self, row: &RawDocument) -> bool {
        if row
            .get_str("donationId")
            .is_ok_and(|donation| self.has_donation(donation))
        {
            return true;
        }
        let Some(donor) = self.pseudonym.donor.as_ref().map(DonorId::as_str) else {
            // Bodies of which no donation's id was readable.
            return body(row).is_some();
        };
        // Digits can be written in other ways, and so can every text that has an escape.
        let plain = |text: &[u8]| {
            let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
            has(donor.as_bytes()) || has(self.pseudonym.random.as_str().as_bytes()) || text.contains(&b'\\')
        };
        donor.bytes().all(|byte| byte.is_ascii_digit())
            || row
                .get_str("payload")
                .is_ok_and(|payload| plain(payload.as_bytes()))
            || body(row).is_some()
    }
}

//! The latest donations to a campaign that are live, for the API.
//!
//! They are found by walking the log's index by campaign backwards, from the latest commit on. So they cost the worker nothing:
//! no index, no field and no write of their own. What is left of each donation is looked up by its id, and what one may know of
//! its donor is read from its payload; all of it as of one moment.
//!
//! A donation is in the list by the one event that counted it, so a second creation of it shows nothing, and in the order in
//! which the service was told. One that the service was told of long after it was made is no news: a backfill, or the replay
//! of an old dead letter.
//!
//! A walk may meet many rows that show nothing: refunds, what was refunded, what is no news. It reads a bounded number of them
//! and then says where to go on.

use std::collections::HashMap;
use std::time::Duration;

use mongodb::bson::{DateTime, Document, RawDocument, doc};

use crate::domain::{CampaignId, Money, Timestamp, shown_name};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::read::cluster_time::ClusterTime;
use crate::store::read::one::{At, max_time};
use crate::store::read::snapshot::Snapshot;
use crate::store::schema::document::{DONATIONS, DonationDocument, EVENT_LOG, as_i64, timestamp};
use crate::store::schema::indexes::LOG_BY_CAMPAIGN;

/// A donation that the service was told of later than this after it was made is no news.
const NEWS: Duration = Duration::from_hours(48);

/// The most rows of the log that one page reads.
pub const MAX_ROWS: u32 = 2_000;

/// Rows that are read at once, after the first ones.
const ROWS_TOGETHER: u32 = 500;

/// Which of the latest donations to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LatestPage {
    /// At most so many.
    pub limit: u32,
    /// Behind this place; from the latest on without one.
    pub after: Option<LogPlace>,
    /// True if names are wanted.
    pub names: bool,
}

/// A place in a campaign's part of the log, which names nothing that stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogPlace {
    /// When the row before the place was committed.
    pub committed_at: Timestamp,
    /// How many of the rows that were committed in that very millisecond are before the place.
    pub rows: u32,
}

/// A page of the latest donations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LatestDonations {
    /// Those that were found, the latest first. A page that has to stop its walk early has fewer than its limit, or none.
    pub donations: Vec<LatestDonation>,
    /// Where the next page begins; `None` where there is nothing more.
    pub next: Option<LogPlace>,
}

/// A live donation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestDonation {
    /// When it was made.
    pub at: Timestamp,
    /// What refunds have left of it.
    pub amount: Money,
    /// The donor's name, where the donor shows it and names are wanted.
    pub name: Option<String>,
}

impl Store {
    /// A page of the latest donations to a campaign, as of `earliest` or later.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer. Documents that cannot be read are left out.
    pub async fn latest_donations(
        &self,
        campaign: &CampaignId,
        page: &LatestPage,
        earliest: ClusterTime,
    ) -> Result<At<LatestDonations>, StoreError> {
        let Some(moment) = self.moment(earliest).await? else {
            return Ok(At {
                found: LatestDonations::default(),
                moment: earliest,
            });
        };
        let mut walk = Walk {
            snapshot: Snapshot::at(self, moment),
            campaign,
            place: page.after,
            found: Vec::new(),
        };
        let more = walk.go(page.limit as usize).await?;
        let next = walk.place.filter(|_| more);
        let donations = walk.donations(page.names).await?;
        Ok(At {
            found: LatestDonations { donations, next },
            moment,
        })
    }
}

/// A walk through a campaign's part of the log, from its latest row backwards.
struct Walk<'a> {
    snapshot: Snapshot,
    campaign: &'a CampaignId,
    /// Behind the last row that was looked at.
    place: Option<LogPlace>,
    /// What was found, each with the id of its event.
    found: Vec<(String, LatestDonation)>,
}

impl Walk<'_> {
    /// Goes on until enough is found, or many rows were read. Returns true if there may be more.
    async fn go(&mut self, limit: usize) -> Result<bool, StoreError> {
        let mut left = MAX_ROWS;
        // Most rows are creations that show something: mostly the first ones suffice.
        let mut wanted = u32::try_from(limit).unwrap_or(MAX_ROWS) + 20;
        while left > 0 {
            wanted = wanted.min(left);
            let rows = self.rows(wanted).await?;
            let is_last = rows.len() < wanted as usize;
            let live = self.live(&rows).await?;
            for (index, row) in rows.iter().enumerate() {
                self.step(row.committed_at);
                let shown = row.shown.as_ref();
                let Some((creation, live)) = shown.and_then(|it| Some((it, live.get(&it.donation)?))) else {
                    continue;
                };
                let at = live.at.unwrap_or(creation.occurred_at);
                if row.committed_at.since(at) > NEWS {
                    continue;
                }
                let donation = LatestDonation {
                    at,
                    amount: live.amount,
                    name: None,
                };
                self.found.push((creation.event.clone(), donation));
                if self.found.len() == limit {
                    return Ok(!is_last || index + 1 < rows.len());
                }
            }
            if is_last {
                return Ok(false);
            }
            left -= wanted;
            wanted = ROWS_TOGETHER;
        }
        Ok(true)
    }

    /// Goes past a row.
    fn step(&mut self, committed_at: Timestamp) {
        let before = self.place.filter(|place| place.committed_at == committed_at);
        self.place = Some(LogPlace {
            committed_at,
            rows: before.map_or(0, |place| place.rows) + 1,
        });
    }

    /// The next rows, of any kind.
    async fn rows(&self, wanted: u32) -> Result<Vec<Row>, StoreError> {
        // A comparison with a date finds dates alone: not the rows of failures, which have none.
        let (committed, skip) = match self.place {
            None => (doc! { "$gte": DateTime::MIN }, 0),
            Some(place) => {
                let from = DateTime::from_millis(place.committed_at.unix_millis());
                (doc! { "$lte": from }, place.rows)
            }
        };
        let command = doc! {
            "find": EVENT_LOG,
            "filter": { "campaignId": self.campaign.as_str(), "committedAt": committed },
            "sort": { "campaignId": -1, "committedAt": -1 }, "hint": LOG_BY_CAMPAIGN,
            "skip": i64::from(skip), "limit": i64::from(wanted), "batchSize": i64::from(wanted) + 1,
            "projection": {
                "status": 1, "type": 1, "donationId": 1, "effect": 1, "occurredAt": 1, "committedAt": 1,
            },
            "maxTimeMS": max_time(),
        };
        self.snapshot.all(command, |row| Ok(Row::read(row))).await
    }

    /// What is left of the donations that these rows tell of: of those that are live, by their ids.
    async fn live(&self, rows: &[Row]) -> Result<HashMap<String, Live>, StoreError> {
        let shown = rows.iter().filter_map(|row| row.shown.as_ref());
        let ids: Vec<&str> = shown.map(|creation| creation.donation.as_str()).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let command = by_id(DONATIONS, &ids, doc! {});
        let campaign = self.campaign.clone();
        let live = self
            .snapshot
            .all(command, move |row| Ok(Live::read(row, &campaign)));
        Ok(live.await?.into_iter().flatten().collect())
    }

    /// What was found, with names if they are wanted.
    async fn donations(self, names: bool) -> Result<Vec<LatestDonation>, StoreError> {
        let mut by_event = HashMap::new();
        if names && !self.found.is_empty() {
            let ids: Vec<&str> = self.found.iter().map(|(event, _)| event.as_str()).collect();
            let command = by_id(EVENT_LOG, &ids, doc! { "payload": 1 });
            let read = |row: &RawDocument| {
                let (id, payload) = (row.get_str("_id"), row.get_str("payload"));
                let name = payload.ok().and_then(shown_name);
                Ok(id.ok().map(str::to_owned).zip(name))
            };
            by_event.extend(self.snapshot.all(command, read).await?.into_iter().flatten());
        }
        let found = self.found.into_iter();
        let with_name = found.map(|(event, donation)| LatestDonation {
            name: by_event.remove(&event),
            ..donation
        });
        Ok(with_name.collect())
    }
}

/// The documents of a collection with these ids.
fn by_id(collection: &str, ids: &[&str], projection: Document) -> Document {
    doc! {
        "find": collection, "filter": { "_id": { "$in": ids } }, "projection": projection,
        "batchSize": i64::try_from(ids.len()).unwrap_or(i64::MAX).saturating_add(1), "maxTimeMS": max_time(),
    }
}

/// A row of the log.
struct Row {
    committed_at: Timestamp,
    /// The creation that it tells of, if that counted a donation.
    shown: Option<Creation>,
}

/// An event that counted a donation.
struct Creation {
    event: String,
    donation: String,
    occurred_at: Timestamp,
}

impl Row {
    /// Reads a row without trust: one that cannot be read shows nothing.
    fn read(row: &RawDocument) -> Self {
        let date = |name| row.get_datetime(name).ok().and_then(timestamp);
        let committed_at = date("committedAt").unwrap_or(Timestamp::EARLIEST);
        Self {
            committed_at,
            shown: Creation::read(row, date("occurredAt")),
        }
    }
}

impl Creation {
    fn read(row: &RawDocument, occurred_at: Option<Timestamp>) -> Option<Self> {
        let text = |name| row.get_str(name).ok();
        let counted = row.get_document("effect").ok()?.get("amountMinor").ok()?;
        let is_shown = text("status") == Some("PROCESSED")
            && text("type") == Some("donation.created")
            && counted.and_then(as_i64)? > 0;
        is_shown.then_some(Self {
            event: text("_id")?.to_owned(),
            donation: text("donationId")?.to_owned(),
            occurred_at: occurred_at?,
        })
    }
}

/// What is left of a donation.
struct Live {
    /// The donation's own time, where its document has it.
    at: Option<Timestamp>,
    amount: Money,
}

impl Live {
    /// Reads a donation, with its id; `None` if it is not live, is another campaign's, or cannot be read.
    fn read(document: &RawDocument, campaign: &CampaignId) -> Option<(String, Self)> {
        let (id, donation) = DonationDocument::read(document).ok()?;
        let creation = donation.creation.as_ref().filter(|it| it.campaign == *campaign);
        creation.filter(|_| donation.is_live())?;
        let (at, amount) = (donation.at, donation.contribution());
        Some((id.as_str().to_owned(), Self { at, amount }))
    }
}

//! The sum of all campaigns' totals, which MongoDB adds up for the API while the API's memory cannot.
//!
//! The sum is of one moment and of all campaigns. A document with a campaign's id that cannot be read has an amount that nobody
//! knows, so there is no sum until `rebuild` has put it right: one that leaves a campaign out would look like any other.

use mongodb::bson::{DateTime, Decimal128, RawDocument, doc};
use serde::Deserialize;

use crate::domain::Timestamp;
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::read::cluster_time::ClusterTime;
use crate::store::read::one::{At, CampaignTotals, max_time};
use crate::store::read::readable::{has_an_id, readable};
use crate::store::read::snapshot::{Snapshot, malformed, read};
use crate::store::schema::document::{CAMPAIGN_TOTALS, timestamp};

/// What many campaigns have raised together. Donors do not add up: one may give to several campaigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// The amount in minor units. Each campaign's amount is held at the largest `i64`; their sum may be beyond.
    pub amount_minor: i128,
    /// The count of pledges.
    pub pledges: i128,
    /// How many campaigns there are.
    pub campaigns: u64,
    /// When one of the campaigns last changed; `None` if there is none.
    pub last_updated: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Added {
    amount: Decimal128,
    pledges: Decimal128,
    campaigns: i64,
    last: DateTime,
}

impl Sum {
    /// Adds one campaign.
    pub fn add(&mut self, totals: &CampaignTotals) {
        self.amount_minor += i128::from(totals.totals.amount.minor());
        self.pledges += i128::from(totals.totals.pledges);
        self.campaigns += 1;
        self.last_updated = self.last_updated.max(Some(totals.last_updated));
    }
}

impl Store {
    /// The sum of all campaigns, as of `earliest` or later. It takes longer the more campaigns there are.
    ///
    /// # Errors
    /// As [`Store::totals`]; also if one of the campaigns cannot be read.
    pub async fn sum(&self, earliest: ClusterTime) -> Result<At<Sum>, StoreError> {
        match self.moment(earliest).await? {
            Some(moment) => self.sum_at(moment).await,
            None => Ok(At {
                found: Sum::default(),
                moment: earliest,
            }),
        }
    }

    /// The sum of all campaigns as of a moment that another read has named.
    ///
    /// # Errors
    /// As [`Store::sum`].
    pub async fn sum_at(&self, moment: ClusterTime) -> Result<At<Sum>, StoreError> {
        let snapshot = Snapshot::at(self, moment);
        let unreadable = doc! {
            "find": CAMPAIGN_TOTALS, "filter": { "$expr": has_an_id(), "$nor": [readable()] }, "limit": 1,
            "singleBatch": true, "projection": { "_id": 1 }, "maxTimeMS": max_time(),
        };
        let name = |document: &RawDocument| {
            Ok(malformed(
                document,
                &"its totals cannot be read, so there is no sum",
            ))
        };
        if let Some(problem) = snapshot.all(unreadable, name).await?.pop() {
            return Err(problem.within(CAMPAIGN_TOTALS));
        }
        // As decimals of 34 digits: a sum of whole numbers that is too large for them would become a double.
        let exactly = |field: &str| doc! { "$sum": { "$toDecimal": field } };
        let add = doc! {
            "aggregate": CAMPAIGN_TOTALS, "cursor": {}, "maxTimeMS": max_time(),
            "pipeline": [{ "$match": readable() }, { "$group": {
                "_id": null, "amount": exactly("$totalAmountMinor"), "pledges": exactly("$totalPledges"),
                "campaigns": { "$sum": 1_i64 }, "last": { "$max": "$lastUpdated" },
            } }],
        };
        let added = snapshot.all(add, read::<Added>).await?.pop();
        Ok(At {
            found: added.map(Sum::try_from).transpose()?.unwrap_or_default(),
            moment,
        })
    }
}

impl TryFrom<Added> for Sum {
    type Error = StoreError;

    fn try_from(added: Added) -> Result<Self, StoreError> {
        let whole = |sum: Decimal128| {
            let text = sum.to_string();
            text.parse()
                .map_err(|_| StoreError::defect(format!("MongoDB's sum is no whole number: {text}")))
        };
        Ok(Self {
            amount_minor: whole(added.amount)?,
            pledges: whole(added.pledges)?,
            campaigns: added.campaigns.unsigned_abs(),
            last_updated: timestamp(added.last),
        })
    }
}

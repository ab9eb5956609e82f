//! Does what is stored follow from the log? An audit says so campaign by campaign, under snapshots, while workers run.
//!
//! Log rows, donations, totals and the history are read side by side in the order of their campaign, so that memory holds one
//! campaign at a time. Each campaign is counted anew from its log rows ([`Recount`](crate::domain::Recount)) and
//! compared with what is stored of it at the same moment. The log files a campaign's events under the campaign, with
//! one exception: a refund that came before its donation names a campaign that may not be the donation's. Such refunds
//! are few, are marked `early`, and are read first.
//!
//! MongoDB keeps the history behind a snapshot for some minutes only. So after a while the audit reads the next campaign
//! under a new snapshot, which is as sound: no comparison spans two campaigns.

mod astray;
mod campaign;
mod donations;
mod failed;
mod fields;
mod history;
mod pass;
mod payments;
mod platform;
mod problem;
mod rows;
mod unplaced;
mod unreadable;

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::{AmountRules, CampaignId, DonationId};
use crate::store::client::Store;
use crate::store::error::StoreError;

pub use campaign::{CampaignAudit, Damage, DonationDifference, StoredTotals};
pub use history::DayDifference;
use pass::Pass;
pub use payments::{OtherAmount, PaymentAudit};
pub use platform::PlatformAudit;
pub use unreadable::Unreadable;

/// A snapshot is used for campaigns that begin within this time; the server keeps its history longer.
const SNAPSHOT_AGE: Duration = Duration::from_mins(1);

/// What is audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every campaign, and the refunds that wait for their donation.
    All,
    /// One campaign.
    Campaign(CampaignId),
}

impl Scope {
    /// Returns true if the campaign lies in the scope. `None` stands for the refunds that wait for their donation.
    pub fn contains(&self, campaign: Option<&CampaignId>) -> bool {
        match self {
            Self::All => true,
            Self::Campaign(only) => campaign == Some(only),
        }
    }
}

/// An audit in progress: [`Audit::next`] until there is no more.
pub struct Audit {
    store: Store,
    scope: Scope,
    amounts: AmountRules,
    pass: Option<Pass>,
    /// The last campaign that is done.
    done: Option<CampaignId>,
    /// Donations with early refunds whose creation was met.
    placed: HashSet<DonationId>,
    ended: bool,
}

impl Store {
    /// Begins an audit. `amounts` are the service's rules: the log is read by them.
    pub fn audit(&self, scope: Scope, amounts: AmountRules) -> Audit {
        Audit {
            store: self.clone(),
            scope,
            amounts,
            pass: None,
            done: None,
            placed: HashSet::new(),
            ended: false,
        }
    }
}

impl Audit {
    /// The next campaign in the order of ids; at the end of [`Scope::All`] come the donations that have
    /// only refunds, with no campaign; then `None`.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer, or has forgotten the snapshot before one large campaign was read.
    /// The audit is over then.
    pub async fn next(&mut self) -> Result<Option<CampaignAudit>, StoreError> {
        let nothing_more = matches!(self.scope, Scope::Campaign(_)) && self.done.is_some();
        if self.ended || nothing_more {
            return Ok(None);
        }
        let pass = match self.pass.take() {
            Some(pass) if pass.age() < SNAPSHOT_AGE => pass,
            before => {
                let (done, amounts) = (self.done.as_ref(), self.amounts);
                let mut pass = Pass::open(&self.store, &self.scope, done, amounts).await?;
                pass.stray = before.map(|before| before.stray).unwrap_or_default();
                pass
            }
        };
        let pass = self.pass.insert(pass);
        if let Some(campaign) = pass.next_campaign().await? {
            let audited = pass.campaign(&campaign, &mut self.placed).await?;
            self.done = Some(campaign);
            return Ok(Some(audited));
        }
        self.ended = true;
        match self.scope {
            Scope::All => pass.unplaced(&self.placed).await.map(Some),
            Scope::Campaign(_) => Ok(None),
        }
    }
}

//! Which campaigns a round looks at, and how many of them at once.

use super::REPAIRS_TOGETHER;
use crate::domain::{AmountRules, CampaignId};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::ledger::audit::{Audit, CampaignAudit, Scope};

/// The most campaigns that are looked at one by one. To look at more, all campaigns are read in their order.
const ONE_BY_ONE: usize = 100;

/// A walk over campaigns that are to be looked at.
pub(super) struct Look<'a> {
    store: &'a Store,
    amounts: AmountRules,
    scopes: std::vec::IntoIter<Scope>,
    audit: Option<Audit>,
}

impl<'a> Look<'a> {
    pub fn at(store: &'a Store, campaigns: Vec<Option<CampaignId>>, amounts: AmountRules) -> Self {
        let few = campaigns.len() <= ONE_BY_ONE && campaigns.iter().all(Option::is_some);
        let scopes: Vec<_> = if few {
            campaigns.into_iter().flatten().map(Scope::Campaign).collect()
        } else {
            vec![Scope::All]
        };
        Self {
            store,
            amounts,
            scopes: scopes.into_iter(),
            audit: None,
        }
    }

    async fn next(&mut self) -> Result<Option<CampaignAudit>, StoreError> {
        loop {
            if let Some(audit) = &mut self.audit
                && let Some(campaign) = audit.next().await?
            {
                return Ok(Some(campaign));
            }
            let Some(scope) = self.scopes.next() else {
                return Ok(None);
            };
            self.audit = Some(self.store.audit(scope, self.amounts));
        }
    }

    /// The next campaigns that differ, until there are enough repairs for some commands. Those with damaged rows, of
    /// which nothing can be said, go to `damaged`.
    pub async fn group(
        &mut self,
        progress: &mut impl FnMut(&CampaignAudit),
        damaged: &mut Vec<Option<CampaignId>>,
    ) -> Result<Vec<CampaignAudit>, StoreError> {
        let mut group = Vec::new();
        let mut size = 0;
        while size < REPAIRS_TOGETHER
            && let Some(campaign) = self.next().await?
        {
            progress(&campaign);
            size += campaign.differences();
            if !campaign.damaged.is_empty() {
                damaged.push(campaign.campaign);
            } else if campaign.differences() > 0 {
                group.push(campaign);
            }
        }
        Ok(group)
    }
}

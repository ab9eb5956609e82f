//! Puts totals and donations right from the log, while workers run and readers read.
//!
//! Nothing is deleted to be counted anew: an audit says what differs, and only that is put right. Every repair is one
//! atomic write of one document and needs no transaction, because of what a worker's transaction leaves unchanged,
//! whatever it does: the difference between a campaign's totals and the sum of its stored donations. So
//!
//! 1. a campaign's donations are put right first, each only if it is still as the audit saw it;
//! 2. if all of them were, then since the audit only workers have moved anything, donations and totals alike. So the totals
//!    are still off by what they were off by at the moment of the audit, and that is added in a single `$inc`.
//!
//! A worker that has looked for a donor among wrong donations may count the donor wrongly. So if a campaign's donations
//! had to be put right, its totals are corrected only if no worker has moved them since the audit. Either way the
//! rebuild moves the revision, so that worker's commit fails and it looks again.
//!
//! If a worker, or another rebuild, was faster with one of the repairs, the campaign is looked at again: by then the
//! totals hold what such workers have counted before the new revision. Readers see the old totals, then the right ones,
//! and nothing in between. Two rebuilds at once do not correct twice: for each repair one of them finds its document
//! changed. A correction of totals counts itself (`corrections`) and is made only at the count that its audit saw.
//!
//! A donation that stood under the wrong campaign may have taken the log rows of its refunds along. These rows are filed
//! under the right campaign first, and their campaigns are looked at again. Only the row's campaign is changed, which
//! follows from the payloads.
//!
//! The history is put right in the same way: a worker moves the slots of a campaign by as much as it moves the sum of the
//! donations that have a time, so once the donations are right, what a slot is off by is added to it, whatever workers book
//! meanwhile ([`history`]).
//!
//! Repairs of many small campaigns are written together, because each command waits for the journal. Nothing is written
//! before the whole log was looked at. The differences are kept until then, unless there are too many to keep; then
//! their campaigns are looked at again, and while some repairs are written the audit goes on.

mod corrections;
mod history;
mod look;
mod misfiled;
mod repairs;
mod source;
mod write;

use futures::future::join;

use crate::domain::{AmountRules, CampaignId};
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::ledger::audit::{CampaignAudit, Damage, Scope};
use crate::store::ledger::truncated::Truncated;
use history::Mark;
use look::Look;
use misfiled::{Misfiled, refile};
use repairs::write_repairs;
use source::refuse_empty_log;

/// Rounds of repairs after which a rebuild gives up on what still differs. One is enough, unless workers move what is
/// being put right.
const MAX_ROUNDS: u32 = 10;

/// Differences after which the repairs of the campaigns in hand are written.
const REPAIRS_TOGETHER: usize = 10_000;

/// Differences that are kept while the rest of the log is looked at, of about 250 bytes each.
const KEPT: usize = 250_000;

/// Damaged rows named in an answer; all are counted.
const DAMAGED_SHOWN: usize = 100;

/// What a rebuild has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuild {
    /// How often campaigns were looked at: all of them once, and then those that differ.
    pub passes: u32,
    /// Campaigns looked at.
    pub campaigns: u64,
    /// Events counted.
    pub events: u64,
    /// Donations put right.
    pub donations: u64,
    /// Campaigns whose totals were put right.
    pub totals: u64,
    /// Days of campaigns and of the platform whose history was put right.
    pub days: u64,
    /// Log rows that were filed under the campaign that they belong to.
    pub refiled: u64,
    /// Damaged log rows that a rebuild cannot mend. With any of them nothing is put right.
    pub damaged: Truncated<Damage>,
    /// Documents of another service, which were left as they are.
    pub foreign: u64,
    /// True if differences are left.
    pub unfinished: bool,
}

impl Store {
    /// Puts right whatever does not follow from the log, and looks again where it could not. `progress` gets each
    /// campaign as it was found.
    ///
    /// First it looks at the whole log, also for one campaign: a damaged row may belong to any donation, so nothing
    /// can be said to follow from a log that has one, and nothing is changed then. Another service's documents are left as
    /// they are.
    ///
    /// # Errors
    /// [`StoreError`] if the log is empty beside donations or totals, or if the database cannot answer. What was put right stays right, and a rebuild can be run again.
    pub async fn rebuild(
        &self,
        scope: &Scope,
        amounts: AmountRules,
        mut progress: impl FnMut(&CampaignAudit),
    ) -> Result<Rebuild, StoreError> {
        refuse_empty_log(self).await?;
        let mut seen = Rebuild {
            passes: 1,
            ..Rebuild::default()
        };
        let (mut differ, mut kept, mut size) = (Vec::new(), Vec::new(), 0);
        let (mut misfiled, mut history_differs) = (Vec::new(), false);
        let mut audit = self.audit(Scope::All, amounts);
        while let Some(mut campaign) = audit.next().await? {
            progress(&campaign);
            let found = campaign.repairs();
            for damage in campaign.damaged.drain(..) {
                match Misfiled::new(damage, campaign.campaign.as_ref()) {
                    Ok(row) if row.is_in(scope) => misfiled.push(row),
                    // It belongs to another campaign than is asked for, and so does its donation.
                    Ok(_) => {}
                    Err(damage) => seen.damaged.add(damage, DAMAGED_SHOWN),
                }
            }
            if scope.contains(campaign.campaign.as_ref()) {
                seen.count(&campaign);
                history_differs |= campaign.history_differs();
                if found > 0 {
                    size += found;
                    differ.push(campaign.campaign.clone());
                    kept.push(campaign);
                }
            }
            if size > KEPT {
                kept = Vec::new();
            }
        }
        if seen.damaged.count > 0 {
            return Ok(seen);
        }
        let mark = Mark::look(self, scope).await?;
        if history_differs || !misfiled.is_empty() {
            mark.take_away(self).await?;
        }
        if !misfiled.is_empty() {
            seen.refiled = refile(self, &misfiled).await?;
            let touched = misfiled.into_iter().flat_map(Misfiled::campaigns);
            differ.extend(touched.filter(|it| scope.contains(Some(it))).map(Some));
            differ.sort_unstable();
            differ.dedup();
            kept.clear();
        }
        if kept.len() == differ.len() {
            differ.clear();
            write_repairs(self, &kept, &mut seen, &mut differ).await?;
            drop(kept);
        }
        if !differ.is_empty() {
            self.put_right(scope, differ, amounts, &mut progress, &mut seen)
                .await?;
        }
        self.sum_up_campaigns(&mut seen).await?;
        if !seen.unfinished {
            mark.set(self, amounts).await?;
        }
        Ok(seen)
    }

    /// Rebuilds one campaign without looking at the rest of the log. Returns true if nothing differs any more.
    pub(in crate::store) async fn follow_log(
        &self,
        campaign: &CampaignId,
        amounts: AmountRules,
    ) -> Result<bool, StoreError> {
        let (differ, mut done) = (vec![Some(campaign.clone())], Rebuild::default());
        let scope = Scope::Campaign(campaign.clone());
        self.put_right(&scope, differ, amounts, &mut |_| {}, &mut done)
            .await?;
        if !done.unfinished {
            self.sum_up_campaigns(&mut done).await?;
        }
        Ok(!done.unfinished)
    }

    /// Looks at campaigns and puts them right, until they are right or nothing more can be done. `None` stands for the
    /// refunds that wait for their donation.
    async fn put_right(
        &self,
        scope: &Scope,
        mut differ: Vec<Option<CampaignId>>,
        amounts: AmountRules,
        progress: &mut impl FnMut(&CampaignAudit),
        done: &mut Rebuild,
    ) -> Result<(), StoreError> {
        for _ in 0..MAX_ROUNDS {
            done.passes += 1;
            let (corrected, everywhere) = (done.corrected(), differ.contains(&None));
            differ = self.round(differ, amounts, progress, done).await?;
            if differ.is_empty() {
                break;
            }
            if *scope == Scope::All && !everywhere {
                // A donation that was lost and is refunded meanwhile stands among those that wait, in the way of its
                // repair.
                differ.push(None);
            } else if done.corrected() == corrected {
                break;
            }
        }
        done.unfinished = !differ.is_empty();
        Ok(())
    }

    /// Looks at campaigns once, and writes their repairs. Returns those that have to be looked at again.
    async fn round(
        &self,
        differ: Vec<Option<CampaignId>>,
        amounts: AmountRules,
        progress: &mut impl FnMut(&CampaignAudit),
        done: &mut Rebuild,
    ) -> Result<Vec<Option<CampaignId>>, StoreError> {
        let mut look = Look::at(self, differ, amounts);
        let mut again = Vec::new();
        let mut group = look.group(progress, &mut again).await?;
        while !group.is_empty() {
            let size: usize = group.iter().map(CampaignAudit::repairs).sum();
            let write = write_repairs(self, &group, done, &mut again);
            if size > 2 * REPAIRS_TOGETHER {
                // The next campaign may be as large: memory holds one of them.
                write.await?;
                group.clear();
                group = look.group(progress, &mut again).await?;
            } else {
                let mut damaged = Vec::new();
                let (written, next) = join(write, look.group(progress, &mut damaged)).await;
                written?;
                group = next?;
                again.extend(damaged);
            }
        }
        Ok(again)
    }
}

impl Rebuild {
    fn count(&mut self, audit: &CampaignAudit) {
        self.campaigns += u64::from(audit.campaign.is_some());
        self.events += audit.events;
        self.foreign += audit.foreign() as u64;
    }

    fn corrected(&self) -> u64 {
        self.donations + self.totals + self.days
    }
}

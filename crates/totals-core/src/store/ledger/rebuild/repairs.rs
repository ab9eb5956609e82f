//! Writes what an audit says is to be put right, in an order in which each repair may rest on those before.

use super::Rebuild;
use super::corrections::{
    confirm_totals, correct_donation, correct_totals, new_revision, replace_donation, replace_totals,
};
use super::history::write_days;
use super::write::write_each;
use crate::domain::CampaignId;
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::ledger::audit::CampaignAudit;
use crate::store::schema::document::{CAMPAIGN_TOTALS, DONATIONS};

/// Writes the repairs of some campaigns, their totals last. If a repair found its document changed, all of these
/// campaigns go to `again`.
pub(super) async fn write_repairs(
    store: &Store,
    group: &[CampaignAudit],
    done: &mut Rebuild,
    again: &mut Vec<Option<CampaignId>>,
) -> Result<(), StoreError> {
    let donations = group.iter().flat_map(|audit| &audit.donation_differences);
    let donations: Vec<_> = donations.collect();
    let mut donations_written = write_each(store, DONATIONS, &donations, |it| correct_donation(it)).await?;
    let unreadable = group.iter().flat_map(CampaignAudit::unreadable_donations);
    let unreadable: Vec<_> = unreadable.collect();
    donations_written += write_each(store, DONATIONS, &unreadable, |it| replace_donation(it)).await?;
    done.donations += donations_written;
    let all = donations_written == (donations.len() + unreadable.len()) as u64;

    let in_time = group.iter().filter(|audit| all || !audit.donations_differ());
    let (days_written, days) = write_days(store, in_time).await?;
    done.days += days_written;
    let all_days = days_written == days;

    let touched = CampaignAudit::contributions_differ;
    let unreadable: Vec<_> = group
        .iter()
        .filter(|audit| all || !touched(audit))
        .flat_map(|audit| audit.unreadable_totals().map(move |it| (it, audit)))
        .collect();
    let replaced = write_each(store, CAMPAIGN_TOTALS, &unreadable, |(it, audit)| {
        replace_totals(it, audit)
    })
    .await?;
    done.totals += replaced;
    let all = all && replaced == unreadable.len() as u64;
    let ready = group
        .iter()
        .filter(|audit| all || !touched(audit))
        .filter(|audit| audit.totals_are_readable())
        .filter_map(|audit| Some((audit.campaign.as_ref()?, audit)));
    let (wrong, right): (Vec<_>, Vec<_>) =
        ready.partition(|(_, audit)| audit.totals_differ() || audit.facts_differ());
    let right: Vec<_> = right.into_iter().filter(|(_, audit)| touched(audit)).collect();
    let corrected = write_each(store, CAMPAIGN_TOTALS, &wrong, |(campaign, audit)| {
        correct_totals(campaign, audit)
    })
    .await?;
    done.totals += corrected;
    let confirmed = write_each(store, CAMPAIGN_TOTALS, &right, |(campaign, audit)| {
        Ok(confirm_totals(campaign, audit))
    })
    .await?;
    new_revisions(store, group.iter().filter(|audit| audit.days_differ())).await?;
    if all && all_days && corrected + confirmed == (wrong.len() + right.len()) as u64 {
        return Ok(());
    }
    new_revisions(store, group.iter().filter(|audit| touched(audit))).await?;
    again.extend(group.iter().map(|audit| audit.campaign.clone()));
    Ok(())
}

/// Gives the totals of these campaigns a revision that nobody has seen: what was decided or kept by the one before is decided
/// anew.
async fn new_revisions(
    store: &Store,
    campaigns: impl Iterator<Item = &CampaignAudit>,
) -> Result<(), StoreError> {
    let campaigns: Vec<&CampaignId> = campaigns.filter_map(|audit| audit.campaign.as_ref()).collect();
    write_each(store, CAMPAIGN_TOTALS, &campaigns, |campaign| {
        Ok(new_revision(campaign))
    })
    .await?;
    Ok(())
}

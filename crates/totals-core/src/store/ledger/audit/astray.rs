//! Refunds that are filed under a campaign that their donation was not created for.
//!
//! A worker files a refund under the campaign that its donation is stored with. A donation that somebody has filed
//! under another campaign takes its refunds along. If the log has the donation's creation in the campaign that such a
//! refund names, only the row's place is wrong. If not, the creation may be lost, and the refund is the only trace of
//! it: the row counts as damaged, or a rebuild would take the donation off the totals.

use std::collections::{HashMap, HashSet};

use mongodb::bson::{RawDocument, doc};

use super::Damage;
use super::pass::Pass;
use super::unplaced::LOOKED_UP_AT_ONCE;
use crate::domain::{CampaignId, DonationId};
use crate::store::error::StoreError;
use crate::store::schema::document::{EVENT_LOG, id_in};
use crate::store::schema::indexes::LOG_BY_CAMPAIGN;

/// A refund's event id, its donation, and the campaign that it names.
pub(super) type Astray = (String, DonationId, CampaignId);

impl Pass {
    /// What is wrong with refunds whose donation was not created for the campaign that they are filed under.
    pub(super) async fn astray(
        &self,
        campaign: &CampaignId,
        refunds: Vec<Astray>,
    ) -> Result<Vec<Damage>, StoreError> {
        let elsewhere = refunds.iter().filter(|(.., named)| named != campaign);
        let elsewhere: Vec<_> = elsewhere.map(|(_, donation, named)| (donation, named)).collect();
        let mut created = HashMap::new();
        for some in elsewhere.chunks(LOOKED_UP_AT_ONCE) {
            created.extend(self.creations(some).await?);
        }
        let damage = |(event_id, donation, named): Astray| {
            if named != *campaign
                && created
                    .get(donation.as_str())
                    .is_some_and(|it| it.contains(&named))
            {
                return Damage::misfiled(event_id, &donation, named);
            }
            let problem = format!(
                "it refunds donationId {donation}, whose creation in this campaign is not in the log"
            );
            Damage::of_event(event_id, problem)
        };
        Ok(refunds.into_iter().map(damage).collect())
    }

    /// For each donation, those of the named campaigns in which the log has its creation.
    async fn creations(
        &self,
        refunds: &[(&DonationId, &CampaignId)],
    ) -> Result<HashMap<String, HashSet<CampaignId>>, StoreError> {
        let donations: HashSet<&str> = refunds.iter().map(|(donation, _)| donation.as_str()).collect();
        let campaigns: HashSet<&str> = refunds.iter().map(|(_, campaign)| campaign.as_str()).collect();
        let command = doc! {
            "find": EVENT_LOG,
            "filter": {
                "campaignId": { "$in": Vec::from_iter(campaigns) }, "donationId": { "$in": Vec::from_iter(donations) },
                "type": "donation.created", "status": "PROCESSED",
            },
            "projection": { "donationId": 1, "campaignId": 1 }, "hint": LOG_BY_CAMPAIGN,
        };
        let read = |row: &RawDocument| {
            let donation = row.get_str("donationId").ok().map(str::to_owned);
            Ok(donation.zip(id_in(row, "campaignId")))
        };
        let mut rows = self.snapshot.stream_some(command, read);
        let mut found = HashMap::<String, HashSet<CampaignId>>::new();
        while let Some((donation, campaign)) = rows.next().await? {
            found.entry(donation).or_default().insert(campaign);
        }
        Ok(found)
    }
}

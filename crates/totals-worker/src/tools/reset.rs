//! `reset`: removes all of a campaign, for testing.

use std::fmt;

use serde::Serialize;
use totals_core::domain::CampaignId;

use super::campaign::campaign_id;
use super::error::ToolError;
use super::output::{Answer, Line, Output, Verdict};
use super::setup::Setup;

/// Remove a campaign's totals, history, donations and log, for testing
///
/// Its events can then be published once more, as if they were new. There is no way back but a backup. Its dead letters
/// stay (`totals-worker dead-letters discard`).
///
/// JSON: {"campaignId","events","donations"}: what was removed. Exit code 0, or 1 if there was nothing to remove.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker reset camp_test --yes")]
pub struct Args {
    /// The campaign
    #[arg(value_name = "CAMPAIGN", value_parser = campaign_id)]
    campaign: CampaignId,
    /// Delete without a way back
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    pub output: Output,
}

/// What was removed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    campaign_id: CampaignId,
    events: u64,
    donations: u64,
}

/// Removes the campaign, if `--yes` is there.
pub async fn run(args: &Args, setup: &Setup) -> Result<Removed, ToolError> {
    let campaign = &args.campaign;
    if !args.yes {
        return Err(ToolError::Usage(format!(
            "reset deletes the log of campaign {}, and there is no way back: add --yes if that is what you want",
            Line(campaign.as_str())
        )));
    }
    let (store, amounts) = (setup.store().await?, setup.source.amounts()?);
    let removed = setup.unless_stopped(store.reset(campaign, amounts)).await?;
    Ok(Removed {
        campaign_id: campaign.clone(),
        events: removed.events,
        donations: removed.donations,
    })
}

impl Answer for Removed {
    fn verdict(&self) -> Verdict {
        Verdict::alarm_if(self.events + self.donations == 0)
    }
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (campaign, events, donations) = (Line(self.campaign_id.as_str()), self.events, self.donations);
        if events + donations == 0 {
            write!(f, "there is nothing about campaign {campaign}")
        } else {
            write!(
                f,
                "removed {events} events and {donations} donations of campaign {campaign}"
            )
        }
    }
}

//! `rebuild`: what does not follow from the log is put right.

use std::fmt;

use serde::Serialize;
use totals_core::domain::CampaignId;
use totals_core::store::Rebuild;

use super::campaign::Which;
use super::error::ToolError;
use super::output::{Answer, Line, Output, Verdict};
use super::progress::Progress;
use super::setup::Setup;

/// Put totals, donors and donations right from the log, while workers run
///
/// Readers see the totals as they were and then as they should be, and nothing in between. What is right is not touched.
/// Safe to interrupt and to run again. A campaign with damaged log rows (see `verify`) is left as it is.
///
/// JSON: {"passes","campaigns","events","corrected":{"totals","donors","donations"},"damaged":[ID],"unfinished"}.
/// Exit code 0 if all now follows from the log, 1 if some campaigns were left.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker rebuild
    totals-worker rebuild --campaign camp_123")]
pub struct Args {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    pub output: Output,
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Rebuilt {
    passes: u32,
    campaigns: u64,
    events: u64,
    corrected: Corrected,
    damaged: Vec<CampaignId>,
    unfinished: bool,
}

#[derive(Debug, Serialize)]
struct Corrected {
    totals: u64,
    donors: u64,
    donations: u64,
}

impl From<Rebuild> for Rebuilt {
    fn from(done: Rebuild) -> Self {
        Self {
            passes: done.passes,
            campaigns: done.campaigns,
            events: done.events,
            corrected: Corrected {
                totals: done.totals,
                donors: done.donors,
                donations: done.donations,
            },
            damaged: done.damaged,
            unfinished: done.unfinished,
        }
    }
}

/// Audits and puts right, until nothing is left to do.
pub async fn run(args: &Args, setup: &Setup) -> Result<Rebuilt, ToolError> {
    let (store, currency, scope) = (setup.store().await?, setup.source.currency()?, args.which.scope());
    let progress = Progress::of_log(&store, &scope).await?;
    let done = setup
        .unless_stopped(store.rebuild(&scope, currency, |campaign| progress.add(campaign.events)))
        .await?;
    progress.finish();
    Ok(done.into())
}

impl Answer for Rebuilt {
    fn verdict(&self) -> Verdict {
        if self.unfinished || !self.damaged.is_empty() {
            Verdict::Alarm
        } else {
            Verdict::Fine
        }
    }
}

impl fmt::Display for Rebuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for campaign in &self.damaged {
            let campaign = Line(campaign.as_str());
            writeln!(
                f,
                "{campaign} was left as it is: log rows of it are damaged (`totals-worker verify --campaign {campaign}`)"
            )?;
        }
        if self.unfinished {
            writeln!(
                f,
                "some campaigns still differ after {} passes: run it again",
                self.passes
            )?;
        }
        let Corrected {
            totals,
            donors,
            donations,
        } = self.corrected;
        let (campaigns, events) = (self.campaigns, self.events);
        if totals + donors + donations == 0 {
            write!(f, "{campaigns} campaigns, {events} events: nothing to correct")
        } else {
            write!(
                f,
                "{campaigns} campaigns, {events} events: corrected the totals of {totals} campaigns, {donations} \
                 donations and the pledges of {donors} donors"
            )
        }
    }
}

//! `rebuild`: puts right the totals, donations and history that do not follow from the log.

use std::fmt;

use serde::Serialize;
use totals_core::domain::CampaignId;
use totals_core::store::{Damage, Rebuild, Truncated};

use super::campaign::{NothingKnown, Which};
use super::error::ToolError;
use super::output::{Answer, Line, Output, Verdict};
use super::progress::Progress;
use super::setup::Setup;

/// Put totals, donations and their history right from the log, while workers run
///
/// Readers see the totals as they were and then as they should be, and nothing in between. What is right is not
/// touched. Safe to interrupt and to run again. First the whole log is looked at, also for one campaign: if a row of it
/// is damaged, nothing is changed. Refunds that are filed under the wrong campaign are filed under the right one.
/// Documents of another service are left as they are. A database in which an earlier version has counted gets its history, which
/// is shown once the rebuild has ended. A log without any row is refused: nothing can be rebuilt from it.
///
/// JSON: {"passes","campaigns","events","corrected":{"totals","donations","days"},"refiled",
/// "damaged":{"count","shown":[{"eventId","problem","remedy"}]},"foreign","unfinished"}.
/// Exit code 0 if all now follows from the log, else 1; 1 as well if nothing is known of the campaign, or if documents of
/// another service are left ("foreign").
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
    refiled: u64,
    damaged: Truncated<Damage>,
    foreign: u64,
    unfinished: bool,
    #[serde(skip)]
    nothing_known_of: Option<CampaignId>,
}

#[derive(Debug, Serialize)]
struct Corrected {
    totals: u64,
    donations: u64,
    days: u64,
}

impl From<Rebuild> for Rebuilt {
    fn from(done: Rebuild) -> Self {
        Self {
            passes: done.passes,
            campaigns: done.campaigns,
            events: done.events,
            corrected: Corrected {
                totals: done.totals,
                donations: done.donations,
                days: done.days,
            },
            refiled: done.refiled,
            damaged: done.damaged,
            foreign: done.foreign,
            unfinished: done.unfinished,
            nothing_known_of: None,
        }
    }
}

/// Audits and puts right, until no difference is left.
pub async fn run(args: &Args, setup: &Setup) -> Result<Rebuilt, ToolError> {
    let (store, amounts, scope) = (setup.store().await?, setup.source.amounts()?, args.which.scope());
    let progress = Progress::counting();
    let done = setup
        .unless_stopped(store.rebuild(&scope, amounts, |campaign| progress.add(campaign.events)))
        .await?;
    progress.finish();
    let mut rebuilt = Rebuilt::from(done);
    rebuilt.nothing_known_of = args.which.unknown(rebuilt.campaigns);
    Ok(rebuilt)
}

impl Answer for Rebuilt {
    fn verdict(&self) -> Verdict {
        let left = self.unfinished || self.damaged.count > 0 || self.foreign > 0;
        Verdict::alarm_if(left || self.nothing_known_of.is_some())
    }
}

impl fmt::Display for Rebuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Truncated { count, shown } = &self.damaged;
        if *count > 0 {
            for Damage {
                event_id,
                problem,
                remedy,
                ..
            } in shown
            {
                writeln!(
                    f,
                    "log row {}: {}: {}",
                    Line(event_id),
                    Line(problem),
                    Line(remedy)
                )?;
            }
            return write!(
                f,
                "{count} log rows are damaged, and nothing was changed: mend them first, as is said of each"
            );
        }
        if let Some(campaign) = &self.nothing_known_of {
            return write!(f, "{}", NothingKnown(campaign));
        }
        if self.unfinished {
            writeln!(
                f,
                "some differences are left: run `totals-worker rebuild` again, for all campaigns"
            )?;
        }
        if self.foreign > 0 {
            writeln!(
                f,
                "{} documents that another service wrote were left as they are: `totals-worker verify` says of each what to do",
                self.foreign
            )?;
        }
        if self.refiled > 0 {
            writeln!(
                f,
                "{} log rows filed under the campaign that they belong to",
                self.refiled
            )?;
        }
        let Corrected {
            totals,
            donations,
            days,
        } = self.corrected;
        let (campaigns, events) = (self.campaigns, self.events);
        if totals + donations + days == 0 {
            write!(f, "{campaigns} campaigns, {events} events: nothing to correct")
        } else {
            write!(
                f,
                "{campaigns} campaigns, {events} events: corrected the totals of {totals} campaigns, {donations} donations and \
                 {days} days of the history"
            )
        }
    }
}

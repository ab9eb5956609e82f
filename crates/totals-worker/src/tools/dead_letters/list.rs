//! `dead-letters list`: which messages could not be applied, and why.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use totals_core::domain::CampaignId;

use super::dead_letter::{DeadLetter, DeadLetterSummary, oldest_first, remedy};
use super::queue_scan::scan;
use crate::tools::campaign::campaign_id;
use crate::tools::error::ToolError;
use crate::tools::output::{Answer, Line, Output, Verdict};
use crate::tools::setup::Setup;

/// List the dead letters, oldest first, one a line, with a count for each reason
///
/// The columns are id, type, campaign, reason code, attempts, time of failure, reason. Letters are invisible to other
/// consumers of the dead-letter queue while the command runs. Those that others hold cannot be seen: the command waits
/// 3 seconds for others to finish, and else says on standard error that letters may be missing.
///
/// JSON: {"letters":[{"id","type","campaignId","reasonCode","reason","failedAt","attempts","remedy"}],"matching","inQueue",
/// "othersMayHold","reasons":{CODE:count}}. Exit code 0, also if there are none.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker dead-letters list
    totals-worker dead-letters list --reason INVALID_AMOUNT --limit 20
    totals-worker dead-letters list --campaign camp_123 --json
    totals-worker dead-letters list --limit 0          # the counts alone")]
pub struct Args {
    /// Only letters with this reason code
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// Only letters that name this campaign
    #[arg(long, value_name = "ID", value_parser = campaign_id)]
    campaign: Option<CampaignId>,
    /// List at most so many, the oldest; all are counted
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    pub output: Output,
}

/// The letters that match, and counts of all that match.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterList {
    letters: Vec<DeadLetterSummary>,
    matching: u64,
    in_queue: u32,
    others_may_hold: bool,
    reasons: BTreeMap<String, u64>,
}

impl Args {
    fn matches(&self, letter: &DeadLetter) -> bool {
        self.reason
            .as_deref()
            .is_none_or(|code| letter.reason_code() == code)
            && (self.campaign.as_ref()).is_none_or(|wanted| letter.subject.campaign.as_ref() == Some(wanted))
    }
}

/// Looks through the queue for the letters that match.
pub async fn run(args: &Args, setup: &Setup) -> Result<DeadLetterList, ToolError> {
    let limit = args.limit.unwrap_or(usize::MAX);
    scan(setup, async |scan| {
        let mut list = DeadLetterList {
            letters: Vec::new(),
            matching: 0,
            in_queue: scan.length,
            others_may_hold: false,
            reasons: BTreeMap::new(),
        };
        while let Some(letter) = scan.next().await? {
            scan.pass(&letter).await?;
            if !args.matches(&letter) {
                continue;
            }
            list.matching += 1;
            *list.reasons.entry(letter.reason_code().to_owned()).or_default() += 1;
            list.letters.push(letter.summary());
            if list.letters.len() > limit.saturating_mul(2) {
                list.keep_oldest(limit);
            }
        }
        list.keep_oldest(limit);
        list.others_may_hold = scan.others_may_hold;
        Ok(list)
    })
    .await
}

impl DeadLetterList {
    /// Sorts the letters, and drops those beyond the limit.
    fn keep_oldest(&mut self, limit: usize) {
        oldest_first(&mut self.letters, |letter| letter.failed_at.as_deref());
        self.letters.truncate(limit);
    }
}

impl Answer for DeadLetterList {
    fn verdict(&self) -> Verdict {
        Verdict::Fine
    }
}

impl fmt::Display for DeadLetterList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn or_dash(text: Option<&str>) -> Line<'_> {
            Line(text.filter(|text| !text.is_empty()).unwrap_or("-"))
        }
        for letter in &self.letters {
            writeln!(
                f,
                "{}  {}  {}  {}  {}  {}  {}",
                Line(&letter.id),
                Line(&letter.r#type),
                or_dash(letter.campaign_id.as_deref()),
                or_dash(letter.reason_code.as_deref()),
                letter.attempts,
                or_dash(letter.failed_at.as_deref()),
                or_dash(letter.reason.as_deref()),
            )?;
        }
        for (code, count) in &self.reasons {
            write!(f, "{count:>8}  {}", or_dash(Some(code)))?;
            match remedy(code) {
                Some(remedy) => writeln!(f, " ({remedy})")?,
                None => writeln!(f)?,
            }
        }
        let (matching, in_queue) = (self.matching, self.in_queue);
        if self.others_may_hold {
            return write!(
                f,
                "{matching:>8}  of {in_queue} dead letters that nobody else holds"
            );
        }
        if u64::from(in_queue) == matching {
            write!(f, "{in_queue:>8}  dead letters")
        } else {
            write!(f, "{matching:>8}  of {in_queue} dead letters")
        }
    }
}

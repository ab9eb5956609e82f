//! The verdict: everything that can be seen from outside, compared with the oracle.

mod dead_letters;
mod history;
mod log;
mod state;

use std::fmt::Display;

use harness::DeadLetter;

use crate::oracle::Oracle;
use crate::reader::Reader;
use crate::stage::Stage;

/// How many findings of a kind are printed; there may be one for each event.
const SHOWN: usize = 8;

/// What is not as it should be, by subject.
#[derive(Debug, Default)]
pub struct Findings(Vec<(&'static str, Vec<String>)>);

/// What was counted on the way.
#[derive(Debug, Default)]
pub struct Counts {
    pub processed: usize,
    pub failed: usize,
    pub dead_letters: usize,
    pub campaigns: usize,
    /// The sum of all campaigns' revisions: how often any total changed.
    pub revisions: i64,
}

impl Findings {
    /// Names the subject of what is found from here on.
    pub fn about(&mut self, subject: &'static str) {
        self.0.push((subject, Vec::new()));
    }

    /// Adds one.
    pub fn add(&mut self, finding: impl Into<String>) {
        if let Some((_, found)) = self.0.last_mut() {
            found.push(finding.into());
        } else {
            self.0.push(("the run", vec![finding.into()]));
        }
    }

    /// Adds one unless both are the same.
    pub fn compare<T: PartialEq + Display>(&mut self, what: impl Display, expected: &T, found: &T) {
        if expected != found {
            self.add(format!("{what}: expected {expected}, found {found}"));
        }
    }

    /// Returns true if nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, found)| found.is_empty())
    }

    /// The first of each subject, and how many more there are.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|(subject, found)| {
            let more = found.len().saturating_sub(SHOWN);
            let more = (more > 0).then(|| format!("{subject}: and {more} more"));
            let first = found.iter().take(SHOWN);
            first
                .map(move |finding| format!("{subject}: {finding}"))
                .chain(more)
        })
    }
}

/// Compares everything, once all is quiet. `letters` is all that was ever in the dead-letter queue.
pub async fn check(
    stage: &Stage,
    oracle: &Oracle,
    letters: &[DeadLetter],
    reader: &Reader,
    findings: &mut Findings,
) -> Counts {
    findings.about("event log");
    let log = log::read(&stage.database, oracle, findings).await;
    log.check_against(oracle, findings);
    findings.about("dead letters");
    dead_letters::check(letters, oracle, &log, findings);
    let outcome = oracle.fold(&log.processed);
    findings.about("donations");
    state::check_donations(&stage.database, &outcome, findings).await;
    findings.about("donors");
    state::check_donors(&stage.database, &outcome, findings).await;
    // Donations that were lost are counted anew by other events than those that the log has their effects with.
    let effects = (!stage.donations_lost).then_some(&log);
    let revisions = state::check_totals(&stage.database, &outcome, effects, reader, findings).await;
    findings.about("history");
    history::check(&stage.database, &outcome, findings).await;
    findings.about("verify");
    if let Some(drift) = stage.drift().await {
        findings.add(drift);
    }
    Counts {
        processed: log.ids.len(),
        failed: log.failed.len(),
        dead_letters: letters.len(),
        campaigns: outcome.campaigns.len(),
        revisions,
    }
}

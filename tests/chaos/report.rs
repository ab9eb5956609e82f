//! What the run says while it goes on, and at its end.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::check::{Counts, Findings};
use crate::fault::Blow;
use crate::history::History;
use crate::load::Load;
use crate::oracle::Oracle;
use crate::producer::Progress;
use crate::recovery::Recoveries;
use crate::stage::Stage;
use crate::sum::Seen;

/// Progress: a bar on a terminal, else a line for each blow.
pub struct Ticker(ProgressBar);

impl Ticker {
    /// A ticker for so many kills.
    pub fn new(kills: u32) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} kills, {elapsed}; {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::new(u64::from(kills)).with_style(style))
    }

    /// Says that a blow is over.
    pub fn blow(&self, blow: &Blow, kills: u32, took: Option<Duration>, progress: &Progress) {
        let confirmed = progress.confirmed.load(Ordering::Relaxed);
        let took = took.map_or("NOT".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()));
        self.say(
            format!(
                "{}: recovered in {took}; {confirmed} messages",
                blow.description()
            ),
            kills,
        );
    }

    /// Says what goes on now.
    pub fn say(&self, message: String, kills: u32) {
        self.0.set_position(u64::from(kills));
        if self.0.is_hidden() {
            println!("{kills:>4} kills  {message}");
        } else {
            self.0.set_message(message);
        }
    }

    /// Takes the bar away, before anything else is printed.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// Everything the report is made of.
pub struct Report<'a> {
    pub seed: u64,
    pub lasted: Duration,
    pub faults: &'a BTreeMap<String, u32>,
    pub history: &'a History,
    pub oracle: &'a Oracle,
    pub load: &'a Load,
    /// What was seen of the sum of all campaigns, if it was read throughout.
    pub sums: Option<&'a Seen>,
    pub counts: &'a Counts,
    pub recoveries: &'a Recoveries,
    /// What is measured as recovery, and what is promised of it.
    pub promise: &'a str,
    pub findings: &'a Findings,
}

impl Report<'_> {
    /// Prints it, and clears the stage; or, after findings, keeps its data and logs. Returns true if the suite passed.
    pub async fn conclude(&self, stage: Stage) -> bool {
        self.print();
        let passed = self.findings.is_empty();
        if passed {
            stage.servers.clear().await;
        } else {
            println!("  data and logs are kept in {}", stage.keep().display());
        }
        passed
    }

    fn print(&self) {
        let Self {
            history,
            oracle,
            counts,
            ..
        } = self;
        let Load { progress, reader, .. } = self.load;
        let load = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
        let (published, seconds) = (load(&progress.published), self.lasted.as_secs());
        println!(
            "\nHistory   {published} messages published, {} confirmed, {} published again ({} a second for {seconds} s)",
            load(&progress.confirmed),
            load(&progress.republished),
            published / seconds.max(1)
        );
        println!(
            "          {} distinct events, {} copies, {} broken messages, {} conflicts",
            oracle.facts.len(),
            history.copies,
            oracle.doomed.len(),
            oracle.rivals.len() / 2
        );
        println!(
            "Service   {} events processed, {} failed, {} dead letters, {} campaigns, {} revisions",
            counts.processed, counts.failed, counts.dead_letters, counts.campaigns, counts.revisions
        );
        println!(
            "Reader    {} answers with totals, {} with 503",
            load(&reader.answered),
            load(&reader.unavailable)
        );
        if let Some(sums) = self.sums {
            let (answers, processes) = sums.answers();
            println!(
                "Sums      {answers} answers of {processes} processes ({} of them in their first seconds), {} with 503",
                load(&sums.young),
                load(&sums.unavailable)
            );
        }
        let faults: Vec<_> = self
            .faults
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        println!("Faults    {}", faults.join(", "));
        println!("Recovery, {}", self.promise);
        self.recoveries.lines().for_each(|line| println!("{line}"));
        if self.findings.is_empty() {
            println!(
                "\nPASSED    seed {}: nothing lost, nothing counted twice",
                self.seed
            );
        } else {
            println!("\nFAILED    seed {}", self.seed);
            self.findings.lines().for_each(|line| println!("  {line}"));
        }
    }
}

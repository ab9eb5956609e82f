//! What `forget` will erase, and what it has erased, as it is shown. Neither repeats an id of a person.

use std::fmt;

use serde::Serialize;
use totals_core::store::Traces;

use super::letters::Letters;
use crate::tools::output::{Answer, Verdict};

/// What is going to be erased.
pub struct Plan {
    donations: usize,
    campaigns: usize,
    rows: usize,
    failures: usize,
    letters: Letters,
}

impl Plan {
    /// Out of what was found.
    pub fn new(traces: &Traces, letters: &Letters) -> Self {
        Self {
            donations: traces.donations(),
            campaigns: traces.campaigns(),
            rows: traces.rows(),
            failures: traces.failures(),
            letters: *letters,
        }
    }

    /// Returns true if there is nothing to erase.
    pub fn is_empty(&self) -> bool {
        self.campaigns + self.rows + self.failures == 0 && self.letters.found() == 0
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            donations,
            campaigns,
            rows,
            failures,
            letters,
        } = self;
        write!(
            f,
            "{donations} donations, {campaigns} campaigns: the personal data in {rows} log rows, {failures} rows of failures and \
             {} dead letters will be erased, and there is no way back",
            letters.erased
        )?;
        if letters.unreadable > 0 {
            write!(
                f,
                "; {} more dead letters cannot be read and have the id somewhere: they will be erased whole, so have their \
                 events published again if they are to count",
                letters.unreadable
            )?;
        }
        Ok(())
    }
}

/// What was erased.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Forgotten {
    donations: usize,
    campaigns: usize,
    rows: usize,
    failures: usize,
    dead_letters: u64,
    unreadable_letters: u64,
    others_may_hold: bool,
    /// True if events of the donor keep arriving.
    pub unfinished: bool,
}

impl Forgotten {
    /// Nothing was found.
    pub fn nothing(letters: &Letters) -> Self {
        Self {
            others_may_hold: letters.others_may_hold,
            ..Self::default()
        }
    }

    /// What was found first.
    pub fn of(traces: &Traces) -> Self {
        Self {
            donations: traces.donations(),
            campaigns: traces.campaigns(),
            rows: traces.rows(),
            failures: traces.failures(),
            ..Self::default()
        }
    }

    /// What has come in meanwhile.
    pub fn add(&mut self, traces: &Traces) {
        self.donations = traces.donations();
        self.rows += traces.rows();
        self.failures += traces.failures();
    }

    /// The dead letters.
    pub fn take(&mut self, letters: &Letters) {
        self.dead_letters = letters.erased;
        self.unreadable_letters = letters.unreadable;
        self.others_may_hold = letters.others_may_hold;
    }

    fn erased(&self) -> u64 {
        (self.campaigns + self.rows + self.failures) as u64 + self.dead_letters + self.unreadable_letters
    }
}

impl Answer for Forgotten {
    fn verdict(&self) -> Verdict {
        Verdict::alarm_if(self.erased() == 0 || self.unfinished || self.others_may_hold)
    }
}

impl fmt::Display for Forgotten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.erased() == 0 {
            write!(f, "there is nothing to erase")?;
        } else {
            write!(
                f,
                "erased the personal data in {} log rows, {} rows of failures and {} dead letters, of {} donations",
                self.rows, self.failures, self.dead_letters, self.donations
            )?;
        }
        if self.unreadable_letters > 0 {
            write!(
                f,
                "\n{} dead letters could not be read and were erased whole: have their events published again if they are to \
                 count",
                self.unreadable_letters
            )?;
        }
        if self.unfinished {
            write!(
                f,
                "\nevents of the donor keep arriving: stop what sends them, and run this again"
            )?;
        }
        if self.others_may_hold {
            write!(
                f,
                "\ndead letters that others hold were not seen: run this again when they have finished"
            )?;
        }
        Ok(())
    }
}

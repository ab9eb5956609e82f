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
        write!(
            f,
            "{}, {}: the personal data in {}, {} and {} will be erased, and there is no way back",
            donations(self.donations),
            Count(self.campaigns as u64, "campaign", "campaigns"),
            rows(self.rows),
            failures(self.failures),
            letters(self.letters.erased),
        )?;
        if self.letters.unreadable > 0 {
            write!(
                f,
                "; besides, {} that cannot be read, with the id somewhere, will be erased whole: have such events published again if \
                 they are to count",
                letters(self.letters.unreadable)
            )?;
        }
        Ok(())
    }
}

/// A number of things: what one is called, and what more are called.
struct Count(u64, &'static str, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, one, more) = self;
        write!(f, "{count} {}", if *count == 1 { one } else { more })
    }
}

fn donations(count: usize) -> Count {
    Count(count as u64, "donation", "donations")
}

fn rows(count: usize) -> Count {
    Count(count as u64, "log row", "log rows")
}

fn failures(count: usize) -> Count {
    Count(count as u64, "row of a failure", "rows of failures")
}

fn letters(count: u64) -> Count {
    Count(count, "dead letter", "dead letters")
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
    /// True if the id is one that took a donor's place.
    #[serde(skip)]
    is_random: bool,
}

impl Forgotten {
    /// Nothing was found.
    pub fn nothing(traces: &Traces, letters: &Letters) -> Self {
        Self {
            is_random: traces.are_of_random_id(),
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
        self.donations = self.donations.max(traces.donations());
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
            if self.is_random {
                write!(
                    f,
                    ": an id of this form takes the place of a donor who is forgotten (if a donor has it, --donation erases)"
                )?;
            }
        } else {
            write!(
                f,
                "erased the personal data in {}, {} and {}",
                rows(self.rows),
                failures(self.failures),
                letters(self.dead_letters)
            )?;
            if self.donations > 0 {
                write!(f, ", of {}", donations(self.donations))?;
            }
        }
        if self.unreadable_letters > 0 {
            write!(
                f,
                "\n{} could not be read: erased whole; have such events published again if they are to count",
                letters(self.unreadable_letters)
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

//! The sum of all campaigns, compared with the database at every moment of the run.
//!
//! An answer of `GET /api/totals` is of a moment that nobody tells, and under load the sum has moved on before the database can be
//! asked. So the suite follows the changes of all totals itself, past the proxies, and keeps the sum after each commit ([`Follower`]).
//! Meanwhile it reads the API, over and over ([`Readers`]). In the end each answer must be one of the sums that there were: not
//! an earlier one than the process has shown before, none that lacks what was committed a second before the question, and
//! none of later than the answer. A part of a sum, or campaigns of different moments added up, is none of them.

mod follower;
mod reader;

use std::time::Duration;

use tokio::time::Instant;

pub use follower::Follower;
pub use reader::{Readers, Seen};

/// What was committed so long before the question is in the answer.
const FRESH: Duration = Duration::from_secs(1);

/// MongoDB's clock tells whole seconds: a commit is of the second that it names, or of the rest of that second.
const CLOCK: u64 = 1;

/// What many campaigns have together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    pub campaigns: u64,
    pub pledges: i128,
    pub amount_minor: i128,
}

/// The sum as one commit has left it.
#[derive(Debug, Clone, Copy)]
pub struct State {
    sum: Sum,
    /// The second of the commit, by MongoDB's clock.
    committed: u64,
    /// When the suite heard of it: no earlier than the commit.
    heard: Instant,
}

/// What a process has shown.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    sum: Sum,
    asked: Instant,
    /// The second in which it came, by the machine's clock, which is MongoDB's as well.
    came: u64,
}

/// What is wrong with the answers of one process, which are in the order in which they came.
pub fn contradictions(states: &[State], answers: &[Answer]) -> Vec<String> {
    let (mut wrong, mut last) = (Vec::new(), 0);
    for answer in answers {
        let old = states.partition_point(|state| state.heard + FRESH <= answer.asked);
        // The last of what must be in it.
        let earliest = last.max(old.saturating_sub(1));
        let possible = states[earliest..]
            .iter()
            .take_while(|state| state.committed <= answer.came + CLOCK);
        match possible.clone().position(|state| state.sum == answer.sum) {
            Some(place) => last = earliest + place,
            None => wrong.push(format!(
                "the sum was shown as {:?}, which is none of the {} from {:?} to {:?}; {}",
                answer.sum,
                possible.clone().count(),
                states[earliest].sum,
                possible.last().map(|state| state.sum),
                match states.iter().rposition(|state| state.sum == answer.sum) {
                    Some(place) if place < earliest => format!("it was {} commits before", earliest - place),
                    Some(place) => format!("it was {} commits after", place - earliest),
                    None => "it never was".to_owned(),
                }
            )),
        }
    }
    wrong
}

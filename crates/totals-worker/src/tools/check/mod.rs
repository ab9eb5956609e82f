//! `totals-worker check`: what would the worker do with each message of a file?
//!
//! Each message goes through the decoder and the fold that production has, so the answer cannot differ from theirs, but
//! over an empty memory instead of the database. Rejected: asking the database as well, because then a producer's pipeline
//! could not run this tool.

mod capture;
mod finding;

use std::collections::BTreeMap;
use std::fmt;
use std::io::IsTerminal;
use std::path::PathBuf;

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use totals_core::domain::{AmountRules, EventType, Fold, Subject, decode};
use totals_core::runtime::config::RABBITMQ_QUEUE;

use super::backfill::row::{Object, Row};
use super::backfill::rows::{Rows, is_stdin};
use super::error::ToolError;
use super::output::{Answer, Lines, Output, Verdict};
use super::progress::Progress;
use super::setup::Setup;
use crate::broker::message::Reason;
use capture::Message;
use finding::{Fate, Finding};

/// Say what the worker would do with each message of a file, without a broker or a database
///
/// Each line of FILE is one message: the body of an event (in an envelope, or bare with its own eventType), or a message as
/// captures keep it: {"routingKey","properties":{"message_id","timestamp","content_type","headers"},"body"}, where
/// properties may be left out and body is an object or a text. The other properties of AMQP may be there, and the names may be
/// spelled as messageId is.
///
/// The answer has a line for each message, with the number of its line in FILE:
/// counted: a total changes.
/// fact: it tells of a campaign, such as its title or its goal, and no total changes.
/// logged: it is kept in the log and no total changes, because it is a payment, a second creation of a donation, or a refund
/// whose donation did not come yet and which counts once it does.
/// duplicate: an earlier line is the same event.
/// dead-lettered: it can never be counted, for the reason that is given.
/// not bound: the worker's queue is not bound to its routing key, so the worker never gets it.
/// not a capture: the line has a routingKey and a body, and a member that nobody knows or that has a wrong value.
///
/// Duplicates and contradictions are found among the lines of FILE only: what the service has counted already is not looked
/// at. Amounts are read by CURRENCY and AMOUNT_PRECISION.
///
/// JSON: a line {"line","outcome":"counted"|"fact"|"logged"|"duplicate"|"deadLettered"|"notBound"|"notACapture","eventId"?,"eventType"?,
/// "campaignId"?,"donationId"?,"effect"?:{"amount","pledges","donors"},"reasonCode"?,"reason"?} for each message, and at the
/// end {"summary":{"messages","counted","facts","logged","duplicates","deadLettered","notBound","notCaptures","reasons":{CODE:count}}}. Exit
/// code 1 if a message would be dead-lettered, a line is not a capture or there is none, 2 if the file cannot be read to its end.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker check events.ndjson
    totals-worker check payments.ndjson --routing-key payment.completed
    my-producer --dry-run | totals-worker check - --json | jq 'select(.outcome == \"deadLettered\")'")]
#[expect(
    clippy::doc_markdown,
    reason = "shown in the terminal, where back-ticks would only be in the way"
)]
pub struct Args {
    /// The messages, one JSON object a line; - is standard input
    file: PathBuf,
    /// The routing key of lines that have none: the type of bare bodies without eventType
    #[arg(long, value_name = "TYPE", value_parser = event_type)]
    routing_key: Option<EventType>,
    #[command(flatten)]
    pub output: Output,
}

fn event_type(name: &str) -> Result<EventType, String> {
    let known = || EventType::ALL.map(EventType::as_str).join(", ");
    EventType::from_name(name).ok_or_else(|| format!("must be one of {}", known()))
}

/// What would become of all messages.
#[derive(Debug, Default, Serialize)]
pub struct Checked {
    summary: Summary,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    messages: u64,
    counted: u64,
    facts: u64,
    logged: u64,
    duplicates: u64,
    dead_lettered: u64,
    not_bound: u64,
    not_captures: u64,
    reasons: BTreeMap<&'static str, u64>,
}

/// Reads the file and prints a line for each message.
pub async fn run(args: &Args, setup: &Setup) -> Result<Checked, ToolError> {
    let (path, stop) = (args.file.clone(), setup.stop.clone());
    let checker = Checker {
        amounts: setup.source.amounts()?,
        queue: setup.source.text(&RABBITMQ_QUEUE).unwrap_or_default(),
        routing_key: args.routing_key.map_or("", EventType::as_str),
        fold: Fold::default(),
        checked: Checked::default(),
    };
    let lines = Lines::new(args.output);
    let reading = tokio::task::spawn_blocking(move || {
        let rows = Rows::lines(&path, stop.clone())?;
        // A bar among the lines would make both unreadable.
        let progress = if is_stdin(&path) || std::io::stdout().is_terminal() {
            Progress::hidden()
        } else {
            Progress::of_file(rows.bytes())
        };
        let answer = checker.read(rows, lines, &progress, &stop);
        progress.finish();
        answer
    });
    let answer = reading.await.map_err(std::io::Error::other)?;
    if setup.stop.is_cancelled() {
        return Err(ToolError::Interrupted);
    }
    answer
}

/// A file that is being checked.
struct Checker {
    amounts: AmountRules,
    /// The worker's queue, which a message may name for its routing key: so it comes if it was put into the queue directly.
    queue: String,
    routing_key: &'static str,
    fold: Fold,
    checked: Checked,
}

impl Checker {
    fn read(
        mut self,
        mut rows: Rows,
        mut lines: Lines,
        progress: &Progress,
        stop: &CancellationToken,
    ) -> Result<Checked, ToolError> {
        let mut position = 0;
        while let Some(row) = rows.next()? {
            progress.add(rows.position() - position);
            position = rows.position();
            let finding = self.finding(&row);
            self.checked.add(&finding);
            if !lines.print(&finding)? || stop.is_cancelled() {
                break;
            }
        }
        lines.finish()?;
        Ok(self.checked)
    }

    fn finding(&mut self, row: &Row) -> Finding {
        let line = row.line;
        if let Object::Unreadable(code, text) = &row.object {
            let reason = Reason {
                code,
                text: text.clone(),
                subject: Subject::default(),
            };
            return Finding::dead_letter(line, reason);
        }
        let message = match Message::of_line(&row.original, self.routing_key) {
            Ok(message) => message,
            Err(problem) => return Finding::not_a_capture(line, problem),
        };
        let key = message.routing_key.as_ref();
        let reaches_the_queue = key.is_empty() || key == self.queue || EventType::from_name(key).is_some();
        if !reaches_the_queue {
            return Finding::not_bound(line, key);
        }
        match decode(&message.received(), self.amounts) {
            Ok(event) => Finding::of_event(line, &event, self.fold.apply(&event), self.amounts.currency),
            Err(invalid) => Finding::dead_letter(line, invalid.into()),
        }
    }
}

impl Checked {
    fn add(&mut self, finding: &Finding) {
        let Self { summary } = self;
        summary.messages += 1;
        let count = match finding.outcome {
            Fate::Counted => &mut summary.counted,
            Fate::Fact => &mut summary.facts,
            Fate::Logged => &mut summary.logged,
            Fate::Duplicate => &mut summary.duplicates,
            Fate::DeadLettered => &mut summary.dead_lettered,
            Fate::NotBound => &mut summary.not_bound,
            Fate::NotACapture => &mut summary.not_captures,
        };
        *count += 1;
        if let Some(code) = finding.reason_code {
            *summary.reasons.entry(code).or_default() += 1;
        }
    }
}

impl Answer for Checked {
    fn verdict(&self) -> Verdict {
        let Summary {
            messages,
            dead_lettered,
            not_captures,
            ..
        } = self.summary;
        Verdict::alarm_if(dead_lettered + not_captures > 0 || messages == 0)
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary {
            messages,
            counted,
            facts,
            logged,
            duplicates,
            dead_lettered,
            not_bound,
            not_captures,
            reasons,
        } = &self.summary;
        write!(
            f,
            "{messages} messages: {counted} counted, {facts} facts, {logged} logged, {duplicates} duplicates, {dead_lettered} \
             dead-lettered"
        )?;
        for (code, count) in reasons {
            write!(
                f,
                "{} {count} {code}",
                if Some(code) == reasons.keys().next() {
                    ":"
                } else {
                    ","
                }
            )?;
        }
        if *not_bound > 0 {
            write!(f, "; {not_bound} whose routing key the queue is not bound to")?;
        }
        if *not_captures > 0 {
            write!(f, "; {not_captures} not a capture")?;
        }
        Ok(())
    }
}

//! `dead-letters show`: everything that is known of a letter.

use std::collections::BTreeMap;
use std::fmt;

use lapin::BasicProperties;
use lapin::types::AMQPValue;
use serde::Serialize;
use serde_json::Value;
use totals_core::runtime::terminal::complain;

use super::dead_letter::{DeadLetter, DeadLetterSummary, distinct_hashes, oldest_first};
use super::queue_scan::scan;
use super::selection::BodyHash;
use crate::tools::error::ToolError;
use crate::tools::output::{Answer, Line, Output, Verdict, print, print_raw};
use crate::tools::setup::Setup;

/// Show a dead letter: headers, properties and the body as it was received
///
/// JSON: {"letters":[{…as in `list`, "bodyHash","exchange","routingKey","headers","properties","bodyBytes","body"}]};
/// a body that is not UTF-8 has its bad bytes replaced, --raw prints it as it is. Exit code 1 if there is no such letter.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker dead-letters show evt_42
    totals-worker dead-letters show evt_42 --body-hash body:5f1d…   # one of several letters of this id
    totals-worker dead-letters show evt_42 --raw > fixed.json
    totals-worker dead-letters replay --id evt_42 --body fixed.json")]
pub struct Args {
    /// The letter's id, as `list` shows it
    id: String,
    #[command(flatten)]
    body: BodyHash,
    /// Print the body alone, byte by byte; letters of this id with equal bodies have one body
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    #[command(flatten)]
    output: Output,
}

/// The letters of that id.
#[derive(Debug, Serialize)]
struct FoundDeadLetters {
    letters: Vec<DeadLetterDetail>,
    /// Said if there are none.
    #[serde(skip)]
    absent: String,
}

/// A letter in full.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeadLetterDetail {
    #[serde(flatten)]
    summary: DeadLetterSummary,
    body_hash: String,
    exchange: String,
    routing_key: String,
    headers: BTreeMap<String, Value>,
    properties: BTreeMap<&'static str, String>,
    body_bytes: usize,
    body: String,
}

/// Finds the letters of that id and prints them.
pub async fn run(args: &Args, setup: &Setup) -> Result<Verdict, ToolError> {
    let (mut found, others_may_hold) = scan(setup, async |scan| {
        let mut found = Vec::new();
        while let Some(letter) = scan.next().await? {
            scan.pass(&letter).await?;
            if letter.id().as_str() == args.id && args.body.matches(&letter) {
                found.push(letter);
            }
        }
        Ok((found, scan.others_may_hold))
    })
    .await?;
    oldest_first(&mut found, DeadLetter::failed_at);
    let absent = no_letter(&args.id, others_may_hold);
    let hashes = distinct_hashes(&found);
    if args.raw && hashes.len() > 1 {
        let hashes: Vec<_> = hashes.into_iter().collect();
        return Err(ToolError::Usage(format!(
            "{} letters have the id {} and {} different bodies; name one by its hash: --body-hash {}",
            found.len(),
            Line(&args.id),
            hashes.len(),
            hashes.join(" or --body-hash ")
        )));
    }
    match found.pop() {
        Some(letter) if args.raw => {
            print_raw(&letter.message.body)?;
            Ok(Verdict::Fine)
        }
        // Standard output is for the body alone: it may be on its way into a file.
        None if args.raw => {
            complain("totals-worker", &absent);
            Ok(Verdict::Alarm)
        }
        last => {
            let shown = FoundDeadLetters {
                letters: found.iter().chain(&last).map(DeadLetterDetail::from).collect(),
                absent,
            };
            print(&shown, args.output)
        }
    }
}

fn no_letter(id: &str, others_may_hold: bool) -> String {
    let seen = if others_may_hold {
        " that nobody else holds"
    } else {
        ""
    };
    format!("no dead letter{seen} has the id {}", Line(id))
}

impl From<&DeadLetter> for DeadLetterDetail {
    fn from(letter: &DeadLetter) -> Self {
        let message = &letter.message;
        let headers = message.properties.headers().clone().unwrap_or_default();
        let headers = headers.inner().iter();
        Self {
            summary: letter.summary(),
            body_hash: letter.body_hash(),
            exchange: message.exchange.clone(),
            routing_key: message.routing_key.clone(),
            headers: headers
                .map(|(name, value)| (name.to_string(), json(value)))
                .collect(),
            properties: properties(&message.properties),
            body_bytes: message.body.len(),
            body: String::from_utf8_lossy(&message.body).into_owned(),
        }
    }
}

/// The properties that are set, under their names in AMQP.
fn properties(properties: &BasicProperties) -> BTreeMap<&'static str, String> {
    macro_rules! named {
        ($($name:ident)*) => {
            [$((stringify!($name), properties.$name().as_ref().map(ToString::to_string))),*]
        };
    }
    let named = named!(content_type content_encoding delivery_mode priority correlation_id reply_to expiration
        message_id timestamp app_id user_id);
    let kind = [("type", properties.kind().as_ref().map(ToString::to_string))];
    let set = named.into_iter().chain(kind);
    set.filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A header's value; one without a counterpart in JSON as text.
fn json(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into(),
        AMQPValue::ShortString(text) => text.as_str().into(),
        AMQPValue::Boolean(value) => (*value).into(),
        AMQPValue::ShortShortInt(value) => (*value).into(),
        AMQPValue::ShortInt(value) => (*value).into(),
        AMQPValue::LongInt(value) => (*value).into(),
        AMQPValue::LongLongInt(value) => (*value).into(),
        other => format!("{other:?}").into(),
    }
}

impl Answer for FoundDeadLetters {
    fn verdict(&self) -> Verdict {
        Verdict::alarm_if(self.letters.is_empty())
    }
}

impl fmt::Display for FoundDeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.letters.is_empty() {
            return f.write_str(&self.absent);
        }
        for (index, letter) in self.letters.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            letter.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for DeadLetterDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A header's name is as foreign as its value.
        let mut field =
            |name: &str, value: &str| writeln!(f, "{:<22}  {}", Line(name).to_string(), Line(value));
        field("id", &self.summary.id)?;
        field("body hash", &self.body_hash)?;
        field("exchange", &self.exchange)?;
        field("routing key", &self.routing_key)?;
        for (name, value) in &self.headers {
            match value {
                Value::String(text) => field(name, text)?,
                other => field(name, &other.to_string())?,
            }
        }
        for (name, value) in &self.properties {
            field(name, value)?;
        }
        if let Some(remedy) = self.summary.remedy {
            field("what to do", remedy)?;
        }
        field("body", &format!("{} bytes", self.body_bytes))?;
        for line in self.body.lines() {
            write!(f, "\n    {}", Line(line))?;
        }
        Ok(())
    }
}

//! The stall suite: under load something that the service needs is taken away or damaged, and given back or not.
//!
//! `cargo xtask chaos --stalls N` runs it. It demands three things. What can be counted is counted within 30 s of the fault; if
//! only an operator can give back what is missing, within 30 s of that. `/health` is honest: it does not say 200 for longer
//! than 45 s while something stands still, nor 503 when all is well. Nothing is lost, which the oracle says at the end.
//!
//! What an operator destroys is not held against the service. A queue is deleted when the producer has paused and all
//! messages are settled; letters are taken out of the dead-letter queue before that is deleted, and compared with the
//! others at the end. Totals and donations that are dropped are rebuilt from the log. Damaged documents are mended in the
//! end, and what was dead-lettered for them is replayed. The log itself, and the whole database, are dropped last, when
//! everything else has been compared: from then on only new events can be counted.

mod damage;
mod fault;
mod health;
mod probe;
mod rounds;
mod strike;

use std::time::Duration;

use harness::DeadLetter;
use lapin::types::AMQPValue;
use mongodb::bson::doc;
use tokio::time::Instant;

use crate::check::{self, Findings};
use crate::history::History;
use crate::load::Load;
use crate::report::Report;
use crate::stage::Stage;
use crate::{Args, calm_down};
use health::Health;
use rounds::Rounds;

/// The promise: what can be counted is counted within this time.
const PROMISED: Duration = Duration::from_secs(30);

/// Reasons for which the oracle knows messages to be dead-lettered.
const EXPECTED: [&str; 10] = [
    "MISSING_FIELD",
    "INVALID_FIELD",
    "INVALID_AMOUNT",
    "INVALID_JSON",
    "NOT_UTF8",
    "UNKNOWN_EVENT_TYPE",
    "BODY_TOO_LARGE",
    "WRONG_CURRENCY",
    "EVENT_ID_REUSED",
    "DONATION_REDEFINED",
];

/// Runs the suite. Returns true if it passed.
pub async fn run(options: &Args) -> bool {
    println!("Stalls with seed {}", options.seed);
    let (mut stage, mut findings) = (Stage::set_for_stalls().await, Findings::default());
    let started = Instant::now();
    let history = History::new(options.seed).without_redefinitions();
    let mut load = Load::start(&stage, history, options.rate);
    let health = Health::watch(&stage.workers[0].url);

    let mut rounds = Rounds::new(options.seed);
    rounds
        .rage(options.stalls, &mut stage, &load, &health, &mut findings)
        .await;
    let lasted = started.elapsed();
    println!("the history ends");
    rounds.mend(&stage).await;
    let (history, oracle) = load.end_history().await;
    replay_the_mended(&mut stage, &mut findings).await;
    calm_down(&mut stage, &mut findings).await;
    println!("checking");
    findings.about("API while it went on");
    load.end_reader()
        .into_iter()
        .for_each(|wrong| findings.add(wrong));
    clear_away(&stage).await;
    let letters = letters(&mut stage).await;
    let counts = check::check(&stage, &oracle, &letters, &load.reader, &mut findings).await;
    findings.about("after the log was lost");
    rounds.lose_the_log(&mut stage, &health, &mut findings).await;
    findings.about("recovery");
    for kind in rounds.recoveries.too_slow(PROMISED) {
        findings.add(format!("{kind}: longer than promised"));
    }
    Report {
        seed: options.seed,
        lasted,
        faults: &rounds.faults,
        history: &history,
        oracle: &oracle,
        load: &load,
        sums: None,
        counts: &counts,
        recoveries: &rounds.recoveries,
        promise: "from the fault, or its being given back, until all kinds of events are counted and /health says 200 \
                  (promised: 30 s)",
        findings: &findings,
    }
    .conclude(stage)
    .await
}

fn code(letter: &DeadLetter) -> String {
    let headers = letter.properties.headers().as_ref();
    match headers.and_then(|headers| headers.inner().get("x-reason-code")) {
        Some(AMQPValue::LongString(code)) => code.to_string(),
        _ => String::new(),
    }
}

/// Replays what was dead-lettered because a document was damaged. What is still dead-lettered afterwards is a finding.
async fn replay_the_mended(stage: &mut Stage, findings: &mut Findings) {
    let (mended, taken) = std::mem::take(&mut stage.taken)
        .into_iter()
        .partition(|letter| !EXPECTED.contains(&code(letter).as_str()));
    stage.taken = taken;
    for letter in mended {
        stage.broker.move_back(letter).await;
    }
    let (status, said) = stage
        .tool(&["dead-letters", "list", "--limit", "0", "--json"])
        .await;
    let listed: serde_json::Value = serde_json::from_str(&said).unwrap_or_default();
    let Some(reasons) = listed["reasons"].as_object().filter(|_| status == 0) else {
        findings.add(format!("the dead letters cannot be listed: {said}"));
        return;
    };
    for reason in reasons.keys().filter(|code| !EXPECTED.contains(&code.as_str())) {
        let (status, said) = stage.tool(&["dead-letters", "replay", "--reason", reason]).await;
        println!("replayed what was dead-lettered with {reason}: {}", said.trim());
        if status != 0 {
            findings.add(format!("dead letters with {reason} cannot be replayed: {said}"));
        }
    }
}

/// Removes the probes, and the log's rows about failures whose cause is mended: those of events that were there before,
/// and were replayed, remain by design.
async fn clear_away(stage: &Stage) {
    probe::remove(&stage.database).await;
    let log = stage.database.collection("event_log");
    let mended = doc! { "status": "FAILED", "code": { "$nin": EXPECTED } };
    log.delete_many(mended).await.unwrap();
}

/// All letters that there ever were, but for the probes.
async fn letters(stage: &mut Stage) -> Vec<DeadLetter> {
    let mut letters = std::mem::take(&mut stage.taken);
    letters.extend(stage.broker.take_dead_letters().await);
    letters.retain(|letter| !probe::is_probe(letter));
    letters
}

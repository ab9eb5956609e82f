//! The fault suite: a history without mercy, published under faults without pause, and then compared with an oracle.
//!
//! `cargo xtask chaos` runs it, with the real binaries and services of its own. The end-to-end tests show that each fault
//! is survived where it was thought of; this program looks for the moments that nobody thought of. It is a program and
//! not a test, because its length is chosen each time. The same seed gives the same history and the same faults, though
//! not the same moments: the machine has a say in those.

#![expect(
    clippy::unwrap_used,
    reason = "a suite that cannot go on should stop where it is"
)]

mod check;
mod event;
mod fault;
mod history;
mod load;
mod oracle;
mod poison;
mod producer;
mod reader;
mod recovery;
mod report;
mod spelling;
mod stage;
mod stall;
mod sum;

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Parser;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use check::Findings;
use fault::Blow;
use history::History;
use load::Load;
use producer::Progress;
use reader::Reader;
use recovery::{Log, PROMISED, Recoveries};
use report::{Report, Ticker};
use stage::Stage;
use sum::{Follower, Readers};

/// A quorum queue of RabbitMQ 3.10 that is younger than 3 s does not survive the broker's kill.
const QUEUES_SETTLE: Duration = Duration::from_secs(5);

/// After every so many blows `verify` runs under load.
const AUDITED: u32 = 10;

/// The run is over when nothing has changed for this long.
const QUIET: Duration = Duration::from_secs(3);

/// How long it may take until then.
const QUIET_DEADLINE: Duration = Duration::from_mins(2);

/// What `cargo xtask chaos` passes on; its help explains it.
#[derive(Parser)]
struct Args {
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    minutes: u64,
    #[arg(long)]
    kills: u32,
    #[arg(long)]
    stalls: u32,
    #[arg(long)]
    rate: u32,
}

#[tokio::main]
async fn main() {
    let options = Args::parse();
    let passed = tokio::select! {
        passed = async {
            match options.stalls {
                0 => Box::pin(run(&options)).await,
                _ => Box::pin(stall::run(&options)).await,
            }
        } => passed,
        _ = tokio::signal::ctrl_c() => {
            println!("\nStopped before the end; seed {}", options.seed);
            false
        }
    };
    // Everything that was started has ended. Returning would end the runtime under lapin's threads, which panic then.
    std::process::exit(i32::from(!passed));
}

/// What the faults came to.
#[derive(Default)]
struct Tally {
    blows: u32,
    kills: u32,
    faults: BTreeMap<String, u32>,
    recoveries: Recoveries,
}

/// Runs the suite. Returns true if it passed.
async fn run(options: &Args) -> bool {
    println!("Chaos with seed {}", options.seed);
    let (mut stage, mut findings) = (Stage::set().await, Findings::default());
    let ticker = Ticker::new(options.kills);
    let started = Instant::now();
    let follower = Follower::start(&stage.database).await;
    let mut load = Load::start(&stage, History::new(options.seed), options.rate);
    let (reader, progress) = (load.reader.clone(), load.progress.clone());
    let sums = Readers::start(reader.clone(), stage.database_url());
    sleep(QUEUES_SETTLE).await;

    let tally = rage(options, &mut stage, &reader, &progress, &ticker, &mut findings).await;
    let lasted = started.elapsed();
    ticker.say("the history ends".to_owned(), tally.kills);
    let (history, oracle) = load.end_history().await;
    calm_down(&mut stage, &mut findings).await;
    ticker.say("checking".to_owned(), tally.kills);
    findings.about("API while it went on");
    load.end_reader()
        .into_iter()
        .for_each(|wrong| findings.add(wrong));
    findings.about("sum of all campaigns while it went on");
    check_sums(&sums, follower, &mut findings).await;
    let letters = stage.broker.take_dead_letters().await;
    let counts = check::check(&stage, &oracle, &letters, &reader, &mut findings).await;
    findings.about("recovery");
    for kind in tally.recoveries.too_slow(PROMISED) {
        findings.add(format!("{kind}: longer than promised"));
    }
    ticker.end();
    Report {
        seed: options.seed,
        lasted,
        faults: &tally.faults,
        history: &history,
        oracle: &oracle,
        load: &load,
        counts: &counts,
        recoveries: &tally.recoveries,
        sums: Some(&*sums.seen),
        promise: "from the moment the service could to its next commit (promised: p99 under 5 s)",
        findings: &findings,
    }
    .conclude(stage)
    .await
}

/// One blow after another, until there were enough.
async fn rage(
    options: &Args,
    stage: &mut Stage,
    reader: &Reader,
    progress: &Progress,
    ticker: &Ticker,
    findings: &mut Findings,
) -> Tally {
    // Not the history's own, so that the faults are the same whatever the history's length.
    let mut random = StdRng::seed_from_u64(!options.seed);
    let mut tally = Tally::default();
    let log = Log::open(&stage.database.url).await;
    let end = Instant::now() + Duration::from_mins(options.minutes);
    while tally.kills < options.kills || Instant::now() < end {
        sleep(Duration::from_secs_f64(random.random_range(0.1..1.0))).await;
        let blow = Blow::random(&mut random);
        reader.fault_begins();
        let healed = blow.fall(stage).await;
        let took = log.next_commit(healed).await;
        reader.fault_ended();
        tally.kills += blow.kills();
        for fault in &blow.faults {
            *tally.faults.entry(fault.kind()).or_default() += 1;
        }
        ticker.blow(&blow, tally.kills, took, progress);
        let Some(took) = took else {
            findings.add(format!(
                "nothing was committed after this fault: {}",
                blow.description()
            ));
            break;
        };
        tally.recoveries.add(blow.kind(), took);
        tally.blows += 1;
        if tally.blows % AUDITED == 0
            && let Some(drift) = stage.drift().await
        {
            findings.add(format!("verify under load: {drift}"));
        }
    }
    tally
}

/// Every sum that was shown is one that there was.
async fn check_sums(sums: &Readers, follower: Follower, findings: &mut Findings) {
    match follower.end().await {
        Ok(states) => sums
            .end(&states)
            .into_iter()
            .for_each(|wrong| findings.add(wrong)),
        Err(problem) => findings.add(problem),
    }
    let (answers, processes) = sums.seen.answers();
    if answers == 0 || processes < 2 {
        findings.add(format!(
            "only {answers} sums were shown, by {processes} processes"
        ));
    }
}

/// Waits until nothing is left to do, and stops the worker, so that whatever it still held would be in the queue again.
async fn calm_down(stage: &mut Stage, findings: &mut Findings) {
    let log = Log::open(&stage.database.url).await;
    let (deadline, mut seen, mut since) = (Instant::now() + QUIET_DEADLINE, None, Instant::now());
    while since.elapsed() < QUIET && Instant::now() < deadline {
        let now = (stage.broker.count(&stage.broker.queue).await, log.rows().await);
        if seen != Some(now) || now.0 > 0 || now.1.is_none() {
            (seen, since) = (Some(now), Instant::now());
        }
        sleep(Duration::from_millis(100)).await;
    }
    for worker in stage.workers.drain(..) {
        findings.compare(
            "the worker's exit code",
            &0,
            &worker.terminate().await.unwrap_or(-1),
        );
    }
    let left = stage.broker.count(&stage.broker.queue).await;
    findings.compare("messages left in the queue", &0, &left);
}

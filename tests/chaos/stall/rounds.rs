//! One fault after another, each compared with what the suite demands.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mongodb::bson::doc;
use mongodb::options::Hint;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use super::PROMISED;
use super::damage::{self, Damage};
use super::fault::{Fault, INDEXES, Trouble};
use super::health::Health;
use super::probe::Probes;
use super::strike::{give_back, strike};
use crate::check::Findings;
use crate::load::Load;
use crate::recovery::Recoveries;
use crate::stage::Stage;

/// A worker that does not recover within this time is started anew.
const HOPELESS: Duration = Duration::from_secs(75);

/// After so many restarts the run ends early.
const MOST_RESTARTS: u32 = 12;

/// Pause between two looks at a service that recovers.
const POLL: Duration = Duration::from_millis(50);

/// After every so many faults nothing happens for a while, and all must be well.
const CALM_AFTER: usize = 4;

/// How long nothing happens then.
const CALM: Duration = Duration::from_secs(2);

/// How long a rebuild may fail, because workers go on meanwhile.
const REBUILT_WITHIN: Duration = Duration::from_secs(30);

/// What the faults came to.
pub struct Rounds {
    random: StdRng,
    /// What is damaged now.
    damages: Vec<Damage>,
    /// Probes that were sent.
    probes: u32,
    restarts: u32,
    pub faults: BTreeMap<String, u32>,
    pub recoveries: Recoveries,
}

impl Rounds {
    /// The faults of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            // Not the history's own, so that the faults are the same whatever the history's length.
            random: StdRng::seed_from_u64(!seed),
            damages: Vec::new(),
            probes: 0,
            restarts: 0,
            faults: BTreeMap::new(),
            recoveries: Recoveries::default(),
        }
    }

    /// Strikes `count` times. Except in the last round, each kind of fault is struck as often as any other.
    pub async fn rage(
        &mut self,
        count: u32,
        stage: &mut Stage,
        load: &Load,
        health: &Health,
        findings: &mut Findings,
    ) {
        // The same whatever the machine does in between.
        let mut random = StdRng::seed_from_u64(self.random.random());
        let troubles = (0..).flat_map(|number| Trouble::round(&mut random, number));
        let troubles: Vec<_> = troubles.take(count as usize).collect();
        for (struck, trouble) in (1..).zip(troubles) {
            sleep(Duration::from_secs_f64(self.random.random_range(0.1..1.0))).await;
            let took = self.fall(&trouble, stage, load, health, findings).await;
            let took = took.map_or("NOT".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()));
            let confirmed = load.progress.confirmed.load(Ordering::Relaxed);
            println!(
                "{struck:>4} stalls {}: recovered in {took}; {confirmed} messages",
                trouble.description()
            );
            if self.restarts >= MOST_RESTARTS {
                findings.add("too many restarts were needed; the rest is left out");
                return;
            }
            if struck % CALM_AFTER == 0 {
                let since = Instant::now();
                sleep(CALM).await;
                if let Some(said) = health.false_alarm(since) {
                    findings.add(format!("/health complained when all was well: {said}"));
                }
            }
        }
    }

    /// One fault, from beginning to end. Returns how long it took to recover, if the worker did by itself.
    async fn fall(
        &mut self,
        trouble: &Trouble,
        stage: &mut Stage,
        load: &Load,
        health: &Health,
        findings: &mut Findings,
    ) -> Option<Duration> {
        let (fault, what) = (trouble.fault, trouble.description());
        let struck = strike(fault, stage, load, &mut self.damages, &mut self.random).await;
        if let Err(problem) = struck {
            findings.add(format!("{what}: {problem}"));
            self.start_anew(stage, health).await;
            return None;
        }
        *self.faults.entry(fault.kind()).or_default() += 1;
        let began = Instant::now();
        if fault == Fault::LettersRefused {
            // What is no dead letter is counted meanwhile.
            let probes = self.send(stage, began).await.without_broken();
            if !self.are_counted(&probes, stage, began).await {
                let last = health.last();
                findings.add(format!("{what}: nothing was counted meanwhile; {last}"));
            }
        }
        sleep((began + trouble.hold).saturating_duration_since(Instant::now())).await;
        if fault.stops_something() {
            expect_honest(health, began, &what, findings);
        }
        give_back(fault, stage).await;
        let took = self.recovered(fault, stage, health, &what, findings).await;
        if took.is_none() {
            findings.add(format!("{what}: stood still; /health: {}", health.last()));
            self.start_anew(stage, health).await;
            let took = self.recovered(fault, stage, health, &what, findings).await;
            if took.is_none() {
                let last = health.last();
                findings.add(format!("{what}: not even a new worker counts; /health: {last}"));
            }
        }
        if let Fault::CollectionDropped(_) = fault {
            rebuild(stage, &what, findings).await;
            // Until the API has heard of it.
            sleep(CALM).await;
            load.reader.truth_is_away.store(false, Ordering::Relaxed);
        }
        if trouble.mended {
            self.mend(stage).await;
        }
        took
    }

    /// Mends all damaged documents.
    pub async fn mend(&mut self, stage: &Stage) {
        damage::mend(&stage.database, &mut self.damages).await;
    }

    /// Drops the log, and then the whole database: what comes afterwards is counted.
    pub async fn lose_the_log(&mut self, stage: &mut Stage, health: &Health, findings: &mut Findings) {
        stage.start_worker_that_listens().await;
        stage.workers[0].healthy().await;
        health.turn_to(&stage.workers[0].url);
        for lost in ["event_log", "database"] {
            let command = match lost {
                "database" => doc! { "dropDatabase": 1 },
                collection => doc! { "drop": collection },
            };
            stage.database.run(command).await;
            *self.faults.entry(format!("{lost} dropped")).or_default() += 1;
            let fault = Fault::CollectionDropped("event_log");
            if self
                .recovered(fault, stage, health, lost, findings)
                .await
                .is_none()
            {
                findings.add(format!("{lost} dropped: stood still; /health: {}", health.last()));
                return;
            }
        }
        // With the settings the mark has gone that the history is complete.
        rebuild(stage, "database dropped", findings).await;
        if let Some(drift) = stage.drift().await {
            findings.add(format!("verify, of a database that was begun anew: {drift}"));
        }
    }

    async fn send(&mut self, stage: &Stage, since: Instant) -> Probes {
        self.probes += 1;
        Probes::send(&stage.broker, self.probes, since + HOPELESS).await
    }

    async fn are_counted(&self, probes: &Probes, stage: &Stage, since: Instant) -> bool {
        while since.elapsed() < PROMISED {
            if probes.are_logged(&stage.database).await {
                return true;
            }
            sleep(POLL).await;
        }
        false
    }

    /// Waits until every kind of event is counted, `/health` says 200, and what was not given back is there again; says
    /// how long that took from now.
    async fn recovered(
        &mut self,
        fault: Fault,
        stage: &Stage,
        health: &Health,
        what: &str,
        findings: &mut Findings,
    ) -> Option<Duration> {
        let since = Instant::now();
        let probes = self.send(stage, since).await;
        let mut counted = false;
        while since.elapsed() < HOPELESS {
            counted = counted || probes.are_logged(&stage.database).await;
            if counted && health.is_well_since(since) && is_back(fault, stage).await {
                let took = since.elapsed();
                self.recoveries.add(fault.kind(), took);
                return Some(took);
            }
            sleep(POLL).await;
        }
        // While they cannot be published they are no work that the worker could have in hand.
        if let Some(published) = probes.published.filter(|_| !counted) {
            expect_honest(health, published, what, findings);
        }
        None
    }

    /// Starts the worker anew, as an operator does who knows no better.
    async fn start_anew(&mut self, stage: &mut Stage, health: &Health) {
        self.restarts += 1;
        self.mend(stage).await;
        for worker in stage.workers.drain(..) {
            worker.kill().await;
        }
        stage.start_worker_that_listens().await;
        health.turn_to(&stage.workers[0].url);
    }
}

/// Fails if `/health` went on saying 200 for too long after something had stopped.
fn expect_honest(health: &Health, stopped: Instant, what: &str, findings: &mut Findings) {
    if let Some(time) = health.concealed(stopped) {
        let (seconds, last) = (time.as_secs(), health.last());
        findings.add(format!(
            "{what}: /health said 200 still after {seconds} s: {last}"
        ));
    }
}

/// Returns true if what nobody has given back is there again.
async fn is_back(fault: Fault, stage: &Stage) -> bool {
    if !matches!(fault, Fault::IndexDropped(..) | Fault::CollectionDropped(_)) {
        return true;
    }
    for (collection, name) in INDEXES {
        // One that is still being made is listed, and of no use.
        let collection = stage.database.collection(collection);
        let usable = collection.find_one(doc! {}).hint(Hint::Name(name.to_owned()));
        if usable.await.is_err() {
            return false;
        }
    }
    true
}

/// Has what was dropped made from the log.
async fn rebuild(stage: &Stage, what: &str, findings: &mut Findings) {
    let since = Instant::now();
    loop {
        match stage.tool(&["rebuild"]).await {
            (0, _) => return,
            (_, said) if since.elapsed() > REBUILT_WITHIN => {
                findings.add(format!("{what}: cannot be rebuilt: {said}"));
                return;
            }
            _ => sleep(POLL).await,
        }
    }
}

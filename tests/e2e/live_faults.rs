//! Totals from memory while the database dies, the change stream is cut and everything comes back, under writes: no
//! answer and no stream ever goes back, and soon after everything equals the database.

mod stage;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dev_services::Server;
use futures::TryStreamExt;
use futures::future::join_all;
use mongodb::bson::{Document, doc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use self::stage::Stage;
use crate::harness::proxy::{Proxy, Weather};
use crate::harness::{EventStream, eventually};

/// So soon after the database is back, everything that is shown equals it.
const RECOVERY: Duration = Duration::from_secs(2);

const CAMPAIGNS: usize = 6;

fn campaign(number: usize) -> String {
    format!("c{number}")
}

/// What has been seen of each campaign, and everything that contradicts it.
#[derive(Default)]
struct Witness {
    latest: Mutex<HashMap<String, i64>>,
    writers_rest: AtomicBool,
}

impl Witness {
    /// One sequence of observations, of which none may go back.
    fn sees(&self, who: &str, campaign: &str, revision: i64) {
        let mut latest = self.latest.lock().unwrap();
        let before = latest.entry(format!("{who} {campaign}")).or_default();
        assert!(
            revision >= *before,
            "{who} saw {campaign} go back from {before} to {revision}"
        );
        *before = revision;
    }

    fn latest(&self, who: &str, campaign: &str) -> i64 {
        let latest = self.latest.lock().unwrap();
        latest.get(&format!("{who} {campaign}")).copied().unwrap_or(0)
    }
}

async fn write(stage: &Stage, witness: &Witness) {
    let mut random = StdRng::seed_from_u64(0);
    loop {
        let number = random.random_range(0..CAMPAIGNS);
        let rests = witness.writers_rest.load(Ordering::Relaxed);
        // It fails while the database is down, and may have been done all the same: the database is what counts.
        if rests || stage.database.donate(&campaign(number)).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn read(stage: &Stage, witness: &Witness) {
    loop {
        for number in 0..CAMPAIGNS {
            if let Some(revision) = stage.shown(&campaign(number)).await {
                witness.sees("a reader", &campaign(number), revision);
            }
        }
        let known = (0..CAMPAIGNS).map(|number| witness.latest("a reader", &campaign(number)));
        let known: Vec<_> = known.collect();
        if let Some(listed) = stage.listed().await {
            for (number, known) in known.into_iter().enumerate() {
                let campaign = campaign(number);
                let revision = listed.get(&campaign).copied().unwrap_or(0);
                assert!(
                    revision >= known,
                    "a page shows {revision} of {campaign} after {known} was read"
                );
                witness.sees("a page", &campaign, revision);
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Watches all but the first, which is only read.
async fn watch(stage: &Stage, witness: &Witness) {
    let ids: Vec<_> = (1..CAMPAIGNS).map(campaign).collect();
    let url = format!("{}/api/totals/stream?ids={}", stage.api.url, ids.join(","));
    let mut stream = EventStream::open(&url, None).await;
    while let Some(event) = stream.next().await {
        witness.sees("a watcher", event.campaign(), event.revision());
    }
}

/// Something breaks and is mended.
async fn fault(mongodb: &mut Server, network: &Proxy, seed: u64) -> &'static str {
    let mut random = StdRng::seed_from_u64(seed);
    let a_while = Duration::from_millis(random.random_range(50..1500));
    match seed % 4 {
        0 => {
            mongodb.kill().await.unwrap();
            sleep(a_while).await;
            mongodb.start_again().await.unwrap();
            "MongoDB killed"
        }
        1 => {
            network.set(Weather::Cut);
            sleep(a_while).await;
            network.set(Weather::Clear);
            "network cut"
        }
        2 => {
            network.set(Weather::Stalled);
            sleep(a_while).await;
            network.set(Weather::Clear);
            "network stalled"
        }
        _ => {
            // In the midst of whatever an answer is.
            network.set(Weather::CutAfter(random.random_range(1..5000)));
            sleep(a_while).await;
            network.set(Weather::Clear);
            "connections cut midway"
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_back_and_all_is_right_within_two_seconds_of_a_faults_end() {
    let (stage, mut mongodb) = Stage::set().await;
    let witness = Witness::default();
    let faults = async {
        for seed in 0..10 {
            // Some traffic before each.
            sleep(Duration::from_millis(500)).await;
            let fault = fault(&mut mongodb, &stage.network, seed).await;
            // And after it: everything comes back under writes.
            sleep(Duration::from_millis(200)).await;
            witness.writers_rest.store(true, Ordering::Relaxed);
            let took = Duration::from_millis(200) + stage.until_right(&witness).await;
            println!("{fault}, seed {seed}: all right after {took:?}");
            assert!(took <= RECOVERY, "{fault}, seed {seed}: {took:?}");
            witness.writers_rest.store(false, Ordering::Relaxed);
        }
    };
    tokio::select! {
        () = faults => {}
        () = write(&stage, &witness) => {}
        () = read(&stage, &witness) => {}
        () = watch(&stage, &witness) => panic!("the stream has ended"),
    }
}

/// The changes cannot be followed across it: everything in memory has to be read again.
#[tokio::test(flavor = "multi_thread")]
async fn a_collection_that_was_restored_is_read_again() {
    let (stage, _mongodb) = Stage::set().await;
    let totals = stage.database.collection("campaign_totals");
    for number in 0..CAMPAIGNS {
        stage.database.donate(&campaign(number)).await.unwrap();
    }
    let witness = Witness::default();
    let restored = async {
        stage.until_right(&witness).await;
        let kept: Vec<_> = totals.find(doc! {}).await.unwrap().try_collect().await.unwrap();
        totals.drop().await.unwrap();
        let later = kept.into_iter().map(|mut campaign: Document| {
            let revision = campaign.get_i64("revision").unwrap();
            campaign.insert("revision", revision + 5);
            campaign
        });
        totals.insert_many(later).await.unwrap();
        stage.until_right(&witness).await;
    };
    tokio::select! {
        () = restored => {}
        () = watch_again(&stage, &witness) => panic!("the stream has ended"),
    }
}

/// A stream may show that the totals are gone: a drop is no commit of ours.
async fn watch_again(stage: &Stage, witness: &Witness) {
    let url = format!("{}/api/totals/stream?ids=c1,c2,c3,c4,c5", stage.api.url);
    let mut stream = EventStream::open(&url, None).await;
    while let Some(event) = stream.next().await {
        let key = format!("a watcher {}", event.campaign());
        witness.latest.lock().unwrap().insert(key, event.revision());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_reads_than_a_frozen_database_takes_are_refused_at_once() {
    let (stage, mut mongodb) = Stage::set().await;
    stage.database.donate("c0").await.unwrap();
    // Memory may lack a commit of this very moment.
    eventually(async || stage.shown("c0").await, |shown| *shown == Some(1)).await;
    mongodb.pause().await.unwrap();
    // Until its lease is over, what is in memory is shown: nothing can have changed that was not followed.
    eventually(async || stage.shown("c0").await, Option::is_none).await;
    eventually(async || stage.listed().await, Option::is_none).await;
    let begun = Instant::now();
    let unknown = (0..300).map(|number| {
        let stage = &stage;
        async move {
            let shown = stage.shown(&format!("unknown{number}")).await;
            (shown, begun.elapsed())
        }
    });
    let answers = join_all(unknown).await;
    assert!(answers.iter().all(|(shown, _)| shown.is_none()), "{answers:?}");
    let slow = answers
        .iter()
        .filter(|(_, took)| *took > Duration::from_secs(2))
        .count();
    assert!(slow <= 32, "{slow} of 300 waited for the database: {answers:?}");
    mongodb.resume().await.unwrap();
    eventually(async || stage.shown("c0").await, |shown| *shown == Some(1)).await;
}

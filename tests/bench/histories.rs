//! How long a history takes: a year by day of a campaign of a million donations, from the database and again from memory.
//!
//! The documents are those that a worker would have written, inserted as they are: in each quarter of an hour of the year
//! something was given, so no year of any campaign has more to read. Between two reads from the database the campaign's
//! revision moves, by a donation of nothing; so whatever was kept is of no use. Lists of all campaigns are not asked for.

use harness::eventually;
use mongodb::bson::{DateTime, Document, doc};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::effort::Effort;
use crate::measure::{Spread, quantile, sorted};
use crate::report::{Cell, Part, Table};
use crate::seed;
use crate::stage::Stage;

const DAYS: i32 = 365;
const SLOTS: i64 = 96;

/// 2025-01-01, as days since 1970-01-01.
const FIRST_DAY: i32 = 20_089;

/// A day more, so that the year of a zone is all there.
const STORED_DAYS: i32 = DAYS + 1;

const DONATIONS: i64 = 1_000_000;

/// Reads of each kind in a round.
const READS: usize = 100;

const CAMPAIGN: &str = "camp_history";

const YEAR: &str = "interval=day&from=2025-01-01&to=2026-01-01&timeZone=Europe/Berlin";

const COLUMNS: &[&str] = &["read", "from", "p50 ms", "p99 ms", "KiB"];

/// Runs the part.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    println!("  a year of {DONATIONS} donations");
    insert(stage).await;
    let api = stage.api().await;
    let (client, base) = (Client::new(), format!("{}/api/totals", api.url));
    let mut part = Part::new("history");
    let mut table = Table::new("A year by day", COLUMNS);
    for (read, path) in [
        ("one campaign", format!("campaigns/{CAMPAIGN}/history")),
        ("all campaigns", "history".to_owned()),
    ] {
        let url = format!("{base}/{path}?{YEAR}");
        let (mut database, mut memory, mut bytes) = (Vec::new(), Vec::new(), 0);
        for _ in 0..effort.rounds {
            let mut took = [Vec::new(), Vec::new()];
            for _ in 0..READS {
                touch(stage, &client, &base).await;
                for took in &mut took {
                    let started = Instant::now();
                    let body = client.get(&url).send().await.unwrap().bytes().await.unwrap();
                    took.push(started.elapsed().as_secs_f64() * 1000.0);
                    bytes = body.len();
                }
            }
            let [first, again] = took.map(sorted);
            database.push(first);
            memory.push(again);
        }
        check(&client, &url).await;
        for (from, rounds) in [("the database", &database), ("memory", &memory)] {
            let spread = |share| Cell::from(Spread::of(rounds.iter().map(|round| quantile(round, share))));
            let kib = Cell::from(u32::try_from(bytes / 1024).unwrap());
            table
                .rows
                .push(vec![read.into(), from.into(), spread(0.5), spread(0.99), kib]);
            part.rounds
                .push(json!({ "read": read, "from": from, "ms": rounds }));
        }
    }
    table.note = format!(
        "{READS} reads in a round, one after the other; a quantile is of those of a round. Something was given in each quarter \
         of an hour of the year."
    );
    part.tables.push(table);
    part
}

/// A donation in each slot, and the rest of a million in the last one.
async fn insert(stage: &Stage) {
    let database = &stage.database;
    // The mark that the history is complete is set on a database that is empty.
    seed::store(&database.url).await;
    let slots = i64::from(STORED_DAYS) * SLOTS;
    let day = |number: i32, id: Document| {
        let per_slot = DONATIONS / slots;
        let slot = |slot: i64| {
            let is_last = number + 1 == STORED_DAYS && slot + 1 == SLOTS;
            let pledges = per_slot + if is_last { DONATIONS % slots } else { 0 };
            (slot.to_string(), pledges)
        };
        let pledges: Document = (0..SLOTS)
            .map(slot)
            .map(|(name, count)| (name, count.into()))
            .collect();
        let amounts: Document = (0..SLOTS)
            .map(slot)
            .map(|(name, count)| (name, (count * 5_025).into()))
            .collect();
        doc! { "_id": id, "amountMinor": amounts, "pledges": pledges }
    };
    let campaign = (0..STORED_DAYS).map(|number| {
        day(
            number,
            doc! { "campaignId": CAMPAIGN, "day": FIRST_DAY - 1 + number },
        )
    });
    let platform =
        (0..STORED_DAYS).map(|number| day(number, doc! { "day": FIRST_DAY - 1 + number, "lane": "bench/0" }));
    let history = database.collection("campaign_history");
    history.insert_many(campaign).await.unwrap();
    let history = database.collection("platform_history");
    history.insert_many(platform).await.unwrap();
    let now = DateTime::now();
    let totals = doc! {
        "_id": CAMPAIGN, "totalAmountMinor": DONATIONS * 5_025, "totalPledges": DONATIONS, "totalDonors": 0_i64,
        "revision": 1_i64, "createdAt": now, "lastUpdated": now,
    };
    database
        .collection("campaign_totals")
        .insert_one(totals)
        .await
        .unwrap();
}

/// Moves the campaign's revision, and waits until the API knows.
async fn touch(stage: &Stage, client: &Client, base: &str) {
    let totals = stage.database.collection("campaign_totals");
    let change = doc! { "$inc": { "revision": 1_i64 }, "$currentDate": { "lastUpdated": true } };
    totals.update_one(doc! { "_id": CAMPAIGN }, change).await.unwrap();
    let stored = totals.find_one(doc! { "_id": CAMPAIGN }).await.unwrap().unwrap();
    let stored = stored.get_i64("revision").ok();
    let url = format!("{base}/campaigns/{CAMPAIGN}");
    let shown = async || get(client, &url).await["data"]["revision"].as_i64();
    eventually(shown, |shown| *shown == stored).await;
}

async fn get(client: &Client, url: &str) -> Value {
    let body = client.get(url).send().await.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// Checks that what was measured is the whole year.
async fn check(client: &Client, url: &str) {
    let history = get(client, url).await;
    let data = &history["data"];
    assert_eq!(
        data["points"].as_array().map(Vec::len),
        usize::try_from(DAYS).ok(),
        "{history}"
    );
    assert_eq!(data["totalPledges"], DONATIONS);
}

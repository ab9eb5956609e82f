//! The list of campaigns on a real MongoDB: pages of it by offset, by cursor and by ids, and that a walk through them holds
//! while others write.

mod database;
mod memory;

use std::collections::BTreeMap;

use futures::future::join_all;
use mongodb::bson::{DateTime, Document, doc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Process, World};

const LIST: &str = "/api/totals/campaigns";

/// Each `sortBy` and the field of the documents behind it.
const SORTS: [(&str, &str); 4] = [
    ("totalAmount", "totalAmountMinor"),
    ("totalPledges", "totalPledges"),
    ("totalDonors", "totalDonors"),
    ("lastUpdated", "lastUpdated"),
];

/// A world with its collections and some campaigns, and an API that answers from it.
async fn world_with(campaigns: impl IntoIterator<Item = Document>) -> (World, Process) {
    let world = World::new().await;
    world.store().await;
    let totals = world.database.collection("campaign_totals");
    totals.insert_many(campaigns).await.unwrap();
    let api = world.api().await;
    (world, api)
}

/// A campaign with the same number in every field that a list is sorted by.
fn campaign(id: &str, number: i64) -> Document {
    let moment = DateTime::from_millis(1_732_185_000_000 + number);
    doc! {
        "_id": id, "totalAmountMinor": number, "totalPledges": number, "totalDonors": number,
        "revision": 1_i64, "createdAt": moment, "lastUpdated": moment,
    }
}

async fn page(api: &Process, query: &str) -> Value {
    let (status, mut body) = api.get(&format!("{LIST}?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{query}: {body}");
    body["data"].take()
}

fn ids(page: &Value) -> Vec<String> {
    let totals = page["totals"].as_array().unwrap().iter();
    totals
        .map(|totals| totals["campaignId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_cursor_is_on_every_page_but_the_last_and_takes_the_place_of_an_offset() {
    let (_world, api) = world_with((0..6).map(|n| campaign(&format!("c{n}"), n / 2))).await;
    let by_offset = page(&api, "limit=2&offset=2&sortBy=totalDonors&sortOrder=asc").await;
    assert_eq!(
        (ids(&by_offset), &by_offset["offset"]),
        (vec!["c2".into(), "c3".into()], &json!(2))
    );
    let cursor = by_offset["nextCursor"].as_str().unwrap();

    let last = api.text(&format!("{LIST}?limit=2&cursor={cursor}")).await;
    let of = |id: &str| {
        format!(
            r#"{{"campaignId":"{id}","totalAmount":0.02,"totalAmountMinor":2,"totalPledges":2,"totalDonors":2,"#
        ) + r#""lastUpdated":"2024-11-21T10:30:00.002Z","currency":"USD","revision":1}"#
    };
    let totals = [of("c4"), of("c5")].join(",");
    assert_eq!(
        last,
        format!(r#"{{"success":true,"data":{{"totals":[{totals}],"total":6,"limit":2,"offset":0}}}}"#)
    );
    let longer = page(&api, &format!("cursor={cursor}&limit=1")).await;
    assert_eq!(ids(&longer), ["c4"]);
    let behind = page(
        &api,
        &format!("cursor={}", longer["nextCursor"].as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (ids(&behind), behind.get("nextCursor")),
        (vec!["c5".into()], None)
    );

    for query in [
        format!("cursor={cursor}&offset=2"),
        format!("cursor={}", &cursor[1..]),
    ] {
        let (status, body) = api.get(&format!("{LIST}?{query}")).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (StatusCode::BAD_REQUEST, &json!("INVALID_REQUEST")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn campaigns_asked_for_by_id_are_those_that_have_totals_in_the_order_of_the_ids() {
    let (_world, api) = world_with((0..3).map(|n| campaign(&format!("c{n}"), n))).await;
    let named = page(&api, "ids=c2,unknown%2Cc0,c2").await;
    assert_eq!(ids(&named), ["c2", "c0"]);
    assert_eq!(
        (
            &named["total"],
            &named["limit"],
            &named["offset"],
            named.get("nextCursor")
        ),
        (&json!(2), &json!(3), &json!(0), None)
    );
    assert_eq!(page(&api, "ids=unknown").await["totals"], json!([]));
}

/// Another's writes during a walk: `changing` campaigns move about, and new ones come.
struct Writer<'a> {
    world: &'a World,
    random: StdRng,
    changing: Vec<String>,
    written: usize,
}

impl Writer<'_> {
    async fn write_some(&mut self) {
        let totals = self.world.database.collection("campaign_totals");
        let writes = (0..8).map(|turn| {
            self.written += 1;
            let id = match turn {
                // In between the others' ids.
                0 => format!("c{:03}-{}", self.random.random_range(0..300), self.written),
                _ => self.changing.choose(&mut self.random).unwrap().clone(),
            };
            // Among the others' numbers, before and behind them.
            let anywhere = campaign(&id, self.random.random_range(-5..25));
            totals
                .replace_one(doc! { "_id": id }, anywhere)
                .upsert(true)
                .into_future()
        });
        let writes: Vec<_> = writes.collect();
        for written in join_all(writes).await {
            written.unwrap();
        }
    }
}

#[tokio::test]
async fn a_walk_by_cursor_meets_each_unchanged_campaign_once_and_in_order_whatever_others_do() {
    // Fifteen campaigns to a number: ties are longer than a page.
    let campaigns: BTreeMap<String, i64> = (0..300).map(|n| (format!("c{n:03}"), n * 7 % 20)).collect();
    let (world, api) = world_with(campaigns.iter().map(|(id, number)| campaign(id, *number))).await;
    let is_changing = |id: &str| id.ends_with(['0', '3', '6']);
    let changing = campaigns.keys().filter(|id| is_changing(id)).cloned().collect();
    let mut writer = Writer {
        world: &world,
        random: StdRng::seed_from_u64(4),
        changing,
        written: 0,
    };
    let mut unchanged: Vec<(i64, &str)> = campaigns
        .iter()
        .filter(|(id, _)| !is_changing(id))
        .map(|(id, number)| (*number, id.as_str()))
        .collect();
    unchanged.sort_unstable();

    for (sort, _) in SORTS {
        for order in ["asc", "desc"] {
            let (mut met, mut pages) = (Vec::new(), 0);
            let mut next = Some(format!("limit=10&sortBy={sort}&sortOrder={order}"));
            while let Some(query) = next {
                let (page, ()) = tokio::join!(page(&api, &query), writer.write_some());
                met.extend(ids(&page));
                next = page["nextCursor"]
                    .as_str()
                    .map(|cursor| format!("limit=10&cursor={cursor}"));
                pages += 1;
                assert!(pages < 1000, "{sort} {order}: it goes round in circles");
            }
            met.retain(|id| unchanged.iter().any(|(_, unchanged)| unchanged == id));
            let mut expected: Vec<_> = unchanged.iter().map(|(_, id)| *id).collect();
            if order == "desc" {
                expected.reverse();
            }
            assert_eq!(met, expected, "{sort} {order}, {pages} pages");
            assert!(pages >= 30, "{sort} {order}: {pages} pages");
        }
    }
}

//! The list of campaigns on a real MongoDB: pages of it by offset, by cursor and by ids; that they cost it nothing, and that a
//! walk through them holds while others write.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt;
use futures::future::join_all;
use mongodb::IndexModel;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::options::IndexOptions;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use reqwest::StatusCode;
use serde_json::{Value, json};
use totals_core::runtime::config;
use totals_core::store::{At, CampaignTotals, ClusterTime, Page, SortBy, SortOrder, Start, Store};

use crate::harness::{Process, World, api_command, eventually};

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
    let url = world.database.url.as_str().into();
    let store = Store::open(&config::Database { url }, "e2e").await.unwrap();
    store.prepare().await.unwrap();
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
        format!(r#"{{"campaignId":"{id}","totalAmount":0.02,"totalPledges":2,"totalDonors":2,"#)
            + r#""lastUpdated":"2024-11-21T10:30:00.002Z","currency":"USD","revision":1}"#
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

/// What the server says of what it was asked for, not what the API says of itself.
#[tokio::test]
async fn pages_are_answered_from_memory_in_the_order_that_is_stored_whatever_is_written() {
    let (world, api) = world_with((0..120).map(|n| campaign(&format!("c{n:03}"), n / 3))).await;
    listed(&api).await;
    world.database.profile().await;
    let totals = world.database.collection("campaign_totals");
    for round in 0..5 {
        world
            .database
            .donate(&format!("c{:03}", round * 7))
            .await
            .unwrap();
        world.database.donate(&format!("new{round}")).await.unwrap();
        let last = doc! { "_id": format!("c{:03}", 119 - round) };
        totals.delete_one(last).await.unwrap();
        shows_what_is_stored(&world, &api).await;
    }
    let of_the_api = async |command| {
        let mut asked = world.database.profiled("campaign_totals", command).await;
        asked.retain(|asked| asked.get_str("appName").is_ok_and(|name| name == "totals-api"));
        asked
    };
    let (found, counted) = (of_the_api("find").await, of_the_api("aggregate").await);
    assert!(found.is_empty(), "{found:#?}");
    // The change stream was there before.
    assert!(counted.is_empty(), "{counted:#?}");
}

/// Waits until every order of the list, forwards and backwards, is that of the documents.
async fn shows_what_is_stored(world: &World, api: &Process) {
    let totals = world.database.collection("campaign_totals");
    for (sort, field) in SORTS {
        for (order, direction) in [("asc", 1), ("desc", -1)] {
            let stored = totals
                .find(doc! {})
                .sort(doc! { field: direction, "_id": direction });
            let stored: Vec<Document> = stored.await.unwrap().try_collect().await.unwrap();
            let versions = stored.iter().map(|totals| {
                (
                    totals.get_str("_id").unwrap().to_owned(),
                    totals.get_i64("revision").unwrap(),
                )
            });
            let expected = (stored.len() as u64, versions.collect());
            eventually(
                async || whole_list(api, sort, order).await,
                |shown| *shown == expected,
            )
            .await;
        }
    }
}

/// How many campaigns the list says there are, and all that are in it, with their revisions.
async fn whole_list(api: &Process, sort: &str, order: &str) -> (u64, Vec<(String, i64)>) {
    let (mut total, mut all) = (0, Vec::new());
    let mut next = Some(format!("limit=50&sortBy={sort}&sortOrder={order}"));
    while let Some(query) = next {
        let page = page(api, &query).await;
        total = page["total"].as_u64().unwrap();
        let revisions = page["totals"].as_array().unwrap().iter();
        let revisions = revisions.map(|totals| totals["revision"].as_i64().unwrap());
        all.extend(ids(&page).into_iter().zip(revisions));
        next = page["nextCursor"]
            .as_str()
            .map(|cursor| format!("limit=50&cursor={cursor}"));
    }
    (total, all)
}

async fn listed(api: &Process) {
    let listed = async || api.healthy().await["live"]["listed"] == true;
    eventually(listed, |listed| *listed).await;
}

/// A correction by hand, say: nothing tells what it was made on.
#[tokio::test]
async fn a_change_that_leaves_the_revision_alone_has_the_list_read_again() {
    let (world, api) = world_with((0..10).map(|n| campaign(&format!("c{n}"), n))).await;
    listed(&api).await;
    let totals = world.database.collection("campaign_totals");
    let by_hand = doc! { "$set": { "totalAmountMinor": 1_000_i64 } };
    totals.update_one(doc! { "_id": "c3" }, by_hand).await.unwrap();
    eventually(
        async || ids(&page(&api, "limit=2").await),
        |ids| *ids == ["c3", "c9"],
    )
    .await;
    api.logged("all campaigns are read again").await;
    listed(&api).await;
    shows_what_is_stored(&world, &api).await;
}

#[tokio::test]
async fn the_list_is_right_from_the_first_answer_on() {
    // So many that loading them takes longer than the first answers do.
    let campaigns = (0..20_000).map(|n| campaign(&format!("c{n:05}"), n * 7 % 1000));
    let (world, api) = world_with(campaigns).await;
    drop(api);
    let mut command = api_command();
    command.env("DATABASE_URL", &world.database.url);
    let api = Process::start(command).await;
    for round in 0.. {
        // Of 20 campaigns to a number.
        let query = format!("limit=3&offset={}&sortOrder=asc", 20 * (round % 1000));
        let (status, body) = api.get(&format!("{LIST}?{query}")).await;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            // It may not be connected yet.
            continue;
        }
        let number = json!(f64::from(round % 1000) / 100.0);
        let shown = &body["data"];
        assert_eq!(shown["total"], 20_000, "{query}: {body}");
        for totals in shown["totals"].as_array().unwrap() {
            assert_eq!(totals["totalAmount"].as_f64(), number.as_f64(), "{query}: {body}");
        }
        let (_, health) = api.get("/health").await;
        if health["live"]["listed"] == true {
            break;
        }
    }
}

#[tokio::test]
async fn without_a_stream_of_changes_pages_are_read_from_the_database_one_at_a_time() {
    let (world, api) = world_with((0..300).map(|n| campaign(&format!("c{n:03}"), n / 3))).await;
    drop(api);
    world.database.hide_changes().await;
    let api = world.api().await;
    let stored = world.database.collection("hidden_totals");
    for number in 300..303 {
        // Nobody has told the API.
        let moved = campaign("c007", number);
        stored.replace_one(doc! { "_id": "c007" }, moved).await.unwrap();
        let first = page(&api, "limit=1").await;
        let shown = &first["totals"][0];
        assert_eq!(
            (ids(&first), &shown["totalPledges"], &first["total"]),
            (vec!["c007".to_owned()], &json!(number), &json!(300))
        );
    }
    // Some may have to wait for too long, and are told so.
    let queries: Vec<_> = (0..60).map(|n| format!("limit=5&offset={}", n * 5)).collect();
    let answers = join_all(queries.iter().map(async |query| {
        let (status, body) = api
            .get(&format!("{LIST}?{query}&sortBy=totalDonors&sortOrder=asc"))
            .await;
        (status, body["data"].clone())
    }));
    let answers = answers.await;
    let order = (0..300)
        .map(|n| format!("c{n:03}"))
        .filter(|id| id != "c007")
        .chain(["c007".to_owned()]);
    let order: Vec<_> = order.collect();
    let mut answered = 0;
    for ((status, page), expected) in answers.iter().zip(order.chunks(5)) {
        match *status {
            StatusCode::OK => {
                assert_eq!(ids(page), expected);
                answered += 1;
            }
            other => assert_eq!(other, StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    assert!(answered > 0);
    assert_eq!(api.get("/health").await.1["live"]["listed"], json!(false));
}

/// What pages are made of while the list is not in memory.
#[tokio::test]
async fn a_page_that_the_database_sorts_is_the_one_that_anyone_would_find() {
    let (world, _api) = world_with((0..30).map(|n| campaign(&format!("c{n:02}"), n * 7 % 5))).await;
    let url = world.database.url.as_str().into();
    let store = Store::open(&config::Database { url }, "e2e").await.unwrap();
    for sort_by in SortBy::ALL {
        for order in [SortOrder::Ascending, SortOrder::Descending] {
            let (mut start, mut met, mut earliest) = (Start::Offset(0), Vec::new(), ClusterTime::default());
            loop {
                let page = Page {
                    limit: 7,
                    start,
                    sort_by,
                    order,
                };
                let At { found, moment } = store.list(page, earliest).await.unwrap();
                assert!(moment >= Some(earliest), "{moment:?}");
                earliest = moment.unwrap();
                assert_eq!(found.total, 30);
                met.extend(found.totals);
                match found.next {
                    Some(next) => start = Start::After(next),
                    None => break,
                }
            }
            let place = |totals: &CampaignTotals| (sort_by.value(totals), totals.campaign.clone());
            let mut expected = met.clone();
            expected.sort_by_key(place);
            if order == SortOrder::Descending {
                expected.reverse();
            }
            assert_eq!(met, expected, "{sort_by:?} {order:?}");
            let campaigns: BTreeSet<_> = met.iter().map(|totals| &totals.campaign).collect();
            assert_eq!(campaigns.len(), 30, "{sort_by:?} {order:?}");

            let page = Page {
                limit: 3,
                start: Start::Offset(5),
                sort_by,
                order,
            };
            let by_offset = store.list(page, earliest).await.unwrap().found;
            assert_eq!(by_offset.totals, expected[5..8], "{sort_by:?} {order:?}");
        }
    }
}

#[tokio::test]
async fn the_indexes_that_earlier_versions_made_for_the_list_are_dropped_at_the_start() {
    let world = World::new().await;
    let totals = world.database.collection("campaign_totals");
    let index = |name: &str, field: &str| {
        let options = IndexOptions::builder().name(name.to_owned()).build();
        IndexModel::builder()
            .keys(doc! { field: 1, "_id": 1 })
            .options(options)
            .build()
    };
    let earlier = SORTS.map(|(_, field)| index(&format!("by_{field}"), field));
    totals.create_indexes(earlier).await.unwrap();
    totals.create_index(index("mine", "createdAt")).await.unwrap();

    // Two at once, and one later.
    let (one, other) = tokio::join!(world.worker(), world.worker());
    drop((one, other));
    world.worker().await;
    let mut left = totals.list_index_names().await.unwrap();
    left.sort_unstable();
    assert_eq!(left, ["_id_", "mine"]);
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

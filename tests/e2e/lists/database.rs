//! Pages from the database, as long as they are not in memory; and what it no longer keeps for them.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use mongodb::IndexModel;
use mongodb::bson::doc;
use mongodb::options::IndexOptions;
use reqwest::StatusCode;
use serde_json::json;
use totals_core::runtime::config;
use totals_core::store::{At, CampaignTotals, ClusterTime, Page, SortBy, SortOrder, Start, Store};

use super::{LIST, SORTS, campaign, ids, page, world_with};
use crate::harness::proxy::{Proxy, Weather};
use crate::harness::{EventStream, Process, World, api_command};

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
    let store = Store::open(&config::DatabaseConfig { url }, "e2e").await.unwrap();
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
                assert!(moment >= earliest, "{moment:?}");
                earliest = moment;
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

/// More than `DATABASE_READS`, and MongoDB takes longer to answer than a read waits for others to end.
#[tokio::test]
async fn a_hundred_campaigns_are_one_read_of_a_database_that_takes_its_time() {
    let (world, api) = world_with((0..99).map(|n| campaign(&format!("c{n}"), n))).await;
    drop(api);
    world.database.hide_changes().await;
    let (network, url) = Proxy::before(&world.database).await;
    let mut command = api_command();
    command.env("DATABASE_URL", url);
    let api = Process::start(command).await;
    api.healthy().await;
    // In another order than the database's, and with one that has no totals.
    let asked: Vec<_> = (0..100).rev().map(|n| format!("c{n}")).collect();
    let asked = asked.join(",");
    let query = format!("ids={asked}");
    let expected: Vec<_> = (0..99).rev().map(|n| format!("c{n}")).collect();
    assert_eq!(ids(&page(&api, &query).await), expected);

    // In either direction.
    network.set(Weather::Slow(Duration::from_millis(350)));
    let slow = page(&api, &query).await;
    assert_eq!((ids(&slow), &slow["total"]), (expected.clone(), &json!(99)));
    let mut stream = EventStream::open(&format!("{}/api/totals/stream?{query}", api.url), None).await;
    for campaign in asked.split(',') {
        let event = stream.next().await.unwrap();
        let kind = if campaign == "c99" { "no-totals" } else { "" };
        assert_eq!((event.campaign(), event.kind.as_str()), (campaign, kind));
    }
    assert_eq!(api.get("/health").await.1["live"]["current"], json!(false));
}

//! Pages from memory: they cost the database nothing, and are what is stored.

use futures::TryStreamExt;
use mongodb::bson::{Document, doc};
use reqwest::StatusCode;
use serde_json::json;

use super::{LIST, SORTS, campaign, ids, page, world_with};
use crate::harness::{Process, World, api_command, eventually};

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

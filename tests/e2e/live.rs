//! Totals from memory, and their push: what donors see the moment it is committed, and what it costs the database.

mod streams;

use futures::future::join_all;
use mongodb::bson::{Document, doc};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{EventStream, Process, World, eventually};

fn path(campaign: &str) -> String {
    format!("/api/totals/campaigns/{campaign}")
}

fn stream_url(api: &Process, campaign: &str) -> String {
    format!("{}{}/stream", api.url, path(campaign))
}

/// Waits until a campaign shows this revision.
async fn shows(api: &Process, campaign: &str, revision: i64) {
    eventually(
        async || api.get(&path(campaign)).await.1["data"]["revision"].as_i64(),
        |shown| *shown == Some(revision),
    )
    .await;
}

/// The reads of totals that the database has answered since its profile began.
async fn reads(world: &World) -> Vec<Document> {
    world.database.profiled("campaign_totals", "find").await
}

#[tokio::test]
async fn a_campaign_is_answered_from_memory_with_every_change() {
    let world = World::new().await;
    world.database.donate("hot").await.unwrap();
    let api = world.live_api(&[]).await;
    world.database.profile().await;

    join_all((0..50).map(|_| api.get("/api/totals/campaigns/hot"))).await;
    for revision in 2..=20 {
        world.database.donate("hot").await.unwrap();
        shows(&api, "hot", revision).await;
    }
    let found = reads(&world).await;
    // None, and perhaps some if a busy machine left the lease of what is in memory run out for a moment.
    assert!(found.len() <= 2, "{found:#?}");
}

#[tokio::test]
async fn a_campaign_without_totals_is_404_from_memory_until_its_first_donation() {
    let world = World::new().await;
    world.database.donate("other").await.unwrap();
    let api = world.live_api(&[]).await;
    world.database.profile().await;
    for _ in 0..20 {
        let (status, body) = api.get(&path("new")).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (StatusCode::NOT_FOUND, &json!("TOTALS_NOT_FOUND"))
        );
    }
    world.database.donate("new").await.unwrap();
    shows(&api, "new", 1).await;
    assert!(reads(&world).await.len() <= 2);

    // And the other way round: what an operator's reset removes.
    let totals = world.database.collection("campaign_totals");
    totals.delete_one(doc! { "_id": "new" }).await.unwrap();
    eventually(
        async || api.get(&path("new")).await.0,
        |status| *status == StatusCode::NOT_FOUND,
    )
    .await;
    world.database.donate("new").await.unwrap();
    shows(&api, "new", 1).await;
}

#[tokio::test]
async fn an_answer_names_its_version_and_is_not_sent_twice() {
    let world = World::new().await;
    world.database.donate("c").await.unwrap();
    let api = world.live_api(&[]).await;
    let (client, url) = (reqwest::Client::new(), format!("{}{}", api.url, path("c")));
    let first = client.get(&url).send().await.unwrap();
    let etag = first.headers()["etag"].clone();
    assert!(etag.to_str().unwrap().starts_with("\"1-"), "{etag:?}");
    assert_eq!(first.headers()["cache-control"], "public, max-age=1");

    let again = async || {
        let request = client.get(&url).header("if-none-match", etag.clone());
        request.send().await.unwrap()
    };
    let same = again().await;
    assert_eq!(
        (same.status(), same.headers()["etag"].clone()),
        (StatusCode::NOT_MODIFIED, etag.clone())
    );
    assert!(same.bytes().await.unwrap().is_empty());

    let head = client.request(Method::HEAD, &url).send().await.unwrap();
    assert_eq!((head.status(), &head.headers()["etag"]), (StatusCode::OK, &etag));

    world.database.donate("c").await.unwrap();
    shows(&api, "c", 2).await;
    assert_eq!(again().await.status(), StatusCode::OK);
    let unknown = client.get(format!("{}{}", api.url, path("nobody"))).send();
    assert_eq!(
        unknown.await.unwrap().headers()["cache-control"],
        "public, max-age=1"
    );
}

#[tokio::test]
async fn memory_answers_to_the_letter_as_the_route_does() {
    let world = World::new().await;
    world.database.donate("c").await.unwrap();
    let api = world.live_api(&[]).await;
    let client = reqwest::Client::new();
    let ask = async |id: &str, tag: &str| {
        let request = client.get(format!("{}{}", api.url, path(id)));
        let request = request
            .header("if-none-match", tag)
            .header("x-request-id", "mine");
        let answer = request.send().await.unwrap();
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        headers.remove("date");
        (status, headers, answer.text().await.unwrap())
    };
    // An encoded id is the route's to read.
    for (id, encoded) in [("c", "%63"), ("nobody", "%6Eobody")] {
        let (_, headers, _) = ask(id, "").await;
        let tag = headers.get("etag").map_or("", |tag| tag.to_str().unwrap());
        for tag in ["", tag] {
            let (memory, route) = (ask(id, tag).await, ask(encoded, tag).await);
            assert_eq!(memory, route, "{id} {tag}");
            assert_eq!(memory.1["access-control-allow-origin"], "*");
            assert_eq!(memory.1["x-content-type-options"], "nosniff");
        }
    }
}

#[tokio::test]
async fn a_flood_of_unknown_ids_costs_neither_memory_nor_reads_of_the_database() {
    let world = World::new().await;
    let hot: Vec<_> = (0..20).map(|number| format!("hot{number}")).collect();
    for campaign in &hot {
        world.database.donate(campaign).await.unwrap();
    }
    // A setting of earlier versions.
    let api = world.live_api(&[("LIVE_CAMPAIGNS", "200")]).await;
    api.logged("LIVE_CAMPAIGNS has no effect any more").await;
    for campaign in &hot {
        shows(&api, campaign, 1).await;
    }
    let mut stream = EventStream::open(&stream_url(&api, "watched"), None).await;
    stream.next().await.unwrap();
    world.database.profile().await;
    for round in 0..20 {
        let flood = (0..100).map(|number| {
            let api = &api;
            async move { api.get(&path(&format!("unknown{round}-{number}"))).await }
        });
        join_all(flood).await;
        for campaign in &hot {
            shows(&api, campaign, 1).await;
        }
    }
    assert_eq!(api.healthy().await["live"]["campaigns"], 20);
    let read = reads(&world).await;
    // Of 2,400 answers; a lease that ran out for a moment makes some.
    assert!(read.len() <= 100, "read: {read:#?}");
    world.database.donate("watched").await.unwrap();
    assert_eq!(stream.next().await.unwrap().revision(), 1);
}

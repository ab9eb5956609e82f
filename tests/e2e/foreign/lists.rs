//! Totals of another making are left out of lists, of streams and of answers about several campaigns; an answer about
//! one of them alone is refused.

use mongodb::bson::{Bson, DateTime, doc};
use reqwest::StatusCode;
use serde_json::Value;

use super::{AFTER_YEAR_9999, counted, foreign, insert};
use crate::harness::{EventStream, Process, eventually};

async fn listed(api: &Process) -> Vec<String> {
    let (status, body) = api
        .get("/api/totals/campaigns?sortBy=totalAmount&sortOrder=asc&limit=1")
        .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["data"]["total"], 2, "{body}");
    let (status, body) = api
        .get("/api/totals/campaigns?sortBy=totalAmount&sortOrder=asc")
        .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let totals = body["data"]["totals"].as_array().unwrap();
    let id = |totals: &Value| totals["campaignId"].as_str().unwrap().to_owned();
    totals.iter().map(id).collect()
}

async fn expect_left_out(api: &Process) {
    assert_eq!(listed(api).await, ["other", "c"]);
    let (status, _) = api.get("/api/totals/campaigns/without-fields").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(api.get("/api/totals/campaigns/c").await.0, StatusCode::OK);
    assert_eq!(listed(api).await, ["other", "c"]);
    let told = api.log().matches("it is left out of lists").count();
    assert!(told <= foreign().len(), "{told} lines");
}

#[tokio::test]
async fn foreign_totals_are_left_out_of_lists_whether_they_were_there_or_come() {
    let world = counted().await;
    let later = world.live_api(&[]).await;
    for document in foreign() {
        insert(&world, "campaign_totals", document).await;
    }
    let api = world.live_api(&[]).await;
    expect_left_out(&api).await;
    api.logged("it is left out of lists").await;
    // It heard of them along the change stream, and of this one after them.
    world.database.donate("c").await.unwrap();
    eventually(
        || later.get("/api/totals/campaigns/c"),
        |(_, body)| body["data"]["totalPledges"] == 4,
    )
    .await;
    let health = later.healthy().await;
    assert_eq!(
        (&health["live"]["current"], &health["live"]["listed"]),
        (&true.into(), &true.into())
    );
    expect_left_out(&later).await;
    assert!(!later.log().contains("changes are lost"), "{}", later.log());
}

#[tokio::test]
async fn foreign_totals_are_left_out_of_pages_that_the_database_sorts() {
    let world = counted().await;
    for document in foreign() {
        insert(&world, "campaign_totals", document).await;
    }
    world.database.hide_changes().await;
    let api = world.api().await;
    expect_left_out(&api).await;
}

#[tokio::test]
async fn totals_that_break_and_are_mended_under_an_api_go_and_come_back() {
    let world = counted().await;
    let api = world.live_api(&[]).await;
    assert_eq!(listed(&api).await, ["other", "c"]);
    let other = async || api.get("/api/totals/campaigns/other").await;
    let page = async || api.get("/api/totals/campaigns").await;
    let gone = async || {
        eventually(other, |(status, _)| *status == StatusCode::SERVICE_UNAVAILABLE).await;
        eventually(page, |(_, body)| body["data"]["total"] == 1).await;
    };
    let back = async || {
        eventually(other, |(status, _)| *status == StatusCode::OK).await;
        eventually(page, |(_, body)| body["data"]["total"] == 2).await;
    };
    let set = async |field: &str, value: Bson| {
        let set = doc! { "$set": { field: value } };
        world.database.change("campaign_totals", "other", set).await;
    };
    for (field, broken, mended) in [
        (
            "lastUpdated",
            Bson::from("yesterday"),
            Bson::from(DateTime::now()),
        ),
        ("lastUpdated", AFTER_YEAR_9999.into(), DateTime::now().into()),
        ("revision", i64::MAX.into(), 2_i64.into()),
    ] {
        set(field, broken).await;
        gone().await;
        set(field, mended).await;
        back().await;
    }
    let all = world.database.collection("campaign_totals");
    let other_totals = doc! { "_id": "other" };
    let right = all.find_one(other_totals.clone()).await.unwrap().unwrap();
    let mut late = right.clone();
    late.insert("lastUpdated", AFTER_YEAR_9999);
    all.replace_one(other_totals.clone(), late).await.unwrap();
    gone().await;
    all.replace_one(other_totals, right).await.unwrap();
    back().await;
    assert!(!api.log().contains("has died"), "{}", api.log());
}

/// Asks for `c`, totals of another making and `other`, by id.
async fn expect_left_out_of_ids(api: &Process) {
    for _ in 0..2 {
        let (status, body) = api
            .get("/api/totals/campaigns?ids=c,without-fields,wrong-type,other")
            .await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let totals = body["data"]["totals"].as_array().unwrap();
        let ids: Vec<_> = totals.iter().map(|totals| &totals["campaignId"]).collect();
        assert_eq!(ids, ["c", "other"]);
        assert_eq!(body["data"]["total"], 2, "{body}");
    }
    let (status, _) = api.get("/api/totals/campaigns/without-fields").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    api.logged("it is left out of lists").await;
    let told = api.log().matches("it is left out of lists").count();
    assert!(told <= foreign().len(), "{told} lines");
}

#[tokio::test]
async fn foreign_totals_do_not_take_other_campaigns_from_who_asks_for_several() {
    let world = counted().await;
    for document in foreign() {
        insert(&world, "campaign_totals", document).await;
    }
    let api = world.live_api(&[]).await;
    expect_left_out_of_ids(&api).await;

    let url = format!("{}/api/totals/stream?ids=c,wrong-type,other", api.url);
    let mut stream = EventStream::open(&url, None).await;
    for campaign in ["c", "other"] {
        assert_eq!(stream.next().await.unwrap().campaign(), campaign);
    }
    world.database.donate("other").await.unwrap();
    assert_eq!(stream.next().await.unwrap().campaign(), "other");
    let mended = doc! { "$set": { "totalAmountMinor": 150_i64 } };
    world
        .database
        .change("campaign_totals", "wrong-type", mended)
        .await;
    assert_eq!(stream.next().await.unwrap().campaign(), "wrong-type");
    let alone = format!("{}/api/totals/campaigns/without-fields/stream", api.url);
    assert_eq!(EventStream::request(&alone, None).await.status(), 503);
}

#[tokio::test]
async fn foreign_totals_do_not_take_other_campaigns_from_who_asks_a_database_without_changes() {
    let world = counted().await;
    for document in foreign() {
        insert(&world, "campaign_totals", document).await;
    }
    world.database.hide_changes().await;
    let api = world.api().await;
    expect_left_out_of_ids(&api).await;
    // Another failure is no reason to leave a campaign out.
    let fails = doc! { "$addFields": { "never": { "$divide": ["$revision", 0] } } };
    world
        .database
        .run(doc! { "collMod": "campaign_totals", "viewOn": "hidden_totals", "pipeline": [fails] })
        .await;
    let path = "/api/totals/campaigns?ids=c,without-fields,other";
    let (status, body) = api.get(path).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
}

/// MongoDB answers with 16 MB at once, and then has to be asked for the rest.
#[tokio::test]
async fn foreign_totals_that_fill_an_answer_of_the_database_do_not_hide_what_comes_behind_them() {
    let world = counted().await;
    for id in ["a", "b", "d", "e"] {
        let large = doc! { "_id": id, "padding": "x".repeat(9 << 20) };
        insert(&world, "campaign_totals", large).await;
    }
    world.database.hide_changes().await;
    let api = world.api().await;
    let (status, body) = api.get("/api/totals/campaigns?ids=other,a,b,c,d,e").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let totals = body["data"]["totals"].as_array().unwrap().iter();
    let ids: Vec<_> = totals.map(|totals| &totals["campaignId"]).collect();
    assert_eq!(ids, ["other", "c"]);
}

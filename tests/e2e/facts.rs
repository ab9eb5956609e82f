//! Campaigns in their frame: facts that events tell of them, the share of their goal, and the sum of all of them.

use mongodb::bson::doc;
use rand::seq::SliceRandom;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::events::{Event, campaign_created, campaign_status, campaign_updated, created, refunded};
use crate::harness::{EventStream, Process, World, eventually};
use crate::tool::{json as answer, tool};

const CAMPAIGN: &str = "/api/totals/campaigns/c";

/// What events say of campaign `c`: two of them at one moment, and a goal that is taken back and set again.
fn told() -> Vec<Event> {
    let new = campaign_created("k1").with("title", json!("Wells"));
    let new = new
        .with("goalAmount", json!(10_000))
        .with("category", json!("water"));
    let new = new.with("startDate", json!("2025-11-01T00:00:00Z"));
    vec![
        new.at("2025-11-01T09:00:00.000Z"),
        campaign_status("k2", "ACTIVE").at("2025-11-02T09:00:00.000Z"),
        campaign_updated("k3", json!({ "goalAmount": 0 })).at("2025-11-03T09:00:00.000Z"),
        campaign_updated("k4", json!({ "goalAmount": 12_000, "title": "Deep wells" }))
            .at("2025-11-04T09:00:00.000Z"),
        campaign_updated("k5", json!({ "title": "Deeper wells" })).at("2025-11-04T09:00:00.000Z"),
        campaign_updated(
            "k6",
            json!({ "endDate": "2025-12-01T00:00:00Z", "description": "…" }),
        )
        .at("2025-11-05T09:00:00.000Z"),
        created("e1", "d1").amount(6001.2).donor("ada"),
        refunded("e2", "d1").amount(0.2),
        created("e3", "d2").amount(5.0).campaign("other"),
    ]
}

/// What `told` makes of campaign `c`, without what moves with each commit.
fn expected() -> Value {
    json!({
        "campaignId": "c", "totalAmount": 6001, "totalAmountMinor": 600_100, "totalPledges": 1, "totalDonors": 1,
        "currency": "USD", "title": "Deeper wells", "status": "ACTIVE", "startsAt": "2025-11-01T00:00:00.000Z",
        "endsAt": "2025-12-01T00:00:00.000Z", "category": "water",
        "goal": { "amount": 12_000, "amountMinor": 1_200_000, "percent": 50, "remaining": 5999 },
    })
}

/// Campaign `c` as the API shows it, without what moves with each commit.
async fn shown(api: &Process) -> Value {
    let (_, mut body) = api.get(CAMPAIGN).await;
    let mut data = body["data"].take();
    if let Some(data) = data.as_object_mut() {
        data.remove("revision");
        data.remove("lastUpdated");
    }
    data
}

#[tokio::test]
async fn facts_are_the_same_whatever_the_order_and_however_often_events_come() {
    let world = World::new().await;
    let (_worker, api) = (world.worker().await, world.live_api(&[]).await);
    let count = told().len();
    let mut events: Vec<Event> = told().into_iter().chain(told()).collect();
    events.shuffle(&mut rand::rng());
    world.publish(events).await;
    world.expect_settled(count).await;
    let expected = expected();
    eventually(|| shown(&api), |shown| *shown == expected).await;
    world.database.check_invariants().await;
    let verified = answer(&world, 0, &["verify"]).await;
    assert_eq!(verified["differences"]["count"], 0, "{verified}");

    let (_, list) = api.get("/api/totals/campaigns?limit=1&sortBy=totalAmount").await;
    assert_eq!(list["data"]["totals"][0]["title"], "Deeper wells", "{list}");
    let (_, batch) = api.get("/api/totals/campaigns?ids=c").await;
    assert_eq!(batch["data"]["totals"][0]["goal"], expected["goal"]);
}

#[tokio::test]
async fn a_watcher_sees_a_goal_change_as_it_sees_a_donation() {
    let world = World::new().await;
    let (_worker, api) = (world.worker().await, world.live_api(&[]).await);
    let (status, _) = api.get(CAMPAIGN).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let mut stream = EventStream::open(&format!("{}{CAMPAIGN}/stream", api.url), None).await;
    assert_eq!(stream.next().await.unwrap().kind, "no-totals");

    world
        .publish([campaign_created("k1").with("goalAmount", json!(100))])
        .await;
    let zero = stream.next().await.unwrap();
    assert_eq!(
        (&zero.data["totalAmount"], zero.revision()),
        (&json!(0), 1),
        "a true zero"
    );
    assert_eq!(
        zero.data["goal"],
        json!({ "amount": 100, "amountMinor": 10_000, "percent": 0, "remaining": 100 })
    );
    let (status, body) = api.get(CAMPAIGN).await;
    assert_eq!((status, &body["data"]), (StatusCode::OK, &zero.data));

    world.publish([created("e1", "d1").amount(99.99)]).await;
    let nearly = stream.next().await.unwrap();
    assert_eq!(
        (&nearly.data["goal"]["percent"], nearly.revision()),
        (&json!(99.99), 2)
    );
    let later = campaign_updated("k2", json!({ "goalAmount": 50 })).at("2025-11-22T10:00:00.000Z");
    world.publish([later]).await;
    let reached = stream.next().await.unwrap();
    assert_ne!(reached.id, nearly.id);
    assert_eq!(reached.revision(), 3);
    assert_eq!(
        reached.data["goal"],
        json!({ "amount": 50, "amountMinor": 5000, "percent": 199.98, "remaining": 0 })
    );
}

#[tokio::test]
async fn rebuild_puts_damaged_facts_right_and_explain_names_who_said_them() {
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish(told()).await;
    world.expect_settled(told().len()).await;
    worker.terminate().await;

    let forged = doc! { "$set": { "facts.title.value": "Wells of mine" }, "$unset": { "facts.goal": 1 } };
    world.database.change("campaign_totals", "c", forged).await;
    let verified = answer(&world, 1, &["verify"]).await;
    let difference = &verified["differences"]["shown"][0];
    assert_eq!(difference["kind"], "facts", "{verified}");
    assert_eq!(difference["stored"][0]["value"], "Wells of mine");
    assert_eq!(difference["expected"][1]["value"], "12000");
    tool(&world, &["verify"])
        .await
        .expect_text("said by k5 of 2025-11-04T09:00:00.000Z");

    answer(&world, 0, &["rebuild"]).await;
    answer(&world, 0, &["verify"]).await;
    let api = world.live_api(&[]).await;
    assert_eq!(shown(&api).await, expected());

    let explained = answer(&world, 0, &["explain", "c"]).await;
    let said = explained["facts"].as_array().unwrap();
    let by: Vec<_> = said
        .iter()
        .map(|it| (it["fact"].as_str().unwrap(), it["eventId"].as_str().unwrap()))
        .collect();
    let writers = [
        ("title", "k5"),
        ("goal", "k4"),
        ("status", "k2"),
        ("startsAt", "k1"),
        ("endsAt", "k6"),
        ("category", "k1"),
    ];
    assert_eq!(by, writers);
    let told = explained["parts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["did"].as_str().unwrap().starts_with("told"));
    assert_eq!(told.map(|part| part["events"].as_i64().unwrap()).sum::<i64>(), 6);
}

#[tokio::test]
async fn the_sum_is_of_all_campaigns_from_memory_and_from_the_database() {
    let world = World::new().await;
    let (worker, api) = (world.worker().await, world.live_api(&[]).await);
    let none = json!({
        "totalAmount": 0, "totalAmountMinor": 0, "totalPledges": 0, "campaigns": 0, "currency": "USD",
    });
    assert_eq!(api.get("/api/totals").await.1["data"], none);
    let mut stream = EventStream::open(&format!("{}/api/totals/stream", api.url), None).await;
    assert_eq!(stream.next().await.unwrap().data, none);

    world.publish(told()).await;
    world.expect_settled(told().len()).await;
    let sum = async |api: &Process, path: &str| {
        let (status, mut body) = api.get(path).await;
        let data = &mut body["data"];
        data.as_object_mut().map(|data| data.remove("lastUpdated"));
        (status, data.take())
    };
    let all = json!({
        "totalAmount": 6006, "totalAmountMinor": 600_600, "totalPledges": 2, "campaigns": 2, "currency": "USD",
    });
    eventually(|| sum(&api, "/api/totals"), |(_, sum)| *sum == all).await;
    let other = json!({
        "totalAmount": 5, "totalAmountMinor": 500, "totalPledges": 1, "campaigns": 1, "currency": "USD",
    });
    assert_eq!(sum(&api, "/api/totals?ids=other,nobody,other").await.1, other);
    loop {
        let next = stream.next().await.unwrap().data;
        if next["totalAmountMinor"] == all["totalAmountMinor"] {
            assert_eq!(next, api.get("/api/totals").await.1["data"]);
            break;
        }
    }

    // One that cannot be read leaves no sum: neither in memory nor in the database.
    worker.terminate().await;
    let damaged = doc! { "$set": { "totalAmountMinor": "a lot" } };
    world.database.change("campaign_totals", "other", damaged).await;
    let status = async || sum(&api, "/api/totals").await.0;
    eventually(status, |status| *status == StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(
        sum(&api, "/api/totals?ids=c,other").await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(sum(&api, "/api/totals?ids=c").await.0, StatusCode::OK);
    let mended = doc! { "$set": { "totalAmountMinor": 500_i64 } };
    world.database.change("campaign_totals", "other", mended).await;
    eventually(|| sum(&api, "/api/totals"), |(_, sum)| *sum == all).await;
    let (status, _) = api.get("/api/totals?ids=").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    drop(api);

    world.database.hide_changes().await;
    let api = world.api().await;
    assert_eq!(sum(&api, "/api/totals").await, (StatusCode::OK, all));
}

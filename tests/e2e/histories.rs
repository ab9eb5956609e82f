//! Totals over time, as they are read: of a campaign and of all, by the days of any zone, from memory and from the database.

use mongodb::bson::doc;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::events::{Event, created, refunded};
use crate::harness::{EventStream, Process, World, eventually};
use crate::tool::json as answer;

const CAMPAIGN: &str = "/api/totals/campaigns/c/history";
const PLATFORM: &str = "/api/totals/history";

/// From one day before the clocks of Berlin go back to one day after.
const DAYS: &str = "from=2025-10-25&to=2025-10-28";

/// A donation of this amount, made at this time.
fn made(id: &str, amount: f64, time: &str) -> Event {
    created(&format!("e-{id}"), id)
        .amount(amount)
        .with("timestamp", json!(time))
}

/// Donations around the day of 25 hours, some at one side of a midnight of Berlin and at the other of one of UTC.
fn told() -> Vec<Event> {
    vec![
        made("d1", 10.0, "2025-10-25T22:30:00Z"),
        made("d2", 20.0, "2025-10-26T22:30:00Z"),
        made("d3", 5.5, "2025-10-26T23:10:00Z"),
        // Taken from the day of its donation.
        refunded("r2", "d2")
            .amount(8.0)
            .with("timestamp", json!("2025-11-05T10:00:00Z")),
        made("d4", 3.0, "2025-10-26T12:00:00Z").campaign("other"),
        // Later than what is asked for.
        made("d5", 100.0, "2025-11-02T12:00:00Z"),
    ]
}

async fn history(api: &Process, path: &str, query: &str) -> Value {
    let (status, mut body) = api.get(&format!("{path}?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body["data"].take()
}

/// Each point's start, amount, pledges and total, the last three as they are in minor units.
fn points(data: &Value) -> Vec<(&str, i64, i64, i64)> {
    let points = data["points"].as_array().unwrap().iter();
    let number = |point: &Value, name: &str| point[name].as_i64().unwrap();
    points
        .map(|point| {
            let start = point["start"].as_str().unwrap();
            let [amount, pledges, total] =
                ["amountMinor", "pledges", "totalMinor"].map(|name| number(point, name));
            (start, amount, pledges, total)
        })
        .collect()
}

/// Checks what an API shows of [`told`].
async fn shows_all(api: &Process) {
    let berlin = format!("{DAYS}&timeZone=Europe/Berlin");
    let of_campaign = history(api, CAMPAIGN, &berlin).await;
    assert_eq!(
        points(&of_campaign),
        [
            ("2025-10-25T00:00:00+02:00", 0, 0, 0),
            ("2025-10-26T00:00:00+02:00", 2200, 2, 2200),
            ("2025-10-27T00:00:00+01:00", 550, 1, 2750),
        ]
    );
    let last = &of_campaign["points"][2];
    assert_eq!((&last["amount"], &last["total"]), (&json!(5.5), &json!(27.5)));
    let around = json!({
        "campaignId": "c", "interval": "day", "timeZone": "Europe/Berlin", "currency": "USD",
        "from": "2025-10-25T00:00:00+02:00", "to": "2025-10-28T00:00:00+01:00",
        "totalAmount": 127.5, "totalAmountMinor": 12_750, "totalPledges": 4, "revision": of_campaign["revision"],
    });
    let mut rest = of_campaign.clone();
    rest.as_object_mut().unwrap().remove("points");
    assert_eq!(rest, around);

    let of_all = history(api, PLATFORM, &berlin).await;
    assert_eq!(
        points(&of_all),
        [
            ("2025-10-25T00:00:00+02:00", 0, 0, 0),
            ("2025-10-26T00:00:00+02:00", 2500, 3, 2500),
            ("2025-10-27T00:00:00+01:00", 550, 1, 3050),
        ]
    );
    assert_eq!(of_all["totalAmountMinor"], 13_050);
    assert_eq!((of_all.get("campaignId"), of_all.get("revision")), (None, None));

    assert_eq!(
        points(&history(api, CAMPAIGN, DAYS).await),
        [
            ("2025-10-25T00:00:00+00:00", 1000, 1, 1000),
            ("2025-10-26T00:00:00+00:00", 1750, 2, 2750),
            ("2025-10-27T00:00:00+00:00", 0, 0, 2750),
        ]
    );
    // An hour of Kathmandu begins at a quarter past the hour of UTC.
    let hours = "interval=hour&timeZone=Asia/Kathmandu&from=2025-10-26T22:20Z&to=2025-10-27T06:00";
    assert_eq!(
        points(&history(api, CAMPAIGN, hours).await),
        [
            ("2025-10-27T04:00:00+05:45", 1750, 2, 2750),
            ("2025-10-27T05:00:00+05:45", 0, 0, 2750),
        ]
    );
    let months = "interval=month&from=2025-10-31&to=2025-11-02";
    assert_eq!(
        points(&history(api, CAMPAIGN, months).await),
        [
            ("2025-10-01T00:00:00+00:00", 2750, 3, 2750),
            ("2025-11-01T00:00:00+00:00", 10_000, 1, 12_750),
        ]
    );
}

#[tokio::test]
async fn histories_are_exact_in_any_zone_from_memory_and_from_the_database() {
    let world = World::new().await;
    let (worker, api) = (world.worker().await, world.live_api(&[]).await);
    let (status, body) = api.get(CAMPAIGN).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("TOTALS_NOT_FOUND"))
    );
    assert_eq!(
        history(&api, PLATFORM, "").await["points"]
            .as_array()
            .unwrap()
            .len(),
        30
    );
    world.publish(told()).await;
    world.expect_settled(told().len()).await;
    let settled = async || api.get("/api/totals").await.1["data"]["totalAmountMinor"].clone();
    eventually(settled, |amount| *amount == 13_050).await;
    shows_all(&api).await;
    worker.terminate().await;
    drop(api);

    world.database.hide_changes().await;
    let api = world.api().await;
    shows_all(&api).await;
    let (status, _) = api.get("/api/totals/campaigns/nobody/history").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

/// How often the database was asked for days.
async fn reads(world: &World) -> usize {
    let campaigns = world.database.profiled("campaign_history", "find").await.len();
    campaigns + world.database.profiled("platform_history", "find").await.len()
}

#[tokio::test]
async fn a_second_answer_comes_from_memory_until_something_changes() {
    let world = World::new().await;
    let (_worker, api) = (world.worker().await, world.live_api(&[]).await);
    world.publish(told()).await;
    world.expect_settled(told().len()).await;
    let settled = async || api.get("/api/totals").await.1["data"]["totalAmountMinor"].clone();
    eventually(settled, |amount| *amount == 13_050).await;
    world.database.profile().await;
    let client = reqwest::Client::new();
    let ask = async |path: &str, etag: &str| {
        let request = client.get(format!("{}{path}?{DAYS}", api.url));
        request.header("if-none-match", etag).send().await.unwrap()
    };
    for path in [CAMPAIGN, PLATFORM] {
        let first = ask(path, "").await;
        let etag = first.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(first.headers()["cache-control"], "public, max-age=1");
        let first = first.text().await.unwrap();
        let before = reads(&world).await;
        for _ in 0..20 {
            assert_eq!(ask(path, "").await.text().await.unwrap(), first);
            let known = ask(path, &etag).await;
            assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(known.headers()["etag"].to_str().unwrap(), etag);
        }
        // A lease that ran out for a moment on a busy machine makes some.
        let read = reads(&world).await - before;
        assert!(read <= 2, "{path}: {read} reads");

        let mut stream = EventStream::open(&format!("{}/api/totals/campaigns/c/stream", api.url), None).await;
        let revision = stream.next().await.unwrap().revision();
        world
            .publish([made(&format!("more of {path}"), 1.0, "2025-10-27T10:00:00Z")])
            .await;
        let next = stream.next().await.unwrap();
        assert_eq!(next.revision(), revision + 1);
        let changed = ask(path, &etag).await;
        assert_eq!(changed.status(), StatusCode::OK, "{path}");
        let changed: Value = serde_json::from_str(&changed.text().await.unwrap()).unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        let pledges = |body: &Value| body["data"]["points"][2]["pledges"].as_i64().unwrap();
        assert_eq!(pledges(&changed), pledges(&first) + 1, "{path}");
        if path == CAMPAIGN {
            assert_eq!(changed["data"]["revision"].as_i64(), Some(next.revision()));
            assert_eq!(changed["data"]["totalAmountMinor"], next.data["totalAmountMinor"]);
        }
    }
}

#[tokio::test]
async fn a_history_is_whole_at_each_moment_and_never_goes_back() {
    let world = World::new().await;
    let (_worker, api) = (world.worker().await, world.live_api(&[]).await);
    let time = |number: usize| format!("2025-11-{:02}T{:02}:40:00Z", number % 20 + 1, number % 24);
    let events = (0..600).map(|number| made(&format!("d{number}"), 1.0, &time(number)));
    let publishing = async {
        for some in events.collect::<Vec<_>>().chunks(6) {
            world.publish(some.to_vec()).await;
        }
    };
    let reading = async {
        let query = "from=2025-10-30&to=2025-12-01&timeZone=America/St_Johns";
        let (mut seen, mut answers) = ([0; 2], 0);
        while seen[0] < 60_000 {
            for (place, total, path) in [
                (0, "/api/totals/campaigns/c", CAMPAIGN),
                (1, "/api/totals", PLATFORM),
            ] {
                let shown = |body: &Value| body["data"]["totalAmountMinor"].as_i64().unwrap_or(0);
                let before = shown(&api.get(total).await.1);
                assert!(before >= seen[place], "{total}");
                if before == 0 {
                    continue;
                }
                let data = history(&api, path, query).await;
                let points = points(&data);
                let whole = data["totalAmountMinor"].as_i64().unwrap();
                assert!(whole >= before, "{path}");
                assert_eq!(points.last().unwrap().3, whole, "{path}");
                assert_eq!(points.iter().map(|point| point.1).sum::<i64>(), whole, "{path}");
                seen[place] = shown(&api.get(total).await.1);
                assert!(seen[place] >= whole, "{total} after {path}");
                answers += 1;
            }
        }
        assert!(answers > 10, "{answers}");
    };
    tokio::join!(publishing, reading);
}

#[tokio::test]
async fn nothing_is_shown_of_a_history_that_lacks_a_donation() {
    let world = World::new().await;
    let (worker, api) = (world.worker().await, world.live_api(&[]).await);
    world.publish(told()).await;
    world.expect_settled(told().len()).await;
    worker.terminate().await;
    let is = async |path: &str, status: StatusCode| {
        eventually(async || api.get(path).await, |(is, _)| *is == status)
            .await
            .1
    };
    is(CAMPAIGN, StatusCode::OK).await;
    drop(api);

    // As an earlier version leaves a donation behind: it writes no time and no slots.
    let donations = world.database.collection("donations");
    let untimed = doc! { "$unset": { "at": "" } };
    donations.update_one(doc! { "_id": "d1" }, untimed).await.unwrap();
    let refused = async |api: &Process, path: &str| {
        let (status, body) = api.get(path).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}: {body}");
        let message = body["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("totals-worker rebuild"), "{message}");
    };
    let api = world.live_api(&[]).await;
    refused(&api, CAMPAIGN).await;
    refused(&api, PLATFORM).await;
    // The totals are right meanwhile.
    assert_eq!(api.get("/api/totals/campaigns/c").await.0, StatusCode::OK);
    answer(&world, 0, &["rebuild"]).await;
    shows_all(&api).await;

    // A slot that somebody has changed.
    let days = world.database.collection("campaign_history");
    let day = doc! { "_id": { "campaignId": "c", "day": 20_386_i32 } };
    let changed = days
        .update_one(day, doc! { "$inc": { "amountMinor.90": 1_i64 } })
        .await;
    assert_eq!(changed.unwrap().modified_count, 1);
    drop(api);
    let api = world.live_api(&[]).await;
    refused(&api, CAMPAIGN).await;
    answer(&world, 0, &["rebuild"]).await;
    shows_all(&api).await;
}

#[tokio::test]
async fn a_request_for_a_history_that_cannot_be_is_told_what_can() {
    let world = World::new().await;
    let api = world.api().await;
    for (query, part) in [
        (
            "interval=year",
            "interval must be one of quarter, hour, day, week, month",
        ),
        (
            "timeZone=Mars/Olympus",
            "timeZone must be a name of the IANA time zone database",
        ),
        ("from=2025-11-02&to=2025-11-01", "from must be earlier than to"),
        ("from=yesterday", "from must be a date such as 2025-11-21"),
        (
            "interval=quarter&from=2025-01-01&to=2025-02-01",
            "an answer has at most 1000 intervals",
        ),
    ] {
        for path in [CAMPAIGN, PLATFORM] {
            let (status, body) = api.get(&format!("{path}?{query}")).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
            let message = body["error"]["message"].as_str().unwrap();
            assert!(message.starts_with(part), "{message}");
        }
    }
}

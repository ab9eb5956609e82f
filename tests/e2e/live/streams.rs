//! Streams of one campaign and of several: they begin with what is shown, go on with every change, and never go back.

use std::time::Duration;

use futures::future::join_all;
use mongodb::bson::doc;
use reqwest::StatusCode;
use serde_json::json;
use tokio::time::{sleep, timeout};
use totals_core::domain::Timestamp;

use super::{path, shows, stream_url};
use crate::harness::proxy::{Proxy, Weather};
use crate::harness::{Client, DEADLINE, EventStream, Process, StreamEvent, World, eventually};

#[tokio::test]
async fn a_stream_begins_with_what_is_shown_and_goes_on_with_every_change() {
    let world = World::new().await;
    world.database.donate("c").await.unwrap();
    let api = world.live_api(&[]).await;
    let mut stream = EventStream::open(&stream_url(&api, "c"), None).await;
    let first = stream.next().await.unwrap();
    let (_, body) = api.get(&path("c")).await;
    assert_eq!((first.id, first.kind.as_str()), (version(&api, "c").await, ""));
    assert_eq!(first.data, body["data"]);
    let mut ids = Vec::new();
    for revision in 2..=10 {
        world.database.donate("c").await.unwrap();
        let next = stream.next().await.unwrap();
        assert_eq!(
            (next.revision(), &next.data["totalPledges"]),
            (revision, &json!(revision))
        );
        ids.push(next.id);
    }

    // Who comes back with the newest is sent the next; who comes back with another is sent the newest.
    let mut known = EventStream::open(&stream_url(&api, "c"), ids.pop().as_deref()).await;
    let mut behind = EventStream::open(&stream_url(&api, "c"), ids.pop().as_deref()).await;
    assert_eq!(behind.next().await.unwrap().revision(), 10);
    world.database.donate("c").await.unwrap();
    assert_eq!(known.next().await.unwrap().revision(), 11);

    let mut unknown = EventStream::open(&stream_url(&api, "new"), None).await;
    let none = unknown.next().await.unwrap();
    assert_eq!(
        (none.id.as_str(), none.kind.as_str(), none.data),
        ("0", "no-totals", json!({ "campaignId": "new" }))
    );
    world.database.donate("new").await.unwrap();
    assert_eq!(unknown.next().await.unwrap().revision(), 1);
}

/// What is between the quotes of the `ETag` of a campaign's answer.
async fn version(api: &Process, campaign: &str) -> String {
    let url = format!("{}{}", api.url, path(campaign));
    let answer = reqwest::get(url).await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap();
    etag.trim_matches('"').to_owned()
}

/// The first state that the stream of `c` sends to a client that comes back with this id.
async fn sent_after(api: &Process, last: &str) -> (i64, String) {
    let mut stream = EventStream::open(&stream_url(api, "c"), Some(last)).await;
    // Heartbeats alone would keep it waiting for ever.
    let event = timeout(DEADLINE, stream.next()).await;
    let event = event.expect("nothing but heartbeats").unwrap();
    (event.revision(), event.id)
}

#[tokio::test]
async fn who_comes_back_after_a_reset_or_a_restore_is_told_at_once() {
    let world = World::new().await;
    for _ in 0..7 {
        world.database.donate("c").await.unwrap();
    }
    let api = world.live_api(&[]).await;
    shows(&api, "c", 7).await;
    let seventh = version(&api, "c").await;

    // Gone.
    let totals = world.database.collection("campaign_totals");
    let kept = totals
        .find_one_and_delete(doc! { "_id": "c" })
        .await
        .unwrap()
        .unwrap();
    eventually(
        async || api.get(&path("c")).await.0,
        |status| *status == StatusCode::NOT_FOUND,
    )
    .await;
    assert_eq!(sent_after(&api, &seventh).await, (0, "0".to_owned()));
    assert_eq!(sent_after(&api, "7").await, (0, "0".to_owned()));

    // Begun anew, at a lower revision.
    for _ in 0..2 {
        world.database.donate("c").await.unwrap();
    }
    shows(&api, "c", 2).await;
    let second = (2, version(&api, "c").await);
    // The last three are no ids of ours, or of an earlier version: nothing follows from them.
    for last in [seventh.as_str(), "0", "7", "2", "x"] {
        assert_eq!(sent_after(&api, last).await, second, "{last}");
    }

    // Restored to another seventh revision.
    let mut restored = kept;
    restored.insert("lastUpdated", mongodb::bson::DateTime::now());
    totals.replace_one(doc! { "_id": "c" }, restored).await.unwrap();
    shows(&api, "c", 7).await;
    assert_eq!(sent_after(&api, &seventh).await, (7, version(&api, "c").await));
    assert_ne!(version(&api, "c").await, seventh);
}

#[tokio::test]
async fn one_stream_tells_of_many_campaigns() {
    let world = World::new().await;
    for campaign in ["a", "b"] {
        world.database.donate(campaign).await.unwrap();
    }
    let api = world.live_api(&[]).await;
    let mut stream = EventStream::open(&format!("{}/api/totals/stream?ids=a,b,c", api.url), None).await;
    for (campaign, revision) in [("a", 1), ("b", 1), ("c", 0)] {
        let first = stream.next().await.unwrap();
        assert_eq!((first.campaign(), first.revision()), (campaign, revision));
    }
    for campaign in ["c", "a", "b", "c"] {
        world.database.donate(campaign).await.unwrap();
        let event = stream.next().await.unwrap();
        assert_eq!(
            (event.campaign(), event.id.clone()),
            (campaign, version(&api, campaign).await)
        );
    }
    let too_many: Vec<_> = (0..101).map(|number| number.to_string()).collect();
    for query in ["?ids=", &format!("?ids={}", too_many.join(","))] {
        let url = format!("{}/api/totals/stream{query}", api.url);
        assert_eq!(EventStream::request(&url, None).await.status(), 400, "{query}");
    }
}

#[tokio::test]
async fn streams_beyond_the_bound_are_refused_and_all_end_when_the_service_stops() {
    let world = World::new().await;
    let api = world.live_api(&[("MAX_STREAMS", "2")]).await;
    let mut first = EventStream::open(&stream_url(&api, "a"), None).await;
    let second = EventStream::open(&stream_url(&api, "b"), None).await;
    let refused = EventStream::request(&stream_url(&api, "c"), None).await;
    assert_eq!(
        (refused.status(), &refused.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
    drop(second);
    eventually(
        async || api.healthy().await["live"]["streams"].as_u64(),
        |streams| *streams == Some(1),
    )
    .await;
    drop(EventStream::open(&stream_url(&api, "c"), None).await);

    first.next().await.unwrap();
    let ended = async { first.next().await };
    let (code, end) = tokio::join!(api.terminate(), ended);
    assert_eq!((code, end), (Some(0), None));
}

#[tokio::test]
async fn who_reads_late_is_sent_the_newest_and_little_of_what_was_in_between() {
    const CHANGES: i64 = 3_000;
    const TOGETHER: i64 = 100;
    let world = World::new().await;
    world.database.donate("c").await.unwrap();
    let api = world.live_api(&[]).await;
    let mut late = Client::connect_narrow(&api).await;
    late.ask(&format!("{}/stream", path("c"))).await;
    late.read_until("data: ").await;
    let mut prompt = EventStream::open(&stream_url(&api, "c"), None).await;
    for _ in 0..CHANGES / TOGETHER {
        join_all((0..TOGETHER).map(async |_| world.database.donate("c").await.unwrap())).await;
    }
    let newest = CHANGES + 1;
    while prompt.next().await.unwrap().revision() < newest {}

    let read = late.read_until(&format!("\"revision\":{newest}}}")).await;
    let sent = read.matches("data: ").count();
    assert!(sent < 300, "{sent} of {CHANGES} were sent");
}

/// The platform's gateway ends an answer after 10 s without a word, and others after less.
#[tokio::test]
async fn a_silent_stream_is_never_silent_for_long_and_no_proxy_may_change_it() {
    const SILENCE: Duration = Duration::from_millis(5500);
    let world = World::new().await;
    world.database.donate("c").await.unwrap();
    let api = world.live_api(&[]).await;
    let mut stream = EventStream::open_with(&stream_url(&api, "c"), &[("accept-encoding", "gzip, br")]).await;
    let headers = stream.headers();
    assert_eq!(headers["cache-control"], "no-cache, no-store, no-transform");
    assert_eq!(headers["x-accel-buffering"], "no");
    assert_eq!(headers["content-encoding"], "identity");
    stream.next().await.unwrap();
    for _ in 0..3 {
        let heartbeat = timeout(SILENCE, stream.heartbeat()).await;
        heartbeat.expect("silent for longer than a heartbeat takes");
    }
}

/// Nobody can tell by the stream itself whether nothing happens or nothing is heard.
#[tokio::test]
async fn streams_say_when_what_they_have_sent_may_be_old_and_when_it_is_right_again() {
    let world = World::new().await;
    world.database.donate("c").await.unwrap();
    let (network, url) = Proxy::before(&world.database).await;
    let api = world
        .live_api(&[("DATABASE_URL", &url), ("DONATION_FEED", "amounts")])
        .await;
    let paths = [
        "campaigns/c/stream",
        "stream?ids=c,d",
        "stream",
        "campaigns/c/donations/stream",
    ];
    let mut streams = Vec::new();
    for path in paths {
        let mut stream = EventStream::open(&format!("{}/api/totals/{path}", api.url), None).await;
        for _ in 0..if path.contains("ids") { 2 } else { 1 } {
            stream.next().await.unwrap();
        }
        streams.push(stream);
    }
    // An election of the database's members takes some seconds, and is told to nobody.
    network.set(Weather::Stalled);
    sleep(Duration::from_secs(2)).await;
    network.set(Weather::Clear);
    world.database.donate("c").await.unwrap();
    assert_eq!(streams[0].next_of_any_kind().await.unwrap().revision(), 2);

    let before = Timestamp::now();
    network.set(Weather::Stalled);
    for stream in &mut streams {
        let told = until_of_itself(stream).await;
        assert_eq!(told.kind, "stale");
        let as_of = Timestamp::parse(told.data["asOf"].as_str().unwrap()).unwrap();
        assert!(
            as_of.since(before) < Duration::from_secs(2),
            "{as_of} after {before}"
        );
    }
    network.set(Weather::Clear);
    for stream in &mut streams {
        assert_eq!(until_of_itself(stream).await.kind, "current");
    }
}

async fn until_of_itself(stream: &mut EventStream) -> StreamEvent {
    loop {
        let event = stream.next_of_any_kind().await.unwrap();
        if event.is_of_itself() {
            return event;
        }
    }
}

/// A drop and a rename of what is watched end the change stream that the watchers are told by.
#[tokio::test]
async fn watchers_see_at_once_that_the_totals_are_gone_and_that_they_are_back() {
    const AT_ONCE: Duration = Duration::from_secs(15);
    let world = World::new().await;
    world.database.donate("c").await.unwrap();
    world.database.donate("other").await.unwrap();
    let totals = world
        .database
        .collection("campaign_totals")
        .namespace()
        .to_string();
    let api = world.live_api(&[]).await;
    let mut one = EventStream::open(&stream_url(&api, "c"), None).await;
    let mut many = EventStream::open(&format!("{}/api/totals/stream?ids=c", api.url), None).await;
    let mut shown = async |revision: i64| {
        for stream in [&mut one, &mut many] {
            let seen = timeout(AT_ONCE, stream.next()).await;
            assert_eq!(seen.expect("still shown as before").unwrap().revision(), revision);
        }
    };
    // From memory, which has begun anew.
    let gone = async || {
        let live = async || api.get("/health").await.1["live"].clone();
        eventually(live, |live| live["listed"] == true && live["campaigns"] == 0).await;
        let (status, _) = api.get(&path("c")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    };
    shown(1).await;
    let rename = async |from: &str, to: &str| {
        world
            .database
            .run_admin(doc! { "renameCollection": from, "to": to })
            .await;
    };
    let away = format!("{totals}_away");
    rename(&totals, &away).await;
    shown(0).await;
    gone().await;
    rename(&away, &totals).await;
    shown(1).await;
    world.database.collection("campaign_totals").drop().await.unwrap();
    shown(0).await;
    gone().await;
    world.database.donate("c").await.unwrap();
    shown(1).await;
    world.database.run(doc! { "dropDatabase": 1 }).await;
    shown(0).await;
    gone().await;
    world.database.donate("c").await.unwrap();
    shown(1).await;
}

//! The latest donations: what is shown of them, in pages and as they change, and what is not.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use totals_core::domain::Timestamp;

use crate::events::{Event, created, refunded};
use crate::harness::proxy::{Proxy, Weather};
use crate::harness::{EventStream, Process, World, eventually};
use crate::tool;

const NAMES: &[(&str, &str)] = &[("DONATION_FEED", "names")];

/// A donation that is made now.
fn made_now(number: usize) -> Event {
    let now = Timestamp::now().to_string();
    created(&format!("e{number}"), &format!("donation-{number}"))
        .donor(&format!("donor-{number}"))
        .with("timestamp", json!(now))
        .at(&now)
}

fn named(number: usize, name: &str) -> Event {
    made_now(number)
        .with("donorName", json!(name))
        .with("isAnonymous", json!(false))
}

fn path(query: &str) -> String {
    format!("/api/totals/campaigns/c/donations{query}")
}

async fn page(api: &Process, query: &str) -> Value {
    let (status, body) = api.get(&path(query)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body["data"].clone()
}

/// The amounts and names of a list.
fn shown(list: &Value) -> Vec<(i64, Option<String>)> {
    let donations = list["donations"].as_array().unwrap().iter();
    let shown = donations.map(|it| {
        let name = it.get("name").map(|name| name.as_str().unwrap().to_owned());
        (it["amountMinor"].as_i64().unwrap(), name)
    });
    shown.collect()
}

fn named_as(names: &[(i64, Option<&str>)]) -> Vec<(i64, Option<String>)> {
    let owned = names
        .iter()
        .map(|(amount, name)| (*amount, name.map(str::to_owned)));
    owned.collect()
}

#[tokio::test]
async fn what_is_shown_is_what_the_operator_and_the_donor_agree_to() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let long_ago = created("e0", "donation-0")
        .with("donorName", json!("Old"))
        .with("isAnonymous", json!(false));
    world
        .publish_one_by_one([
            named(1, "Ada\u{202e} \u{7}Lovelace").amount(1.0),
            named(2, "Bob").amount(2.0).with("isAnonymous", json!(true)),
            made_now(3).amount(3.0).with("donorName", json!("Cleo")),
            named(4, "Dan").amount(4.0).with("isAnonymous", json!("false")),
            long_ago,
            refunded("r5", "donation-5").amount(2.5),
            named(5, "Eve").amount(5.0),
            named(6, "Fay").amount(6.0),
            refunded("r6", "donation-6").amount(6.0),
            // Nothing new: told by another event before.
            named(7, "Gil")
                .amount(1.0)
                .with("donationId", json!("donation-1"))
                .with("donorId", json!("donor-1")),
        ])
        .await;

    let off = world.live_api(&[]).await;
    for path in [path(""), path("/stream")] {
        let (status, body) = off.get(&path).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (StatusCode::NOT_FOUND, &json!("NOT_FOUND"))
        );
        assert!(
            body["error"]["message"]
                .as_str()
                .unwrap()
                .contains("DONATION_FEED"),
            "{body}"
        );
    }
    let amounts = world.live_api(&[("DONATION_FEED", "amounts")]).await;
    let without_names = named_as(&[(250, None), (400, None), (300, None), (200, None), (100, None)]);
    assert_eq!(shown(&page(&amounts, "").await), without_names);

    let names = world.live_api(NAMES).await;
    let list = page(&names, "").await;
    let with_names = named_as(&[
        (250, Some("Eve")),
        (400, None),
        (300, None),
        (200, None),
        (100, Some("Ada Lovelace")),
    ]);
    assert_eq!(shown(&list), with_names);
    assert_eq!(
        (&list["campaignId"], &list["currency"]),
        (&json!("c"), &json!("USD"))
    );
    assert_eq!(
        (&list["donations"][0]["amount"], list.get("nextCursor")),
        (&json!(2.5), None)
    );
    let text = list.to_string();
    assert!(!text.contains("donor-") && !text.contains("donation-"), "{text}");
    let (status, body) = names.get("/api/totals/campaigns/unknown/donations").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("TOTALS_NOT_FOUND"))
    );
    for query in ["?limit=0", "?limit=101", "?limit=x", "?cursor=AAAA", "?cursor="] {
        assert_eq!(
            names.get(&path(query)).await.0,
            StatusCode::BAD_REQUEST,
            "{query}"
        );
    }
}

/// All pages of the list, of so many donations each.
async fn walk(api: &Process, limit: usize) -> Vec<Vec<i64>> {
    let (mut pages, mut query) = (Vec::new(), format!("?limit={limit}"));
    loop {
        let list = page(api, &query).await;
        pages.push(shown(&list).into_iter().map(|(amount, _)| amount).collect());
        match list["nextCursor"].as_str() {
            Some(cursor) => query = format!("?limit={limit}&cursor={cursor}"),
            None => return pages,
        }
        assert!(pages.len() < 1000, "the walk has no end");
    }
}

/// Whole batches are committed in the same millisecond.
#[tokio::test]
async fn a_walk_meets_each_donation_once_and_no_answer_looks_at_all() {
    const DONATIONS: usize = 150;
    const REFUNDED: usize = 2500;
    let world = World::new().await;
    world.worker().await.terminate().await;
    #[expect(clippy::cast_precision_loss, reason = "small")]
    world
        .publish((1..=DONATIONS).map(|number| made_now(number).amount(number as f64)))
        .await;
    let _worker = world.worker().await;
    world.expect_settled(DONATIONS).await;
    let api = world.live_api(NAMES).await;
    for limit in [1, 7, 100] {
        let pages = walk(&api, limit).await;
        let (last, full) = pages.split_last().unwrap();
        assert!(
            full.iter().all(|page| page.len() == limit) && last.len() <= limit,
            "{pages:?}"
        );
        let all: Vec<i64> = pages.concat();
        let each: HashSet<_> = all.iter().collect();
        assert_eq!((all.len(), each.len()), (DONATIONS, DONATIONS), "{limit}");
    }

    let numbers = 1000..1000 + REFUNDED;
    world.publish(numbers.clone().map(made_now)).await;
    world
        .publish(numbers.map(|number| refunded(&format!("r{number}"), &format!("donation-{number}"))))
        .await;
    world.expect_settled(DONATIONS + 2 * REFUNDED).await;
    // 2,000 rows a page, of 5,000 that show nothing.
    let pages = walk(&api, 100).await;
    let lengths: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(
        (&lengths[..2], pages.concat().len()),
        (&[0, 0][..], DONATIONS),
        "{lengths:?}"
    );
}

fn stream_url(api: &Process) -> String {
    format!("{}{}", api.url, path("/stream"))
}

#[tokio::test]
async fn a_stream_shows_the_newest_list_and_no_more_of_what_was_refunded_or_hidden() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let api = world.live_api(NAMES).await;
    let mut stream = EventStream::open(&stream_url(&api), None).await;
    let none = stream.next().await.unwrap();
    assert_eq!((none.kind.as_str(), none.id.as_str()), ("no-totals", "0"));

    world.publish([named(1, "Ada")]).await;
    let first = stream.next().await.unwrap();
    assert_eq!(shown(&first.data), named_as(&[(1000, Some("Ada"))]));
    assert_eq!(page(&api, "").await, first.data);
    world.publish([made_now(2)]).await;
    let second = stream.next().await.unwrap();
    assert_eq!(
        shown(&second.data),
        named_as(&[(1000, None), (1000, Some("Ada"))])
    );

    // Who comes back with the newest is sent the next alone; who comes back with another is sent the newest.
    let mut known = EventStream::open(&stream_url(&api), Some(&second.id)).await;
    let mut behind = EventStream::open(&stream_url(&api), Some(&first.id)).await;
    assert_eq!(behind.next().await.unwrap(), second);
    let asked = Instant::now();
    world.publish([refunded("r1", "donation-1")]).await;
    for stream in [&mut stream, &mut known, &mut behind] {
        assert_eq!(
            shown(&stream.next().await.unwrap().data),
            named_as(&[(1000, None)])
        );
    }
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_crowd_of_watchers_costs_one_read_for_each_change_and_has_its_bound() {
    const WATCHERS: usize = 40;
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([made_now(1)]).await;
    world.expect_settled(1).await;
    let api = world.live_api(&[NAMES, &[("MAX_STREAMS", "40")]].concat()).await;
    let mut streams = Vec::new();
    for _ in 0..WATCHERS {
        let mut stream = EventStream::open(&stream_url(&api), None).await;
        stream.next().await.unwrap();
        streams.push(stream);
    }
    let refused = EventStream::request(&stream_url(&api), None).await;
    assert_eq!(
        (refused.status(), &refused.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
    world.database.profile().await;
    for number in 2..=4 {
        world.publish([made_now(number)]).await;
        for stream in &mut streams {
            assert_eq!(shown(&stream.next().await.unwrap().data).len(), number);
        }
    }
    let walks = world.database.profiled("event_log", "find").await;
    let walks = walks
        .iter()
        .filter(|find| find.get_document("command").unwrap().contains_key("hint"));
    // One for each change, and perhaps some where a busy machine lost sight of the totals for a moment.
    assert!(walks.count() <= 6);
}

#[tokio::test]
async fn while_the_database_is_away_a_page_says_so_and_a_stream_keeps_what_it_has_shown() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([named(1, "Ada")]).await;
    world.expect_settled(1).await;
    let (network, url) = Proxy::before(&world.database).await;
    let api = world
        .live_api(&[NAMES, &[("DATABASE_URL", url.as_str())]].concat())
        .await;
    let mut stream = EventStream::open(&stream_url(&api), None).await;
    let first = stream.next().await.unwrap();
    assert_eq!(shown(&first.data), named_as(&[(1000, Some("Ada"))]));

    network.set(Weather::Cut);
    let answer = reqwest::get(format!("{}{}", api.url, path(""))).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    world.publish([made_now(2), refunded("r1", "donation-1")]).await;
    world.expect_settled(3).await;
    assert_eq!(stream.next_of_any_kind().await.unwrap().kind, "stale");
    network.set(Weather::Clear);
    let next = stream.next().await.unwrap();
    assert_eq!(shown(&next.data), named_as(&[(1000, None)]));
    assert_eq!(page(&api, "").await, next.data);
}

/// Another event of the same donation tells that it was made long ago.
#[tokio::test]
async fn a_donation_that_turns_out_to_be_old_is_no_news_any_more() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let api = world.live_api(NAMES).await;
    world.publish([made_now(1), named(2, "Ada")]).await;
    world.expect_settled(2).await;
    assert_eq!(shown(&page(&api, "").await).len(), 2);
    let earlier = named(3, "Ada").at("2024-11-21T10:00:00.000Z");
    let earlier = earlier
        .with("timestamp", json!("2024-11-21T10:00:00.000Z"))
        .with("donationId", json!("donation-2"))
        .with("donorId", json!("donor-2"));
    world.publish([earlier]).await;
    world.expect_settled(3).await;
    assert_eq!(shown(&page(&api, "").await), named_as(&[(1000, None)]));
}

/// What is imported was made long before: it is counted, and no news.
#[tokio::test]
async fn a_backfilled_donation_is_no_news() {
    let world = World::new().await;
    let file = tempfile::Builder::new().suffix(".ndjson").tempfile().unwrap();
    let old = r#"{"donationId":"d1","campaignId":"c","amount":5,"timestamp":"2020-01-01T00:00:00Z"}"#;
    std::fs::write(file.path(), old).unwrap();
    let path = file.path().to_str().unwrap();
    let said = tool::tool(&world, &["backfill", path]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let api = world.live_api(NAMES).await;
    eventually(
        async || world.database.totals("c").await,
        |totals| *totals == Some((500, 1, 0)),
    )
    .await;
    assert_eq!(shown(&page(&api, "").await), []);
}

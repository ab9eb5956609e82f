//! The API behind the proxies of `deploy/proxies`, in the very configurations that are there: nginx over HTTP/1.1, Caddy and
//! `haproxy` over HTTP/2 without TLS, which neither of them gives up for HTTP/1.1. And behind two that are not made for streams.

mod fronts;

use std::io::Read as _;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use futures::future::join_all;
use reqwest::header::HeaderValue;
use reqwest::{Client, Response, StatusCode};
use tokio::time::timeout;

use self::fronts::{Front, before, deployed};
use crate::harness::{DEADLINE, EventStream, Process, World};

/// What a browser offers.
const ENCODINGS: &str = "gzip, deflate, br, zstd";

/// A minute of heartbeats.
const SILENCE: usize = 12;

async fn open(front: &Front, last: Option<&str>) -> EventStream {
    let url = format!("{}/api/totals/campaigns/c/stream", front.url);
    let headers = [
        ("accept-encoding", ENCODINGS),
        ("last-event-id", last.unwrap_or("")),
    ];
    let stream = EventStream::open_with(&url, &headers).await;
    let headers = stream.headers();
    let encoding = headers.get("content-encoding").map(HeaderValue::as_bytes);
    assert!(
        matches!(encoding, None | Some(b"identity")),
        "{}: {headers:?}",
        front.name
    );
    stream
}

/// Reads the next event of each, and fails unless all have this revision.
async fn expect(streams: &mut [EventStream], revision: i64) {
    for (number, stream) in streams.iter_mut().enumerate() {
        let event = stream.next().await.unwrap();
        assert_eq!(event.revision(), revision, "stream {number}");
    }
}

#[test]
fn the_manual_shows_what_is_tested() {
    let manual = dev_services::directories::workspace().join("docs/operations.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    for file in ["nginx.conf", "Caddyfile", "haproxy.cfg"] {
        // All but the first lines, which say what the file is.
        let text = deployed(file);
        let (_, text) = text.split_once("\n\n").unwrap();
        let lines = text
            .lines()
            .map(|line| format!("    {line}").trim_end().to_owned());
        let shown = lines.collect::<Vec<_>>().join("\n");
        assert!(manual.contains(&shown), "docs/operations.md should show\n{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_pass_event_by_event_and_outlive_a_minute_of_silence() {
    let (world, api) = api(&[]).await;
    let fronts = before(&api).await;
    let mut streams = join_all(fronts.iter().map(|front| open(front, None))).await;
    // Each event has to pass before there is another one to push it.
    for revision in 1..10 {
        expect(&mut streams, revision).await;
        world.database.donate("c").await.unwrap();
    }
    expect(&mut streams, 10).await;

    let begun = Instant::now();
    join_all(streams.iter_mut().map(async |stream| {
        for _ in 0..SILENCE {
            stream.heartbeat().await;
        }
    }))
    .await;
    assert!(begun.elapsed() > Duration::from_secs(55), "{:?}", begun.elapsed());
    world.database.donate("c").await.unwrap();
    expect(&mut streams, 11).await;

    // The proxies see the end of each stream, and no stream holds up the end of the process.
    let ends = join_all(streams.iter_mut().map(EventStream::next));
    let (code, ends) = tokio::join!(api.terminate(), ends);
    assert_eq!((code, ends), (Some(0), vec![None; fronts.len()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_in_order_and_who_comes_back_has_missed_nothing() {
    let (world, api) = api(&[("STREAM_LIFETIME", "3")]).await;
    let fronts = before(&api).await;
    let streams = join_all(fronts.iter().map(async |front| {
        let begun = Instant::now();
        let mut stream = open(front, None).await;
        let last = stream.next().await.unwrap().id;
        ends(&mut stream, front).await;
        assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
        last
    }));
    let last = streams.await;
    world.database.donate("c").await.unwrap();
    for (front, last) in fronts.iter().zip(&last) {
        let mut stream = open(front, Some(last)).await;
        let next = stream.next().await.unwrap();
        assert_eq!(next.revision(), 2, "{}", front.name);
        // Who has the newest is sent nothing.
        let mut known = open(front, Some(&next.id)).await;
        ends(&mut known, front).await;
    }
}

/// Fails unless the stream ends without another event.
async fn ends(stream: &mut EventStream, front: &Front) {
    let end = timeout(DEADLINE, stream.next()).await;
    assert_eq!(end.expect("the stream should have ended"), None, "{}", front.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_compressed_and_what_is_known_is_not_sent_again() {
    let (world, api) = api(&[]).await;
    for number in 0..20 {
        world
            .database
            .donate(&format!("campaign-{number}"))
            .await
            .unwrap();
    }
    let listed = async || api.get("/api/totals/campaigns").await.1["data"]["total"].clone();
    crate::harness::eventually(listed, |total| *total == 21).await;
    let plain = get(&api.url, "/api/totals/campaigns", &[]).await;
    assert_eq!(plain.headers()["vary"], "accept-encoding");
    let plain = plain.bytes().await.unwrap();
    for front in before(&api).await {
        let list = get(
            &front.url,
            "/api/totals/campaigns",
            &[("accept-encoding", ENCODINGS)],
        )
        .await;
        assert_eq!(list.headers()["content-encoding"], "gzip", "{}", front.name);
        assert!(varies(&list), "{}: {list:?}", front.name);
        let packed = list.bytes().await.unwrap();
        let mut unpacked = Vec::new();
        GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
        assert!(
            packed.len() * 2 < plain.len() && unpacked == plain,
            "{}",
            front.name
        );
        for path in ["/api/totals/campaigns/c", "/openapi.json"] {
            for encoding in [ENCODINGS, "identity"] {
                let known = known(&front, path, encoding).await;
                assert_eq!(
                    known,
                    (StatusCode::NOT_MODIFIED, true),
                    "{} {path} {encoding}",
                    front.name
                );
            }
        }
    }
}

/// What a client gets that asks with the validator of an answer that it has: the status, and whether the validator is the same.
async fn known(front: &Front, path: &str, encoding: &str) -> (StatusCode, bool) {
    let first = get(&front.url, path, &[("accept-encoding", encoding)]).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let headers = [("accept-encoding", encoding), ("if-none-match", &tag)];
    let second = get(&front.url, path, &headers).await;
    // A proxy that compresses makes it weak.
    let same = second.headers()["etag"]
        .to_str()
        .unwrap()
        .trim_start_matches("W/")
        == tag.trim_start_matches("W/");
    let status = second.status();
    assert!(second.bytes().await.unwrap().is_empty(), "{path}");
    (status, same)
}

fn varies(answer: &Response) -> bool {
    let values = answer.headers().get_all("vary").iter();
    values
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.eq_ignore_ascii_case("accept-encoding"))
}

async fn get(server: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Client::new().get(format!("{server}{path}")).timeout(DEADLINE);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

/// An API with one donation for the campaign `c`.
async fn api(settings: &[(&str, &str)]) -> (World, Process) {
    let world = World::new().await;
    world.database.donate("c").await.unwrap();
    let api = world.live_api(settings).await;
    (world, api)
}

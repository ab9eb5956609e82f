//! Clients that take their time: to ask, and to take the answer.

use std::time::{Duration, Instant};

use totals_core::runtime::lifecycle::GRACE;

use super::{api, expect_good_service};
use crate::harness::{Client, Process, eventually};

/// The service's limits: for the first head of a connection, and for an answer that is not taken.
const FIRST_HEAD: Duration = Duration::from_secs(10);
const UNREAD: Duration = Duration::from_secs(30);

/// More than either of its parts may take late.
const LATE: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_brings_no_request_in_time_is_closed() {
    let (_world, api) = api().await;
    let mut patient = Client::connect(&api).await;
    patient.ask("/api/nothing").await;
    patient.read_until("}}").await;

    let started = Instant::now();
    let mut silent = Client::connect(&api).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        slow.push(Client::connect(&api).await);
    }
    // Long enough for a minute of it.
    let head = format!("GET /openapi.json HTTP/1.1\r\nx-padding: {}", "x".repeat(600));
    for letter in head.bytes() {
        let mut left = Vec::new();
        for mut client in slow {
            if client.is_open() && client.send([letter]).await {
                left.push(client);
            }
        }
        slow = left;
        if slow.is_empty() {
            break;
        }
        // The pace of the attack.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = started.elapsed();
    assert!(slow.is_empty(), "{} are still there after {took:?}", slow.len());
    assert!(
        (FIRST_HEAD..FIRST_HEAD + LATE).contains(&took),
        "closed after {took:?}"
    );
    let reply = silent.until_closed(LATE).await.expect("silence is as slow");
    assert_eq!(reply.text, "");

    assert!(
        patient.is_open(),
        "a connection that brought a request may wait longer for its next"
    );
    patient.ask("/api/nothing").await;
    patient.read_until("}}").await;
    expect_good_service(&api).await;
}

/// The answer that is never read: the largest there is.
async fn unread_script(api: &Process) -> Client {
    let page = api.text("/docs").await;
    let (_, rest) = page.split_once("<script src=\"").unwrap();
    let (script, _) = rest.split_once('"').unwrap();
    let mut client = Client::connect_narrow(api).await;
    client.ask(script).await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_answer_is_not_taken_in_time_is_closed() {
    let (_world, api) = api().await;
    let before = api.open_files();
    let started = Instant::now();
    let mut unread = Vec::new();
    for _ in 0..50 {
        unread.push(unread_script(&api).await);
    }
    expect_good_service(&api).await;
    eventually(async || api.open_files(), |files| *files >= before + unread.len()).await;
    eventually(async || api.open_files(), |files| *files < before + 10).await;
    let took = started.elapsed();
    assert!(took < UNREAD + LATE, "closed after {took:?}");
    expect_good_service(&api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_those_who_never_read() {
    let (_world, api) = api().await;
    let _unread = unread_script(&api).await;
    let mut half = Client::connect(&api).await;
    half.send("GET /openapi.json HTTP/1.1\r\n").await;
    expect_good_service(&api).await;
    let asked = Instant::now();
    assert_eq!(api.terminate().await, Some(0));
    let took = asked.elapsed();
    assert!(took < GRACE + Duration::from_secs(5), "stopped after {took:?}");
}

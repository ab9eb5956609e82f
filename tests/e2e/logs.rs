//! The log: the service never waits for its reader, nothing but the service writes to it, and it says everything once.

use std::time::{Duration, Instant};

use mongodb::bson::doc;
use serde_json::Value;
use tokio::net::TcpStream;
use totals_core::runtime::lifecycle::GRACE;

use crate::events::numbered;
use crate::harness::{Client, Outgoing, Process, World, api_command, eventually};

/// Requests sent together on one connection.
const TOGETHER: usize = 50;

/// An API that logs every request, and whose log nobody reads for now.
async fn unread_api(world: &World) -> Process {
    let mut command = api_command();
    command
        .env("DATABASE_URL", &world.database.url)
        .env("LOG_LEVEL", "info,access=debug");
    let api = Process::start(command).await;
    api.healthy().await;
    api.read_log(false);
    api
}

/// Asks so many times, and gets every answer. Each leaves some 450 bytes in the log.
async fn ask(api: &Process, times: usize) {
    let padding = "x".repeat(100);
    let mut client = Client::connect(api).await;
    for round in 0..times / TOGETHER {
        let request = |number| {
            format!(
                "GET /{padding} HTTP/1.1\r\nhost: totals\r\nx-request-id: {padding}-{round}-{number}\r\n\r\n"
            )
        };
        let requests: String = (0..TOGETHER).map(request).collect();
        assert!(client.send(requests).await);
        client
            .read_until(&format!("{padding}-{round}-{}", TOGETHER - 1))
            .await;
    }
}

fn lines(process: &Process) -> Vec<Value> {
    let log = process.log();
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// How many requests have their line, and how many lines are said to be missing.
fn told(api: &Process) -> (usize, usize) {
    let lines = lines(api);
    let answered = lines.iter().filter(|line| {
        line["url.path"]
            .as_str()
            .is_some_and(|path| path.starts_with("/xxx"))
    });
    let dropped = lines
        .iter()
        .filter(|line| line["message"].as_str().unwrap().starts_with("lines of the log"));
    let dropped: u64 = dropped.map(|line| line["count"].as_u64().unwrap()).sum();
    (answered.count(), usize::try_from(dropped).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_costs_no_answer_and_every_line_is_written_or_counted() {
    // Twice what may wait to be read.
    const REQUESTS: usize = 20_000;
    let world = World::new().await;
    let api = unread_api(&world).await;
    ask(&api, REQUESTS).await;
    api.read_log(true);
    let (written, dropped) = eventually(
        async || told(&api),
        |(written, dropped)| written + dropped >= REQUESTS,
    )
    .await;
    assert_eq!(written + dropped, REQUESTS);
    assert!(written > 0 && dropped > 0, "{written} written, {dropped} dropped");
    ask(&api, TOGETHER).await;
    eventually(async || told(&api).0, |again| *again == written + TOGETHER).await;
}

/// The process has stopped serving when nobody can connect.
async fn stopped_serving(api: &Process) {
    let address = api.url.trim_start_matches("http://");
    eventually(
        async || TcpStream::connect(address).await.is_err(),
        |refused| *refused,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_lines_are_written_before_the_process_ends() {
    // More than a pipe holds.
    const REQUESTS: usize = 1000;
    let world = World::new().await;
    let mut api = unread_api(&world).await;
    ask(&api, REQUESTS).await;
    api.signal("TERM").await;
    stopped_serving(&api).await;
    api.read_log(true);
    assert_eq!(api.exit().await, Some(0));
    api.logged("\"stopped\"").await;
    assert_eq!(told(&api), (REQUESTS, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_does_not_hold_up_the_end() {
    let world = World::new().await;
    let api = unread_api(&world).await;
    ask(&api, 1000).await;
    let asked = Instant::now();
    assert_eq!(api.terminate().await, Some(0));
    let took = asked.elapsed();
    assert!(took < GRACE + Duration::from_secs(5), "stopped after {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_commits_while_nobody_reads_its_log() {
    const EVENTS: usize = 1000;
    let world = World::new().await;
    // The AMQP client has much to say, so that the log is soon full.
    let worker = world
        .worker_with(&[("LOG_LEVEL", "info,lapin=trace,async_io=trace")])
        .await;
    worker.read_log(false);
    let mut published = 0;
    while worker.counted("totals_worker_log_lines_dropped_total").await == 0 {
        let numbers = published..published + EVENTS;
        published = numbers.end;
        world.publish(numbered(numbers)).await;
        let pledges = i64::try_from(published).unwrap();
        world.expect_totals("c", pledges * 1000, pledges, 0).await;
        assert!(published < 50 * EVENTS, "the log should be full by now");
    }
    assert_eq!(worker.terminate().await, Some(0));
}

/// Fails if anything but the service itself has written to its log.
fn expect_ours_alone(process: &Process) {
    for line in lines(process) {
        let target = line["target"].as_str().unwrap();
        assert!(target.starts_with("totals") || target == "access", "{line}");
    }
}

#[tokio::test]
async fn a_dead_letter_that_comes_back_leaves_no_body_in_the_log() {
    let world = World::new().await;
    let worker = world.worker().await;
    let queue = world.broker.dead_letter_queue.as_str();
    let poison = |text: &str| Outgoing::new("donation.created", text).header("donor", "Ada Lovelace");
    world.publish([poison("first")]).await;
    world.expect_queued(queue, 1).await;

    // The worker finds the queue, and then waits for what the log has before it publishes. Meanwhile the queue is deleted.
    let log = world.database.collection("event_log");
    log.drop().await.unwrap();
    let division = doc! { "$set": { "by": { "$divide": [1, 0] } } };
    let view = doc! { "create": "event_log", "viewOn": "elsewhere", "pipeline": [division] };
    world.database.run(view).await;
    let named = r#"{"eventId":"e1","donorName":"Ada Lovelace"}"#;
    world.publish([poison(named)]).await;
    let waits = r#"totals_worker_retries_total{operation="find_failures"}"#;
    eventually(|| worker.counted(waits), |count| *count > 0).await;
    world.broker.delete_queue(queue).await;
    log.drop().await.unwrap();

    world.expect_dead_letters(1).await;
    let lines = lines(&worker);
    let refused: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "dead letters are refused and stay unacknowledged")
        .collect();
    assert_eq!(refused.len(), 1, "{}", worker.log());
    let error = refused[0]["error"].as_str().unwrap();
    assert!(error.contains("returned") && error.contains(queue), "{error}");
    expect_ours_alone(&worker);
    for donor in ["Ada", "65, 100, 97"] {
        assert!(!worker.log().contains(donor), "{}", worker.log());
    }
}

#[tokio::test]
async fn a_wrong_password_is_a_line_now_and_then() {
    let world = World::new().await;
    let address = world.broker.url.rsplit('@').next().unwrap();
    let url = format!("amqp://ada:s3cret@{address}");
    let worker = world.starting_worker(&[("RABBITMQ_URL", &url)]).await;
    let attempts = async || {
        let lines = lines(&worker);
        let refused = lines
            .iter()
            .filter(|line| line["message"] == "not consuming; will try again");
        refused
            .map(|line| line["attempt"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let attempts = eventually(attempts, |attempts| attempts.contains(&8)).await;
    assert_eq!(attempts, [1, 2, 4, 8]);
    expect_ours_alone(&worker);
}

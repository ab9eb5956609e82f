//! What orchestrators and load balancers are told: live, ready, and the time between SIGTERM and the end.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::process::Command;

use crate::events::created;
use crate::harness::proxy::{Proxy, Weather};
use crate::harness::{Process, World, api_command, eventually};

/// `SHUTDOWN_DELAY` where a test waits for its end.
const DELAY: Duration = Duration::from_secs(2);

/// Waits until `/readyz` says this status, and returns its message.
async fn readiness(process: &Process, wanted: StatusCode) -> String {
    let (_, body) = eventually(|| process.get("/readyz"), |(status, _)| *status == wanted).await;
    assert_eq!(body["ok"], wanted == StatusCode::OK, "{body}");
    body["message"].as_str().unwrap().to_owned()
}

async fn expect_live(process: &Process) {
    let live = (StatusCode::OK, json!({"ok": true, "message": "live"}));
    assert_eq!(process.get("/livez").await, live);
}

/// Reads a campaign again and again, each time on a new connection, until that fails; when each read was answered.
async fn read_until_it_fails(url: String) -> (Vec<Instant>, Instant) {
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .build()
        .unwrap();
    let mut answered = Vec::new();
    loop {
        let answer = client.get(&url).send().await;
        match answer {
            Ok(answer) if answer.status() == StatusCode::OK => answered.push(Instant::now()),
            _ => return (answered, Instant::now()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_everything_while_balancers_learn_that_it_stops() {
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
    let delay = DELAY.as_secs().to_string();
    let mut api = world.live_api(&[("SHUTDOWN_DELAY", &delay)]).await;
    assert_eq!(readiness(&api, StatusCode::OK).await, "ready");

    let read = || tokio::spawn(read_until_it_fails(format!("{}/api/totals/campaigns/c", api.url)));
    let readers: Vec<_> = (0..4).map(|_| read()).collect();
    let told = Instant::now();
    api.signal("TERM").await;
    let message = readiness(&api, StatusCode::SERVICE_UNAVAILABLE).await;
    let noticed = told.elapsed();
    assert!(message.starts_with("stopping"), "{message}");
    assert!(noticed < DELAY / 2, "{noticed:?}");
    expect_live(&api).await;
    // So that clients which keep connections move on before it closes them.
    let answer = reqwest::get(format!("{}/livez", api.url)).await.unwrap();
    assert_eq!(answer.headers()["connection"], "close");
    assert_eq!(api.get("/health").await.0, StatusCode::OK);
    // Whoever measures it sees it to its end.
    assert_eq!(api.figure("totals_api_current").await, Some(1.0));

    assert_eq!(api.exit().await, Some(0));
    for reader in readers {
        let (answered, failed) = reader.await.unwrap();
        assert!(failed >= told + DELAY, "refused after {:?}", failed - told);
        let during = answered.iter().filter(|at| **at > told + noticed).count();
        assert!(during > 10, "{during} reads");
    }
    drop(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_delay() {
    let world = World::new().await;
    let long = [("SHUTDOWN_DELAY", "600")];
    let (worker, api) = (world.worker_with(&long).await, world.live_api(&long).await);
    for process in [&worker, &api] {
        process.signal("TERM").await;
        readiness(process, StatusCode::SERVICE_UNAVAILABLE).await;
    }
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
    for process in [worker, api] {
        assert_eq!(process.terminate().await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_delay_it_stops_at_once() {
    let world = World::new().await;
    for process in [world.worker().await, world.live_api(&[]).await] {
        let told = Instant::now();
        assert_eq!(process.terminate().await, Some(0));
        assert!(told.elapsed() < Duration::from_secs(8), "{:?}", told.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_do_its_work_is_live_and_not_ready_and_says_why() {
    let world = World::new().await;
    for (url, remedy) in [
        (
            "mongodb://127.0.0.1:9/totals?serverSelectionTimeoutMS=200",
            "check that MongoDB runs, and DATABASE_URL",
        ),
        (
            "mongodb+srv://nowhere.invalid/totals",
            "DATABASE_URL cannot be used yet; the log says why",
        ),
    ] {
        let on_nothing = |mut command: Command| {
            command.env("DATABASE_URL", url);
            Process::start(command)
        };
        for process in [
            on_nothing(api_command()).await,
            on_nothing(world.worker_command()).await,
        ] {
            // Where the name is looked up for long, nothing answers before.
            let told = async || {
                let answer = reqwest::get(format!("{}/readyz", process.url)).await;
                match answer {
                    Ok(answer) => answer.text().await.unwrap_or_default(),
                    Err(error) => error.to_string(),
                }
            };
            eventually(told, |message| message.contains(remedy)).await;
            readiness(&process, StatusCode::SERVICE_UNAVAILABLE).await;
            expect_live(&process).await;
            assert_eq!(process.terminate().await, Some(0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_ready_while_reads_are_answered() {
    let world = World::new().await;
    let worker = world.worker().await;
    let (network, url) = Proxy::before(&world.database).await;
    let mut command = api_command();
    command.env("DATABASE_URL", url);
    let api = Process::start(command).await;
    for _ in 0..2 {
        readiness(&api, StatusCode::OK).await;
        network.set(Weather::Cut);
        let message = readiness(&api, StatusCode::SERVICE_UNAVAILABLE).await;
        assert!(message.contains("DATABASE_URL"), "{message}");
        expect_live(&api).await;
        network.set(Weather::Clear);
    }
    readiness(&api, StatusCode::OK).await;
    drop(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_cannot_follow_the_changes_is_ready_because_the_database_answers() {
    let world = World::new().await;
    drop(world.store().await);
    world.database.hide_changes().await;
    let api = world.api().await;
    readiness(&api, StatusCode::OK).await;
    assert_eq!(api.figure("totals_api_current").await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_answer_head_as_well() {
    let world = World::new().await;
    for process in [world.worker().await, world.live_api(&[]).await] {
        for path in ["/livez", "/readyz"] {
            let url = format!("{}{path}", process.url);
            let answer = reqwest::Client::new().request(Method::HEAD, url).send().await;
            let answer = answer.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(answer.bytes().await.unwrap().len(), 0);
        }
    }
}

/// A `.env` that is a pipe keeps the process where it reads its configuration.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_comes_before_the_configuration_is_read_is_orderly() {
    let world = World::new().await;
    let mut api = api_command();
    api.env("DATABASE_URL", &world.database.url);
    for mut command in [api, world.worker_command()] {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = dir.path().join(".env");
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .await
                .unwrap()
                .success()
        );
        command.current_dir(dir.path());
        let mut process = Process::spawn(command);
        // Opens as soon as the process reads.
        let pipe = tokio::task::spawn_blocking(|| std::fs::OpenOptions::new().write(true).open(path));
        let pipe = pipe.await.unwrap().unwrap();
        process.signal("TERM").await;
        drop(pipe);
        assert_eq!(process.exit().await, Some(0), "{}", process.log());
        assert!(!process.log().contains("ERROR"), "{}", process.log());
    }
}

//! `@totals/client` as a stranger uses it: packed, installed in a project of its own, compiled strictly, on the real service.

use std::process::Stdio;

use dev_services::{directories, port};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};
use tokio::time::timeout;

use crate::events;
use crate::harness::{DEADLINE, Outgoing, Process, World, api_command};

/// The program of `tests/client`, compiled.
async fn program() -> String {
    let script = directories::workspace().join("tests/client/check.sh");
    let built = Command::new(script).output().await.unwrap();
    let words = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{words}");
    String::from_utf8(built.stdout).unwrap().trim().to_owned()
}

/// An API on a port that the next one can have as well.
async fn api_on(world: &World, port: u16) -> Process {
    let mut command = api_command();
    command
        .env("DATABASE_URL", &world.database.url)
        .env("PORT", port.to_string());
    let api = Process::start(command).await;
    api.healthy().await;
    api
}

async fn expect(lines: &mut Lines<BufReader<ChildStdout>>, expected: &[&str]) {
    for expected in expected {
        let line = timeout(DEADLINE, lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("nothing was said in place of `{expected}`"));
        assert_eq!(line.unwrap().as_deref(), Some(*expected));
    }
}

/// Reads over what is said while the service is away, up to this line.
async fn skip_to(lines: &mut Lines<BufReader<ChildStdout>>, wanted: &str) {
    loop {
        let line = timeout(DEADLINE, lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("nothing was said in place of `{wanted}`"));
        let line = line.unwrap().unwrap();
        if line == wanted {
            return;
        }
        assert_eq!(line, "lost UnavailableError", "before `{wanted}`");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "installs TypeScript from npm below target/: .ci/run runs it"]
async fn a_strict_project_gets_lists_and_watches_through_a_restart() {
    let program = program().await;
    let (world, port) = (World::new().await, port::free());
    let (_worker, api) = tokio::join!(world.worker(), api_on(&world, port));
    let campaign: Outgoing = events::campaign_created("well")
        .with("title", json!("A well for Ngara"))
        .with("goalAmount", json!(100))
        .into();
    world.publish([campaign]).await;
    world.publish(events::numbered(0..5)).await;
    world.expect_totals("c", 5_000, 5, 0).await;

    let mut node = Command::new("node")
        .args([&program, &format!("http://127.0.0.1:{port}/"), "c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let first = [
        "get 5000 50 A well for Ngara",
        "list 1 c",
        "sum 5000",
        "not found",
        "refused 400",
        "unavailable",
        "live",
        "totals c 5000",
        "no totals nobody",
    ];
    expect(&mut lines, &first).await;
    world.publish(events::numbered(5..6)).await;
    expect(&mut lines, &["totals c 6000"]).await;

    // SIGKILL; what is donated meanwhile is told afterwards, and nothing is told twice.
    api.kill().await;
    expect(&mut lines, &["lost UnavailableError"]).await;
    world.publish(events::numbered(6..8)).await;
    world.expect_totals("c", 8_000, 8, 0).await;
    let _api = api_on(&world, port).await;
    skip_to(&mut lines, "live").await;
    expect(&mut lines, &["totals c 8000"]).await;

    drop(node.stdin.take());
    let ended = timeout(DEADLINE, node.wait()).await;
    assert!(
        ended
            .expect("the client keeps the process alive")
            .unwrap()
            .success()
    );
    assert_eq!(lines.next_line().await.unwrap(), None);
}

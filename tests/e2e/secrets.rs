//! Connection strings that are in files, as orchestrators mount secrets.

use tokio::process::Command;

use crate::events::created;
use crate::harness::{Process, World, api_command, worker_command};

#[tokio::test]
async fn secrets_may_be_in_files_and_only_there() {
    let world = World::new().await;
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let database = file("database", &format!("{}\n", world.database.url));
    let broker = file("broker", &world.broker.url);
    let with_files = |mut command: Command| {
        command.env_remove("DATABASE_URL").env_remove("RABBITMQ_URL");
        command
            .env("DATABASE_URL_FILE", &database)
            .env("RABBITMQ_URL_FILE", &broker);
        command
    };
    let worker = Process::start(with_files(world.worker_command())).await;
    worker.healthy().await;
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
    Process::start(with_files(api_command())).await.healthy().await;
    let mut verify = with_files(world.worker_command());
    assert!(verify.arg("verify").status().await.unwrap().success());

    let twice = "DATABASE_URL and DATABASE_URL_FILE are both set";
    let wrong = file("wrong", "mysql://ada:s3cret@host");
    for (variable, value, line) in [
        ("DATABASE_URL", world.database.url.as_str(), twice),
        (
            "DATABASE_URL_FILE",
            &wrong,
            "does not hold a MongoDB connection string",
        ),
        (
            "DATABASE_URL_FILE",
            "/none",
            "`/none` cannot be read: No such file",
        ),
    ] {
        for command in [worker_command(), api_command(), {
            let mut tool = worker_command();
            tool.arg("verify");
            tool
        }] {
            let mut command = with_files(command);
            command.env(variable, value);
            let mut process = Process::spawn(command);
            assert_eq!(process.exit().await, Some(2));
            process.logged(line).await;
            let log = process.log();
            assert!(log.lines().count() == 1 && !log.contains("s3cret"), "{log}");
        }
    }
}

//! What an operator is told when something is not as it must be: one message that names the cause and the remedy.

use std::net::Ipv4Addr;

use dev_services::{Deployment, Kind, Options, Server};
use lapin::ExchangeKind;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::events::created;
use crate::harness::{Process, World, api_command, eventually, worker_command};

/// A port that nothing listens on.
const CLOSED: &str = "127.0.0.1:9";

/// Starts a binary on these services and waits until its health names the remedy.
async fn expect_advice(mut command: Command, environment: &[(&str, &str)], part: &str, advice: &str) {
    command.envs(environment.iter().copied());
    let process = Process::start(command).await;
    let message = async || {
        let (_, health) = process.get("/health").await;
        health[part]["message"].as_str().unwrap_or_default().to_owned()
    };
    eventually(message, |message| message.contains(advice)).await;
    let (status, health) = process.get("/health").await;
    assert_eq!(status, 503, "{health}");
    assert!(
        !process.log().contains("s3cret") && !health.to_string().contains("s3cret"),
        "no secret is ever shown"
    );
    assert_eq!(
        process.terminate().await,
        Some(0),
        "it waits for the remedy, and stops when asked"
    );
}

#[tokio::test]
async fn a_mongodb_without_transactions_is_named() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for (deployment, advice) in [
        (
            Deployment::Standalone,
            "start mongod with --replSet rs0 and run rs.initiate()",
        ),
        (Deployment::Uninitiated, "never initiated: run rs.initiate()"),
    ] {
        let options = Options {
            deployment,
            ..Options::default()
        };
        let dir = dir.path().join(format!("{deployment:?}"));
        let mongodb = Server::start(Kind::MongoDb, &dir, options).await.unwrap();
        // As an operator would write it, without knowing how the server was started.
        let url = format!("mongodb://127.0.0.1:{}/totals", mongodb.port());
        for command in [worker_command(), api_command()] {
            expect_advice(command, &[("DATABASE_URL", url.as_str())], "database", advice).await;
        }
    }
}

#[tokio::test]
async fn a_mongodb_that_is_away_or_refuses_is_named() {
    let world = World::new().await;
    let closed = format!("mongodb://ada:s3cret@{CLOSED}/totals");
    let address = world
        .database
        .url
        .split("://")
        .nth(1)
        .unwrap()
        .replace('?', "?authSource=admin&");
    let refused = format!("mongodb://ada:s3cret@{address}");
    for (url, advice) in [
        (closed, "check that MongoDB runs, and DATABASE_URL"),
        (refused, "refused the credentials"),
    ] {
        for command in [worker_command(), api_command()] {
            expect_advice(command, &[("DATABASE_URL", url.as_str())], "database", advice).await;
        }
    }
}

#[tokio::test]
async fn a_rabbitmq_that_is_away_refuses_or_is_silent_is_named() {
    let world = World::new().await;
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = world
        .broker
        .url
        .rsplit('@')
        .next()
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    for (url, advice) in [
        (
            format!("amqp://ada:s3cret@{CLOSED}"),
            "check that RabbitMQ runs, and RABBITMQ_URL",
        ),
        (
            format!("amqp://ada:s3cret@{address}"),
            "check user, password and rights in RABBITMQ_URL",
        ),
        (
            format!("amqp://guest:guest@{address}/nowhere"),
            "check the virtual host in RABBITMQ_URL",
        ),
        (
            format!("amqp://ada:s3cret@{}", silent.local_addr().unwrap()),
            "did not answer connecting within",
        ),
    ] {
        expect_advice(
            world.worker_command(),
            &[("RABBITMQ_URL", url.as_str())],
            "consumer",
            advice,
        )
        .await;
    }
}

#[tokio::test]
async fn a_queue_and_an_exchange_of_other_kinds_are_reported_and_used() {
    let world = World::new().await;
    world.broker.declare_exchange(ExchangeKind::Direct).await;
    let (connection, channel) = world.broker.connect().await;
    let queue = world.broker.queue.as_str().into();
    channel
        .queue_declare(queue, QueueDeclareOptions::durable(), FieldTable::default())
        .await
        .unwrap();
    connection.close(200, "done".into()).await.unwrap();

    let worker = world.worker().await;
    for advice in [
        "the queue exists with other arguments and is used as it is; to have it as designed",
        "the exchange exists with other properties and is used as it is",
    ] {
        worker.logged(advice).await;
    }
    world.publish([created("e1", "d1")]).await;
    world.expect_totals("c", 1000, 1, 0).await;
}

#[tokio::test]
async fn a_bad_value_stops_the_start_with_one_line() {
    for (mut command, variable, value, line) in [
        (
            worker_command(),
            "LANES",
            "0",
            "totals-worker: LANES must be a number from 1 to 64, got `0`",
        ),
        (
            api_command(),
            "PORT",
            "http",
            "PORT must be a port number from 0 (any free port) to 65535, got `http`",
        ),
        (
            worker_command(),
            "LOG_LEVEL",
            "fatal",
            "LOG_LEVEL must be trace, debug, info, warn, error, off or directives such as info,totals_core=debug, \
             got `fatal`",
        ),
        (
            api_command(),
            "LOG_LEVEL",
            "info,acces",
            "LOG_LEVEL must be trace, debug, info, warn, error, off or directives such as info,totals_core=debug, \
             got `info,acces`",
        ),
        (
            worker_command(),
            "RABBITMQ_URL",
            "http://ada:s3cret@host",
            "RABBITMQ_URL must be an AMQP URL such as amqp://user:password@host:5672 or amqps://host/vhost, \
             or several with commas between, got `http://***@host`",
        ),
    ] {
        command.env(variable, value);
        let mut process = Process::spawn(command);
        assert_eq!(process.exit().await, Some(2));
        process.logged(line).await;
        assert_eq!(process.log().lines().count(), 1, "{}", process.log());
    }
}

#[tokio::test]
async fn a_dot_env_with_a_byte_order_mark_is_read() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(dir.path().join(".env"), "\u{feff}LOG_FORMAT=yaml\r\n").unwrap();
    for mut command in [worker_command(), api_command()] {
        let mut process = Process::spawn({
            command.current_dir(dir.path());
            command
        });
        assert_eq!(process.exit().await, Some(2));
        process
            .logged("LOG_FORMAT must be json or pretty, got `yaml`")
            .await;
    }
}

#[tokio::test]
async fn contradictory_options_stop_the_start() {
    for mut command in [worker_command(), api_command()] {
        command.env("DATABASE_URL", "mongodb://one:1,two:2/?directConnection=true");
        let mut process = Process::spawn(command);
        assert_eq!(process.exit().await, Some(2));
        process.logged("DATABASE_URL cannot be used: ").await;
    }
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (mut command, variable) in [
        (worker_command(), "WORKER_PORT"),
        (api_command(), "PORT"),
        (api_command(), "METRICS_PORT"),
    ] {
        command.env(variable, &port);
        let mut process = Process::spawn(command);
        assert_eq!(process.exit().await, Some(2));
        process.logged(&port).await;
        process.logged(variable).await;
    }
}

#[tokio::test]
async fn help_lists_every_variable_it_reads() {
    for (mut command, variables) in [
        (
            worker_command(),
            &[
                "DATABASE_URL",
                "RABBITMQ_URL",
                "BATCH_SIZE",
                "LANES",
                "WORKER_PORT",
            ][..],
        ),
        (
            api_command(),
            &["DATABASE_URL", "PORT", "CURRENCY", "LOG_LEVEL"][..],
        ),
    ] {
        let help = String::from_utf8(command.arg("--help").output().await.unwrap().stdout).unwrap();
        for variable in variables {
            assert!(help.contains(variable), "{variable} in {help}");
        }
    }
}

#[tokio::test]
async fn logs_are_json_by_default() {
    let world = World::new().await;
    let worker = world.worker().await;
    for line in worker.log().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(
            line["timestamp"].is_string() && line["level"].is_string() && line["message"].is_string(),
            "{line}"
        );
    }
}

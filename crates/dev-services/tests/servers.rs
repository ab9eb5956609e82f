//! The servers for real: what was confirmed is still there after `kill -9`, and nothing outlives an owner.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use dev_services::{Deployment, Kind, Options, Port, Provider, Server};
use lapin::options::{BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use mongodb::Client;
use mongodb::bson::{Document, doc};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::{Instant, sleep};

/// Tells the owner below where to work.
const OWNER_DIR: &str = "DEV_SERVICES_TEST_OWNER_DIR";

/// Printed by the owner once both servers run.
const RUNNING: &str = "both servers run";

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_killed_replica_set_comes_back_with_its_data() -> Outcome {
    let dir = tempfile::tempdir()?;
    let mut server = Server::start(Kind::MongoDb, dir.path(), Options::default()).await?;
    let (url, port) = (server.url(), server.port());
    in_transaction(&url).await?;
    server.kill().await?;
    server.start_again().await?;
    assert_eq!((server.url(), server.port()), (url.clone(), port));
    in_transaction(&url).await?;
    let found = Client::with_uri_str(&url)
        .await?
        .database("d")
        .collection::<Document>("c")
        .count_documents(doc! {})
        .await?;
    assert_eq!(found, 2);
    server.stop().await?;
    Ok(())
}

#[tokio::test]
async fn data_that_name_another_port_still_become_primary() -> Outcome {
    let dir = tempfile::tempdir()?;
    let options = Options {
        source: Some(Provider::Native),
        ..Options::default()
    };
    let mut server = Server::start(Kind::MongoDb, dir.path(), options.clone()).await?;
    let port = server.port();
    in_transaction(&server.url()).await?;
    server.stop().await?;
    let elsewhere = Server::start(Kind::MongoDb, dir.path(), options).await?;
    assert_ne!(elsewhere.port(), port);
    in_transaction(&elsewhere.url()).await?;
    Ok(())
}

#[tokio::test]
async fn a_standalone_server_has_no_transactions() -> Outcome {
    let dir = tempfile::tempdir()?;
    let options = Options {
        deployment: Deployment::Standalone,
        ..Options::default()
    };
    let server = Server::start(Kind::MongoDb, dir.path(), options).await?;
    let error = in_transaction(&server.url()).await.unwrap_err().to_string();
    assert!(error.contains("Error code 20 (IllegalOperation)"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_killed_broker_comes_back_with_what_it_confirmed() -> Outcome {
    let dir = tempfile::tempdir()?;
    let mut server = Server::start(Kind::RabbitMq, dir.path(), Options::default()).await?;
    let url = server.url();
    // The queue is made first and settled by an orderly restart: see `Server::kill`.
    drop(channel(&url).await?);
    server.stop().await?;
    server.start_again().await?;
    let (connection, channel) = channel(&url).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let persistent = BasicProperties::default().with_delivery_mode(2);
    let publishing = channel.basic_publish(
        "".into(),
        "q".into(),
        BasicPublishOptions::default(),
        b"kept",
        persistent,
    );
    assert!(publishing.await?.await?.is_ack());
    server.kill().await?;
    drop(connection);
    server.start_again().await?;
    assert_eq!(server.url(), url);
    let (_connection, channel) = self::channel(&url).await?;
    let message = channel
        .basic_get("q".into(), BasicGetOptions { no_ack: true })
        .await?
        .ok_or("the message is gone")?;
    assert_eq!(message.delivery.data, b"kept");
    server.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_taken_port_is_named() -> Outcome {
    let dir = tempfile::tempdir()?;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = taken.local_addr()?.port();
    let options = Options {
        port: Port::Exact(port),
        ..Options::default()
    };
    let error = Server::start(Kind::RabbitMq, dir.path(), options)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&format!("port {port} on 127.0.0.1 is in use")),
        "{error}"
    );
    Ok(())
}

/// An owner for the next test to kill, in a process of its own.
#[tokio::test]
#[ignore = "run by nothing_outlives_an_owner_that_is_killed"]
async fn owner_that_never_lets_go() -> Outcome {
    let dir = PathBuf::from(std::env::var_os(OWNER_DIR).ok_or("run by another test only")?);
    let options = Options {
        source: Some(Provider::Native),
        ..Options::default()
    };
    let (mongodb, rabbitmq) = (dir.join("mongodb"), dir.join("rabbitmq"));
    let servers = tokio::try_join!(
        Server::start(Kind::MongoDb, &mongodb, options.clone()),
        Server::start(Kind::RabbitMq, &rabbitmq, options)
    )?;
    println!("\n{RUNNING}");
    std::future::pending::<()>().await;
    drop(servers);
    Ok(())
}

#[tokio::test]
async fn nothing_outlives_an_owner_that_is_killed() -> Outcome {
    let dir = tempfile::tempdir()?;
    let mut owner = tokio::process::Command::new(std::env::current_exe()?);
    owner
        .args(["--exact", "owner_that_never_lets_go", "--ignored", "--nocapture"])
        .env(OWNER_DIR, dir.path());
    let mut owner = owner.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut lines = BufReader::new(owner.stdout.take().ok_or("no stdout")?).lines();
    while lines.next_line().await?.ok_or("the owner failed")? != RUNNING {}
    let alive = working_on(dir.path());
    for server in ["mongod", "beam", "epmd", "supervisor"] {
        assert!(
            alive.iter().any(|process| process.contains(server)),
            "no {server} in {alive:#?}"
        );
    }
    owner.kill().await?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while !working_on(dir.path()).is_empty() {
        assert!(
            Instant::now() < deadline,
            "left over: {:#?}",
            working_on(dir.path())
        );
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The command lines of all processes that name `dir` there or in their environment.
fn working_on(dir: &Path) -> Vec<String> {
    let name = dir.to_string_lossy().into_owned();
    let processes = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let read = |file| String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).replace('\0', " ");
    processes
        .filter(|process| {
            read(process.join("cmdline")).contains(&name) || read(process.join("environ")).contains(&name)
        })
        .map(|process| read(process.join("cmdline")))
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "whether transactions work is what is asked here"
)]
async fn in_transaction(url: &str) -> Result<(), mongodb::error::Error> {
    let client = Client::with_uri_str(url).await?;
    client.database("d").create_collection("c").await.ok();
    let mut session = client.start_session().await?;
    let transaction = session.start_transaction();
    transaction
        .and_run2(async |session| {
            let collection = session.client().database("d").collection::<Document>("c");
            collection.insert_one(doc! { "x": 1 }).session(session).await
        })
        .await?;
    Ok(())
}

async fn channel(url: &str) -> lapin::Result<(Connection, Channel)> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    channel
        .queue_declare("q".into(), QueueDeclareOptions::durable(), arguments)
        .await?;
    Ok((connection, channel))
}

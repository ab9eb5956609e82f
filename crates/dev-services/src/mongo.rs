//! What is MongoDB's own about a server: its command line, its connection string, its replica set.

use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use mongodb::error::ErrorKind;
use mongodb::options::{ClientOptions, ConnectionString};
use mongodb::{Client, Database};

use crate::docker::Plan;
use crate::error::Cause;
use crate::kind::Kind;
use crate::options::{Deployment, Options};
use crate::url::SecretUrl;

/// The database that a connection string names: the application's default.
pub(crate) const DATABASE: &str = "totals-service";

/// Name of the replica set.
pub(crate) const REPLICA_SET: &str = "rs0";

/// How long the members of a set go without a primary before they elect one. MongoDB's default is 10 s, which tests would
/// spend waiting: at the start as well as when a primary is lost.
const ELECTION_TIMEOUT_MILLIS: i32 = 2000;

/// Code of `replSetInitiate` on a set that has been initiated before.
const ALREADY_INITIALIZED: i32 = 23;

/// How long a server named by a URL may take to answer.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Said in place of the driver's own error, which quotes parts of the URL, such as a piece of a password that was not
/// escaped.
const NOT_A_CONNECTION_STRING: &str = "it is no MongoDB connection string; within a password, write %40 for @, %2F for /, %3A for : and %25 for %";

/// The arguments of `mongod`, wherever it runs.
pub(crate) fn arguments(port: u16, options: &Options) -> Vec<String> {
    let port = port.to_string();
    // Small enough for several at once on a laptop; durability stays as in production.
    let mut arguments = vec![
        "--port",
        &port,
        "--wiredTigerCacheSizeGB",
        "1",
        "--oplogSize",
        "512",
        "--quiet",
    ];
    if options.deployment != Deployment::Standalone {
        arguments.extend(["--replSet", REPLICA_SET]);
    }
    if options.fail_points {
        arguments.extend(["--setParameter", "enableTestCommands=1"]);
    }
    arguments.into_iter().map(str::to_owned).collect()
}

pub(crate) fn container(port: u16, options: &Options) -> Plan {
    let mut command = vec!["mongod".to_owned(), "--bind_ip_all".to_owned()];
    command.extend(arguments(port, options));
    Plan {
        kind: Kind::MongoDb,
        port,
        // The same inside and outside, so that the replica set's member can name itself for both.
        inner_port: port,
        command,
        env: Vec::new(),
        data: "/data/db",
    }
}

/// Connection string of the application's default database.
pub(crate) fn url(port: u16, deployment: Deployment) -> String {
    let url = format!("mongodb://127.0.0.1:{port}/{DATABASE}");
    match deployment {
        Deployment::ReplicaSet => format!("{url}?replicaSet={REPLICA_SET}"),
        Deployment::Uninitiated | Deployment::Standalone => format!("{url}?directConnection=true"),
    }
}

/// Asks the server at this URL for an answer.
pub(crate) async fn ping(url: &str) -> Result<(), Cause> {
    if SecretUrl::from(url).is_ambiguous() {
        return Err(NOT_A_CONNECTION_STRING.into());
    }
    let url = ConnectionString::parse(url).map_err(|_quotes_the_url| NOT_A_CONNECTION_STRING)?;
    let mut options = ClientOptions::parse(url).await?;
    options.server_selection_timeout = Some(PING_TIMEOUT);
    options.connect_timeout = Some(PING_TIMEOUT);
    let client = Client::with_options(options)?;
    client.database("admin").run_command(doc! { "ping": 1 }).await?;
    Ok(())
}

/// One look at a starting server, which also does what it still needs: initiate its replica set.
pub(crate) async fn probe(port: u16, deployment: Deployment) -> Result<(), Cause> {
    let admin = admin(port).await?;
    let hello = admin.run_command(doc! { "hello": 1 }).await?;
    if deployment == Deployment::Uninitiated || hello.get_bool("isWritablePrimary").unwrap_or(false) {
        return Ok(());
    }
    match admin.run_command(initiation(&[port])).await {
        Ok(_) => {}
        Err(error) if code(&error) == Some(ALREADY_INITIALIZED) => {
            adopt_port(&admin, &format!("127.0.0.1:{port}")).await?;
        }
        Err(error) => return Err(error.into()),
    }
    Err("the replica set has no primary yet".into())
}

/// The administration of the server on this port, whatever its part in a replica set.
pub(crate) async fn admin(port: u16) -> Result<Database, Cause> {
    let url = format!(
        "mongodb://127.0.0.1:{port}/?directConnection=true&serverSelectionTimeoutMS=2000&connectTimeoutMS=2000"
    );
    Ok(Client::with_uri_str(url).await?.database("admin"))
}

/// The command that makes a replica set of the servers on these ports.
pub(crate) fn initiation(ports: &[u16]) -> Document {
    let members = (0..).zip(ports).map(|(id, port): (i32, _)| {
        let host = format!("127.0.0.1:{port}");
        doc! { "_id": id, "host": host }
    });
    let members: Vec<Document> = members.collect();
    let settings = doc! { "electionTimeoutMillis": ELECTION_TIMEOUT_MILLIS };
    doc! { "replSetInitiate": { "_id": REPLICA_SET, "members": members, "settings": settings } }
}

/// Data of an earlier run name the port of then. A member that does not find itself in its own
/// configuration never becomes primary.
async fn adopt_port(admin: &Database, member: &str) -> Result<(), Cause> {
    let reply = admin.run_command(doc! { "replSetGetConfig": 1 }).await?;
    let mut config: Document = reply.get_document("config")?.clone();
    let is_ours = |m: &Bson| m.as_document().and_then(|m| m.get_str("host").ok()) == Some(member);
    if config.get_array("members")?.iter().any(is_ours) {
        return Ok(());
    }
    config.insert("version", config.get_i32("version")? + 1);
    config.insert("members", vec![doc! { "_id": 0, "host": member }]);
    admin
        .run_command(doc! { "replSetReconfig": config, "force": true })
        .await?;
    Ok(())
}

fn code(error: &mongodb::error::Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}

//! A MongoDB server of our own.

use std::path::PathBuf;

use mongodb::bson::{Bson, Document, doc};
use mongodb::error::ErrorKind;
use mongodb::{Client, Database};

use crate::directories::cache;
use crate::docker::{Container, Plan, Volume};
use crate::kind::Kind;
use crate::native::{end_leftover, mongod};
use crate::server::{Cause, Instance, Source};
use crate::{Error, Port, choice, url};

/// The database that [`MongoServer::url`] names: the application's default.
pub(crate) const DATABASE: &str = "totals-service";

/// Name of the replica set.
pub(crate) const REPLICA_SET: &str = "rs0";

/// How long the members of a set go without a primary before they elect one. MongoDB's default is 10 s, which tests would
/// spend waiting: at the start as well as when a primary is lost.
const ELECTION_TIMEOUT_MILLIS: i32 = 2000;

/// Code of `replSetInitiate` on a set that has been initiated before.
const ALREADY_INITIALIZED: i32 = 23;

/// How the server is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deployment {
    /// A replica set of one, initiated: what the application needs.
    #[default]
    ReplicaSet,
    /// Started with `--replSet`, and nobody has initiated it.
    Uninitiated,
    /// No replica set, so no transactions.
    Standalone,
}

/// How to start a [`MongoServer`]. The default is a replica set on a free port.
#[derive(Debug, Clone, Default)]
pub struct MongoOptions {
    /// How it is set up.
    pub deployment: Deployment,
    /// Its port.
    pub port: Port,
    /// Container or process; `None` takes Docker if an engine answers, else a process.
    pub source: Option<Source>,
    /// In a container: keeps the data in this volume; without one they go with the server.
    pub volume: Option<Volume>,
    /// Whether it can be told to fail (`configureFailPoint`).
    pub fail_points: bool,
}

/// A MongoDB server that can be stopped, killed, frozen and started again. Its end is bound to the owner's.
#[derive(Debug)]
pub struct MongoServer {
    pub(crate) instance: Instance,
    deployment: Deployment,
    port: u16,
}

impl MongoServer {
    /// Starts a server whose data and log lie in `dir` and waits until it takes writes.
    ///
    /// # Errors
    /// When no source can provide it, or it dies or does not answer; each [`Error`] says what to do.
    pub async fn start(dir: impl Into<PathBuf>, options: MongoOptions) -> Result<Self, Error> {
        let dir = dir.into();
        let source = choice::source(Kind::MongoDb, options.source).await?;
        end_leftover(&dir).await;
        let port = options.port.resolve()?;
        let mut arguments = vec!["--port".to_owned(), port.to_string()];
        // Small enough for several at once on a laptop; durability stays as in production.
        arguments
            .extend(["--wiredTigerCacheSizeGB", "1", "--oplogSize", "512", "--quiet"].map(str::to_owned));
        if options.deployment != Deployment::Standalone {
            arguments.extend(["--replSet", REPLICA_SET].map(str::to_owned));
        }
        if options.fail_points {
            arguments.extend(["--setParameter", "enableTestCommands=1"].map(str::to_owned));
        }
        let instance = match source {
            Source::Native => {
                let program = mongod::locate(&cache()).await?;
                Instance::Native(mongod::instance(&program, &dir, &arguments)?)
            }
            Source::Docker => Instance::Container(container(port, arguments, options.volume).await?),
        };
        let mut server = Self {
            instance,
            deployment: options.deployment,
            port,
        };
        server.start_again().await?;
        Ok(server)
    }

    /// Connection string of the application's default database.
    pub fn url(&self) -> String {
        let url = format!("mongodb://127.0.0.1:{}/{DATABASE}", self.port);
        match self.deployment {
            Deployment::ReplicaSet => format!("{url}?replicaSet={REPLICA_SET}"),
            Deployment::Uninitiated | Deployment::Standalone => format!("{url}?directConnection=true"),
        }
    }

    /// Connection string of the database `name`.
    pub fn database_url(&self, name: &str) -> String {
        url::with_database(&self.url(), name)
    }

    /// The port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Process id of `mongod`; `None` in a container.
    pub fn pid(&self) -> Option<u32> {
        self.instance.pid()
    }

    /// Container or process.
    pub fn source(&self) -> Source {
        self.instance.source()
    }

    /// Shuts the server down in order.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn stop(&mut self) -> Result<(), Error> {
        self.instance.stop().await
    }

    /// Ends the server as a power cut would (SIGKILL).
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn kill(&mut self) -> Result<(), Error> {
        self.instance.kill().await
    }

    /// Starts a stopped or killed server on the same port and data, and waits until it takes writes.
    ///
    /// # Errors
    /// When it dies or does not answer.
    pub async fn start_again(&mut self) -> Result<(), Error> {
        self.instance.launch().await?;
        let (port, deployment) = (self.port, self.deployment);
        self.instance
            .ready(Kind::MongoDb, async || probe(port, deployment).await)
            .await
    }

    /// Freezes the server: connections stay open and nobody answers.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn pause(&mut self) -> Result<(), Error> {
        self.instance.pause().await
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn resume(&mut self) -> Result<(), Error> {
        self.instance.resume().await
    }

    /// Returns once the server has ended by itself. Cancel-safe.
    pub async fn died(&mut self) -> Error {
        self.instance.died().await
    }
}

async fn container(port: u16, arguments: Vec<String>, volume: Option<Volume>) -> Result<Container, Error> {
    let mut command = vec!["mongod".to_owned(), "--bind_ip_all".to_owned()];
    command.extend(arguments);
    let plan = Plan {
        kind: Kind::MongoDb,
        port,
        // The same inside and outside, so that the replica set's member can name itself for both.
        inner_port: port,
        command,
        env: Vec::new(),
        volume,
        data: "/data/db",
    };
    Container::create(plan).await
}

/// One look at a starting server, which also does what it still needs: initiate its replica set.
async fn probe(port: u16, deployment: Deployment) -> Result<(), Cause> {
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
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
async fn adopt_port(admin: &mongodb::Database, member: &str) -> Result<(), Cause> {
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

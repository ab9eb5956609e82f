//! Both services together, each from the first source that has it.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::time::Duration;

use mongodb::Client;
use mongodb::bson::doc;
use mongodb::options::{ClientOptions, ConnectionString};

use crate::data_dir::DataDir;
use crate::directories::{cache, workspace};
use crate::docker::Volume;
use crate::kind::Kind;
use crate::mongo::{MongoOptions, MongoServer};
use crate::rabbit::{self, RabbitOptions, RabbitServer};
use crate::server::{Cause, Source};
use crate::settings::{Lifetime, Settings};
use crate::{Error, choice, native, url};

/// How long a server named by a URL may take to answer.
const EXTERNAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Said in place of the driver's own error, which quotes parts of the URL, such as a piece of a password that was not
/// escaped.
const NOT_A_CONNECTION_STRING: &str = "it is no MongoDB connection string; within a password, write %40 for @, %2F for /, %3A for : and %25 for %";

/// A MongoDB and a RabbitMQ, ready for use. Dropping it ends those that were started for it;
/// [`stop`](Self::stop) does so in order.
#[derive(Debug)]
pub struct Services {
    mongodb: Provided<MongoServer>,
    rabbitmq: Provided<RabbitServer>,
    /// Last: its data go after the servers.
    dir: Option<DataDir>,
}

/// Where a service came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The environment named it.
    Environment(&'static str),
    /// A Docker container.
    Docker,
    /// A process of this machine, with its files in this directory.
    Native(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(variable) => write!(f, "given by {variable}"),
            Self::Docker => f.write_str("Docker container"),
            Self::Native(dir) => write!(f, "native process, files in {}", dir.display()),
        }
    }
}

#[derive(Debug)]
struct Provided<S> {
    url: String,
    origin: Origin,
    /// `None` if the environment named it.
    server: Option<S>,
}

impl Services {
    /// Provides both services: those with a URL are checked, the others started, each in Docker if an
    /// engine answers and has or can pull the image, else as a private process.
    ///
    /// # Errors
    /// One [`Error`] that says what is missing and what to do about it.
    pub async fn acquire(settings: &Settings) -> Result<Self, Error> {
        let dir = match (&settings.database_url, &settings.rabbitmq_url) {
            (Some(_), Some(_)) => None,
            _ => Some(claim(settings)?),
        };
        prepare(settings).await?;
        let dir_path = dir.as_ref().map(|dir| dir.path().to_owned()).unwrap_or_default();
        let (mongodb, rabbitmq) = tokio::try_join!(
            provide_mongodb(settings, dir_path.join("mongodb")),
            provide_rabbitmq(settings, dir_path.join("rabbitmq"))
        )?;
        Ok(Self {
            mongodb,
            rabbitmq,
            dir,
        })
    }

    /// Connection string of MongoDB.
    pub fn mongodb_url(&self) -> &str {
        &self.mongodb.url
    }

    /// Connection string of database `name` on the same server: one for each test.
    pub fn database_url(&self, name: &str) -> String {
        url::with_database(self.mongodb_url(), name)
    }

    /// Connection string of RabbitMQ.
    pub fn rabbitmq_url(&self) -> &str {
        &self.rabbitmq.url
    }

    /// Where MongoDB came from.
    pub fn mongodb_origin(&self) -> &Origin {
        &self.mongodb.origin
    }

    /// Where RabbitMQ came from.
    pub fn rabbitmq_origin(&self) -> &Origin {
        &self.rabbitmq.origin
    }

    /// Returns once a server that was started here has ended by itself. Cancel-safe.
    pub async fn died(&mut self) -> Error {
        let Self {
            mongodb, rabbitmq, ..
        } = self;
        let mongodb = async {
            match &mut mongodb.server {
                Some(server) => server.died().await,
                None => std::future::pending().await,
            }
        };
        let rabbitmq = async {
            match &mut rabbitmq.server {
                Some(server) => server.died().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            error = mongodb => error,
            error = rabbitmq => error,
        }
    }

    /// Stops what was started: in order where data are kept, at once where they go anyway.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn stop(self) -> Result<(), Error> {
        let Self {
            mongodb,
            rabbitmq,
            dir,
        } = self;
        let kept = dir.as_ref().is_none_or(|dir| !dir.is_ephemeral());
        let mongodb = async {
            match mongodb.server {
                Some(mut server) if kept => server.stop().await,
                Some(mut server) => server.kill().await,
                None => Ok(()),
            }
        };
        let rabbitmq = async {
            match rabbitmq.server {
                Some(mut server) if kept => server.stop().await,
                Some(mut server) => server.kill().await,
                None => Ok(()),
            }
        };
        let (mongodb, rabbitmq) = tokio::join!(mongodb, rabbitmq);
        mongodb.and(rabbitmq)
    }
}

fn claim(settings: &Settings) -> Result<DataDir, Error> {
    match settings.lifetime {
        Lifetime::Ephemeral => DataDir::ephemeral(&cache(), &settings.name),
        Lifetime::Persistent { fresh } => DataDir::persistent(&cache(), &settings.name, fresh),
    }
}

/// Installs and downloads what is missing, one after the other, so that the first obstacle is the
/// only message and two installations never wait for one lock.
async fn prepare(settings: &Settings) -> Result<(), Error> {
    let native = async |kind| Ok::<_, Error>(choice::source(kind, settings.source).await? == Source::Native);
    if settings.database_url.is_none() && native(Kind::MongoDb).await? {
        native::mongod::locate(&cache()).await?;
    }
    if settings.rabbitmq_url.is_none() && native(Kind::RabbitMq).await? {
        native::rabbitmq::locate(&cache()).await?;
    }
    Ok(())
}

async fn provide_mongodb(settings: &Settings, dir: PathBuf) -> Result<Provided<MongoServer>, Error> {
    if let Some(url) = &settings.database_url {
        ping(url).await.map_err(unreachable(Kind::MongoDb, url))?;
        return Ok(external(url, Kind::MongoDb));
    }
    let options = MongoOptions {
        port: settings.mongodb_port,
        source: settings.source,
        volume: volume(settings, Kind::MongoDb),
        ..MongoOptions::default()
    };
    let server = MongoServer::start(&dir, options).await?;
    Ok(Provided {
        url: server.url(),
        origin: origin(server.source(), dir),
        server: Some(server),
    })
}

async fn provide_rabbitmq(settings: &Settings, dir: PathBuf) -> Result<Provided<RabbitServer>, Error> {
    if let Some(url) = &settings.rabbitmq_url {
        rabbit::handshake(url)
            .await
            .map_err(unreachable(Kind::RabbitMq, url))?;
        return Ok(external(url, Kind::RabbitMq));
    }
    let options = RabbitOptions {
        port: settings.rabbitmq_port,
        source: settings.source,
        volume: volume(settings, Kind::RabbitMq),
    };
    let server = RabbitServer::start(&dir, options).await?;
    Ok(Provided {
        url: server.url(),
        origin: origin(server.source(), dir),
        server: Some(server),
    })
}

fn external<S>(url: &str, kind: Kind) -> Provided<S> {
    Provided {
        url: url.to_owned(),
        origin: Origin::Environment(kind.variable()),
        server: None,
    }
}

fn origin(source: Source, dir: PathBuf) -> Origin {
    match source {
        Source::Docker => Origin::Docker,
        Source::Native => Origin::Native(dir),
    }
}

/// The volume that keeps this workspace's data, should the server be a container.
fn volume(settings: &Settings, kind: Kind) -> Option<Volume> {
    let Lifetime::Persistent { fresh } = settings.lifetime else {
        return None;
    };
    // Volumes are named for the whole engine, which may serve several clones of this repository.
    let mut hasher = DefaultHasher::new();
    workspace().hash(&mut hasher);
    let name = format!("{}-{kind}-{:016x}", settings.name, hasher.finish()).to_lowercase();
    Some(Volume { name, fresh })
}

async fn ping(url: &str) -> Result<(), Cause> {
    if url::SecretUrl::from(url).is_ambiguous() {
        return Err(NOT_A_CONNECTION_STRING.into());
    }
    let url = ConnectionString::parse(url).map_err(|_quotes_the_url| NOT_A_CONNECTION_STRING)?;
    let mut options = ClientOptions::parse(url).await?;
    options.server_selection_timeout = Some(EXTERNAL_TIMEOUT);
    options.connect_timeout = Some(EXTERNAL_TIMEOUT);
    Client::with_options(options)?
        .database("admin")
        .run_command(doc! { "ping": 1 })
        .await?;
    Ok(())
}

fn unreachable(kind: Kind, url: &str) -> impl FnOnce(Cause) -> Error {
    let url = url::SecretUrl::from(url).to_string();
    move |source| Error::Unreachable {
        variable: kind.variable(),
        url,
        kind,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_that_does_not_answer_is_named_without_its_password() {
        for url in [
            "mongodb://ada:se/cr@et@db/t",
            "mongodb://ada:S3CR@ET@127.0.0.1:1/t",
            "mongodb://ada:S3CR:ET/cr@db",
            "mongodb://ada:70000/cr@db",
            "mongodb://ada:S3CR",
            "mongodb://ada:7000?x=cr@db",
        ] {
            let error = ping(url)
                .await
                .map_err(unreachable(Kind::MongoDb, url))
                .unwrap_err();
            let source = std::error::Error::source(&error).unwrap();
            let said = format!("{error} {source} {error:?}");
            assert!(said.contains("***"), "{said}");
            for secret in ["ada", "se/", "/cr", "et@", "`se`", ": se", "S3CR", "ET@", "7000"] {
                assert!(!said.contains(secret), "{secret} in {said}");
            }
        }
    }
}

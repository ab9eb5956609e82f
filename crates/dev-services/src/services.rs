//! Both services together, each from the first source that has it.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::choice::Provider;
use crate::data_dir::DataDir;
use crate::directories::{cache, workspace};
use crate::docker::Volume;
use crate::error::{Cause, Error};
use crate::kind::Kind;
use crate::options::Options;
use crate::server::Server;
use crate::settings::{Lifetime, Settings};
use crate::url::SecretUrl;
use crate::{choice, mongo, native, rabbit};

/// A MongoDB and a RabbitMQ, ready for use. Dropping it ends those that were started for it;
/// [`stop`](Self::stop) does so in order.
#[derive(Debug)]
pub struct Services {
    /// MongoDB.
    pub mongodb: Provided,
    /// RabbitMQ.
    pub rabbitmq: Provided,
    /// Last: its data go after the servers.
    dir: Option<DataDir>,
}

/// One of the two.
#[derive(Debug)]
pub struct Provided {
    /// Its connection string.
    pub url: String,
    /// Where it came from.
    pub origin: Origin,
    /// `None` if the environment named it.
    server: Option<Server>,
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

impl Services {
    /// Provides both services: those with a URL are checked, the others started, each in Docker if an
    /// engine answers and has or can pull the image, else as a private process.
    ///
    /// # Errors
    /// One [`Error`] that says what is missing and what to do about it.
    pub async fn acquire(settings: &Settings) -> Result<Self, Error> {
        let given = |kind| settings.url(kind).is_some();
        let dir = if given(Kind::MongoDb) && given(Kind::RabbitMq) {
            None
        } else {
            Some(claim(settings)?)
        };
        prepare(settings).await?;
        let path = dir.as_ref().map_or(Path::new(""), DataDir::path);
        let (mongodb, rabbitmq) = tokio::try_join!(
            Provided::provide(Kind::MongoDb, settings, path),
            Provided::provide(Kind::RabbitMq, settings, path)
        )?;
        Ok(Self {
            mongodb,
            rabbitmq,
            dir,
        })
    }

    /// Returns once a server that was started here has ended by itself. Cancel-safe.
    pub async fn died(&mut self) -> Error {
        tokio::select! {
            error = self.mongodb.died() => error,
            error = self.rabbitmq.died() => error,
        }
    }

    /// Stops what was started: in order where data are kept, at once where they go anyway.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn stop(mut self) -> Result<(), Error> {
        let kept = self.dir.as_ref().is_none_or(|dir| !dir.is_ephemeral());
        let (mongodb, rabbitmq) = tokio::join!(self.mongodb.stop(kept), self.rabbitmq.stop(kept));
        mongodb.and(rabbitmq)
    }
}

impl Provided {
    async fn provide(kind: Kind, settings: &Settings, dir: &Path) -> Result<Self, Error> {
        if let Some(url) = settings.url(kind) {
            let answer = match kind {
                Kind::MongoDb => mongo::ping(url).await,
                Kind::RabbitMq => rabbit::handshake(url).await,
            };
            answer.map_err(unreachable(kind, url))?;
            return Ok(Self {
                url: url.to_owned(),
                origin: Origin::Environment(kind.variable()),
                server: None,
            });
        }
        let options = Options {
            port: settings.port(kind),
            volume: volume(settings, kind),
            ..Options::default()
        };
        let dir = dir.join(kind.to_string().to_lowercase());
        let server = Server::start(kind, &dir, options).await?;
        Ok(Self {
            url: server.url(),
            origin: match server.source() {
                Provider::Docker => Origin::Docker,
                Provider::Native => Origin::Native(dir),
            },
            server: Some(server),
        })
    }

    async fn died(&mut self) -> Error {
        match &mut self.server {
            Some(server) => server.died().await,
            None => std::future::pending().await,
        }
    }

    async fn stop(&mut self, kept: bool) -> Result<(), Error> {
        match &mut self.server {
            Some(server) if kept => server.stop().await,
            Some(server) => server.kill().await,
            None => Ok(()),
        }
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
    for kind in [Kind::MongoDb, Kind::RabbitMq] {
        if settings.url(kind).is_none() && choice::source(kind, None).await? == Provider::Native {
            match kind {
                Kind::MongoDb => native::mongod::locate().await?,
                Kind::RabbitMq => native::rabbitmq::locate().await?,
            };
        }
    }
    Ok(())
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

fn unreachable(kind: Kind, url: &str) -> impl FnOnce(Cause) -> Error {
    let url = SecretUrl::from(url).to_string();
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
            let error = mongo::ping(url)
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

//! One server of our own: MongoDB or RabbitMQ, in a container or as a process. There is one way to start, stop, kill, freeze
//! and address it, whichever it is.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::choice::{self, Provider};
use crate::docker::Container;
use crate::error::{Cause, Error};
use crate::kind::Kind;
use crate::native::{NativeInstance, end_leftover, mongod, rabbitmq};
use crate::options::{Deployment, Options};
use crate::{mongo, rabbit};

/// How long a started server may take until it answers. A cold start takes 3 s on an idle machine.
const READY_TIMEOUT: Duration = Duration::from_secs(90);

/// Pause between two looks at a starting server.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A server that can be stopped, killed, frozen and started again. It ends with its owner.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    /// How a MongoDB is set up.
    deployment: Deployment,
    port: u16,
    host: Host,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are few of them in a process, and they stay where they are"
)]
enum Host {
    Native(NativeInstance),
    Container(Container),
}

impl Server {
    /// Starts a server and waits until it is ready: MongoDB takes writes, RabbitMQ accepts AMQP connections. A process has
    /// its data and its log in `dir`.
    ///
    /// # Errors
    /// When no source can provide it, or it dies or does not answer; each [`Error`] says what to do.
    pub async fn start(kind: Kind, dir: &Path, options: Options) -> Result<Self, Error> {
        let source = choice::source(kind, options.source).await?;
        end_leftover(dir).await;
        let port = options.port.resolve()?;
        let host = match (source, kind) {
            (Provider::Native, Kind::MongoDb) => {
                Host::Native(mongod::instance(dir, &mongo::arguments(port, &options)).await?)
            }
            (Provider::Native, Kind::RabbitMq) => Host::Native(rabbitmq::instance(dir, port).await?),
            (Provider::Docker, Kind::MongoDb) => {
                Host::Container(Container::create(mongo::container(port, &options), options.volume).await?)
            }
            (Provider::Docker, Kind::RabbitMq) => {
                Host::Container(Container::create(rabbit::container(port), options.volume).await?)
            }
        };
        let mut server = Self {
            kind,
            deployment: options.deployment,
            port,
            host,
        };
        server.start_again().await?;
        Ok(server)
    }

    /// Starts a RabbitMQ node that was prepared to listen on this port.
    pub(crate) async fn start_node(node: NativeInstance, port: u16) -> Result<Self, Error> {
        let mut server = Self {
            kind: Kind::RabbitMq,
            deployment: Deployment::default(),
            port,
            host: Host::Native(node),
        };
        server.start_again().await?;
        Ok(server)
    }

    /// Starts a stopped or killed server on the same port and data, and waits until it is ready.
    ///
    /// # Errors
    /// When it dies or does not answer.
    pub async fn start_again(&mut self) -> Result<(), Error> {
        match &mut self.host {
            Host::Native(process) => process.launch().await?,
            Host::Container(container) => container.launch().await?,
        }
        let Self {
            kind,
            deployment,
            port,
            ..
        } = *self;
        self.ready(async || {
            // A refused connection costs nothing; lapin would start a thread for it.
            TcpStream::connect(("127.0.0.1", port)).await?;
            match kind {
                Kind::MongoDb => mongo::probe(port, deployment).await,
                Kind::RabbitMq => rabbit::handshake(&rabbit::url(port)).await,
            }
        })
        .await
    }

    /// Waits until `probe` succeeds, the server dies or the time is up.
    pub(crate) async fn ready(
        &mut self,
        mut probe: impl AsyncFnMut() -> Result<(), Cause>,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            let Err(source) = probe().await else { return Ok(()) };
            if Instant::now() >= deadline {
                return Err(Error::NotReady {
                    kind: self.kind,
                    seconds: READY_TIMEOUT.as_secs(),
                    log: match &self.host {
                        Host::Native(process) => format!("its log is {}", process.log().display()),
                        Host::Container(container) => {
                            format!("`docker logs {}` shows its log", container.id())
                        }
                    },
                    source,
                });
            }
            tokio::select! {
                died = self.died() => return Err(died),
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    /// Connection string: of the application's default database, or of the default virtual host.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::MongoDb => mongo::url(self.port, self.deployment),
            Kind::RabbitMq => rabbit::url(self.port),
        }
    }

    /// The port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Process id of `mongod` or of the Erlang machine; `None` in a container, and while the server is down.
    pub fn pid(&self) -> Option<u32> {
        match &self.host {
            Host::Native(process) => process.pid(),
            Host::Container(_) => None,
        }
    }

    /// Container or process.
    pub fn source(&self) -> Provider {
        match &self.host {
            Host::Native(_) => Provider::Native,
            Host::Container(_) => Provider::Docker,
        }
    }

    /// Shuts the server down in order.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn stop(&mut self) -> Result<(), Error> {
        match &mut self.host {
            Host::Native(process) => process.stop().await,
            Host::Container(container) => container.stop().await?,
        }
        Ok(())
    }

    /// Ends the server as a power cut would (SIGKILL).
    ///
    /// RabbitMQ 3.10 keeps the registration of a new quorum queue in memory for 3 seconds; killed within them, it comes
    /// back with a queue that never elects a leader. That is the broker's flaw, not the subject of a test of ours: let a
    /// new queue settle, or restart in order once, before a kill.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn kill(&mut self) -> Result<(), Error> {
        match &mut self.host {
            Host::Native(process) => process.kill().await,
            Host::Container(container) => container.kill().await?,
        }
        Ok(())
    }

    /// Freezes the server: connections stay open and nobody answers.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn pause(&mut self) -> Result<(), Error> {
        match &mut self.host {
            Host::Native(process) => process.pause().await,
            Host::Container(container) => container.pause().await?,
        }
        Ok(())
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn resume(&mut self) -> Result<(), Error> {
        match &mut self.host {
            Host::Native(process) => process.resume(),
            Host::Container(container) => container.resume().await?,
        }
        Ok(())
    }

    /// Returns once the server has ended without having been asked to. Cancel-safe.
    pub async fn died(&mut self) -> Error {
        match &mut self.host {
            Host::Native(process) => process.died().await,
            Host::Container(container) => container.died().await,
        }
    }

    /// Runs `rabbitmqctl` with these arguments for this broker. Returns what it printed if it succeeded; `None` if it
    /// did not, and in a container, whose engine this crate asks for no commands.
    ///
    /// # Errors
    /// [`Error::Spawn`] if it cannot be started.
    pub async fn control(&self, arguments: &[&str]) -> Result<Option<String>, Error> {
        let (Kind::RabbitMq, Host::Native(node)) = (self.kind, &self.host) else {
            return Ok(None);
        };
        let mut command = tokio::process::Command::from(rabbitmq::control(node));
        command.args(arguments).stdout(Stdio::piped()).kill_on_drop(true);
        let output = async { command.spawn()?.wait_with_output().await };
        let output = output.await.map_err(|source| Error::Spawn {
            program: "rabbitmqctl".into(),
            source,
        })?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(output.status.success().then_some(printed))
    }
}

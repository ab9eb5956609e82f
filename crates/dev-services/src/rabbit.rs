//! A RabbitMQ broker of our own.

use std::path::PathBuf;
use std::time::Duration;

use lapin::{Connection, ConnectionProperties};
use tokio::time::timeout;

use crate::directories::cache;
use crate::docker::{Container, Plan, Volume};
use crate::kind::Kind;
use crate::native::rabbitmq::{self, Epmd, Identity, PLUGIN};
use crate::native::{NativeInstance, end_leftover};
use crate::server::{Cause, Instance, Source};
use crate::{Error, Port, choice, url};

/// One whole AMQP handshake. lapin itself waits for ever for a peer that accepts and stays silent.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// How to start a [`RabbitServer`]. The default is a free port.
#[derive(Debug, Clone, Default)]
pub struct RabbitOptions {
    /// Its AMQP port.
    pub port: Port,
    /// Container or process; `None` takes Docker if an engine answers, else a process.
    pub source: Option<Source>,
    /// In a container: keeps the data in this volume; without one they go with the server.
    pub volume: Option<Volume>,
}

/// A broker that can be stopped, killed, frozen and started again. Its end is bound to the owner's.
#[derive(Debug)]
pub struct RabbitServer {
    pub(crate) instance: Instance,
    port: u16,
    /// The start script of a process; its tools lie beside it.
    script: Option<PathBuf>,
    /// The node's own name server; it stays while the broker is down.
    _epmd: Option<Epmd>,
}

impl RabbitServer {
    /// Starts a broker whose data and log lie in `dir` and waits until it accepts AMQP connections.
    ///
    /// # Errors
    /// When no source can provide it, or it dies or does not answer; each [`Error`] says what to do.
    pub async fn start(dir: impl Into<PathBuf>, options: RabbitOptions) -> Result<Self, Error> {
        let dir = dir.into();
        let source = choice::source(Kind::RabbitMq, options.source).await?;
        end_leftover(&dir).await;
        let port = options.port.resolve()?;
        let mut server = match source {
            Source::Native => {
                let script = rabbitmq::locate(&cache()).await?;
                let epmd = rabbitmq::start_epmd(&dir).await?;
                let identity = Identity {
                    name: "rabbit@localhost",
                    amqp_port: port,
                    epmd: &epmd,
                    home: &dir.join("home"),
                    joins: None,
                };
                let node = rabbitmq::node(&script, &dir, &identity)?;
                Self {
                    script: Some(script),
                    _epmd: Some(epmd),
                    ..Self::native(node, port)
                }
            }
            Source::Docker => {
                let container = container(port, options.volume).await?;
                Self {
                    instance: Instance::Container(container),
                    port,
                    script: None,
                    _epmd: None,
                }
            }
        };
        server.start_again().await?;
        Ok(server)
    }

    /// A node that was prepared to listen on this port, and is to be started.
    pub(crate) fn native(node: NativeInstance, port: u16) -> Self {
        Self {
            instance: Instance::Native(node),
            port,
            script: None,
            _epmd: None,
        }
    }

    /// Runs `rabbitmqctl` with these arguments for this broker. Returns true if it succeeded; false also in a container,
    /// whose engine this crate asks for no commands.
    ///
    /// # Errors
    /// [`Error::Spawn`] if it cannot be started.
    pub async fn control(&self, arguments: &[&str]) -> Result<bool, Error> {
        let (Some(script), Instance::Native(node)) = (&self.script, &self.instance) else {
            return Ok(false);
        };
        let mut command = tokio::process::Command::from(rabbitmq::control(script, node));
        let status = command.args(arguments).kill_on_drop(true).status().await;
        let status = status.map_err(|source| Error::Spawn {
            program: "rabbitmqctl".into(),
            source,
        })?;
        Ok(status.success())
    }

    /// Connection string, default virtual host.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}", self.port)
    }

    /// The AMQP port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Process id of the Erlang machine; `None` in a container.
    pub fn pid(&self) -> Option<u32> {
        self.instance.pid()
    }

    /// Container or process.
    pub fn source(&self) -> Source {
        self.instance.source()
    }

    /// Shuts the broker down in order.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn stop(&mut self) -> Result<(), Error> {
        self.instance.stop().await
    }

    /// Ends the broker as a power cut would (SIGKILL).
    ///
    /// RabbitMQ 3.10 keeps the registration of a new quorum queue in memory for 3 seconds; killed
    /// within them, it comes back with a queue that never elects a leader. That is the broker's flaw, not
    /// the subject of a test of ours: let a new queue settle, or restart in order once, before a kill.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn kill(&mut self) -> Result<(), Error> {
        self.instance.kill().await
    }

    /// Starts a stopped or killed broker on the same port and data, and waits until it accepts connections.
    ///
    /// # Errors
    /// When it dies or does not answer.
    pub async fn start_again(&mut self) -> Result<(), Error> {
        self.instance.launch().await?;
        let (port, url) = (self.port, self.url());
        let probe = async || {
            // A refused connection costs nothing; lapin would start a thread for it.
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
            handshake(&url).await
        };
        self.instance.ready(Kind::RabbitMq, probe).await
    }

    /// Freezes the broker: connections stay open and nobody answers.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn pause(&mut self) -> Result<(), Error> {
        self.instance.pause().await
    }

    /// Lets a frozen broker go on.
    ///
    /// # Errors
    /// When the Docker engine refuses.
    pub async fn resume(&mut self) -> Result<(), Error> {
        self.instance.resume().await
    }

    /// Returns once the broker has ended by itself. Cancel-safe.
    pub async fn died(&mut self) -> Error {
        self.instance.died().await
    }
}

/// A connection to the broker at this URL, to the first node that answers where several are listed.
///
/// # Errors
/// Why the last node could not be connected to.
pub async fn connect_to_broker(urls: &str) -> lapin::Result<Connection> {
    let mut nodes = url::nodes(urls).into_iter().peekable();
    loop {
        let node = nodes.next().unwrap_or_default();
        match Connection::connect(&node, ConnectionProperties::default()).await {
            Err(_) if nodes.peek().is_some() => {}
            outcome => return outcome,
        }
    }
}

/// Connects to a broker and leaves again.
pub(crate) async fn handshake(url: &str) -> Result<(), Cause> {
    let connection = timeout(HANDSHAKE_TIMEOUT, connect_to_broker(url)).await??;
    // The answer was the handshake; how the farewell ends does not matter.
    let _ = timeout(HANDSHAKE_TIMEOUT, connection.close(200, "probe".into())).await;
    Ok(())
}

async fn container(port: u16, volume: Option<Volume>) -> Result<Container, Error> {
    let plan = Plan {
        kind: Kind::RabbitMq,
        port,
        inner_port: 5672,
        // The image has no variable for plugins; its entry point prepares the server only when it is named.
        command: vec![
            "sh".to_owned(),
            "-c".to_owned(),
            format!(
                "rabbitmq-plugins enable --offline {PLUGIN} && exec docker-entrypoint.sh rabbitmq-server"
            ),
        ],
        // As for the private node: a nearly full disk must not block publishers without a word.
        env: vec![(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-rabbit disk_free_limit 50000000".to_owned(),
        )],
        volume,
        data: "/var/lib/rabbitmq",
    };
    Container::create(plan).await
}

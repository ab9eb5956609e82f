//! A cluster of three RabbitMQ nodes: its quorum queues survive the loss of any one of them.

use std::path::{Path, PathBuf};

use crate::directories::cache;
use crate::native::rabbitmq::{self, Epmd, Identity};
use crate::rabbit::RabbitServer;
use crate::server::Instance;
use crate::{Error, Port};

/// The nodes' names. Three is the least that has a majority without any one.
const NAMES: [&str; 3] = ["rabbit1@localhost", "rabbit2@localhost", "rabbit3@localhost"];

/// A cluster of processes, as [`ReplicaSet`](crate::ReplicaSet) is and for the same reason.
#[derive(Debug)]
pub struct RabbitCluster {
    /// Its nodes, each to be stopped, killed, frozen and started again.
    pub nodes: Vec<RabbitServer>,
    /// RabbitMQ's start script; its tools lie beside it.
    script: PathBuf,
    /// Held for its end, which is after the nodes'.
    _epmd: Epmd,
}

impl RabbitCluster {
    /// Starts the nodes one after the other, with their files in `dir`.
    ///
    /// # Errors
    /// As [`RabbitServer::start`].
    pub async fn start(dir: &Path) -> Result<Self, Error> {
        let script = rabbitmq::locate(&cache()).await?;
        let epmd = rabbitmq::start_epmd(dir).await?;
        let mut nodes = Vec::with_capacity(NAMES.len());
        for name in NAMES {
            let port = Port::Free.resolve()?;
            let identity = Identity {
                name,
                amqp_port: port,
                epmd: &epmd,
                home: &dir.join("home"),
                joins: (name != NAMES[0]).then_some(NAMES[0]),
            };
            let instance = rabbitmq::node(&script, &dir.join(name), &identity)?;
            let mut node = RabbitServer::native(instance, port);
            node.start_again().await?;
            nodes.push(node);
        }
        Ok(Self {
            nodes,
            script,
            _epmd: epmd,
        })
    }

    /// The nodes' connection strings, with commas between.
    pub fn url(&self) -> String {
        let urls: Vec<String> = self.nodes.iter().map(RabbitServer::url).collect();
        urls.join(",")
    }

    /// The place among the nodes of the one that leads a quorum queue; none while it has no leader, or nobody knows.
    ///
    /// # Errors
    /// [`Error::Spawn`] if `rabbitmqctl` cannot be started.
    pub async fn leader(&self, queue: &str) -> Result<Option<usize>, Error> {
        let running = self.nodes.iter().find_map(|node| match &node.instance {
            Instance::Native(instance) if instance.pid().is_some() => Some(instance),
            _ => None,
        });
        let Some(node) = running else { return Ok(None) };
        let mut command = tokio::process::Command::from(rabbitmq::control(&self.script, node));
        command.args(["list_queues", "name", "leader"]).kill_on_drop(true);
        let output = command.output().await.map_err(|source| Error::Spawn {
            program: "rabbitmqctl".into(),
            source,
        })?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut queues = said.lines().filter_map(|line| line.split_once('\t'));
        let leader = queues.find_map(|(name, leader)| (name == queue).then_some(leader));
        Ok(leader.and_then(|leader| NAMES.iter().position(|name| *name == leader)))
    }
}
